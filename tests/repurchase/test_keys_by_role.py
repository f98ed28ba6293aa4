"""The API by a key of each role: what a member may not do on a page, a key that acts for them may
not either."""

import json

import pytest

from diagnostics.models import LedgerEntry
from marketplace import api_keys
from marketplace.access import ROLE_CAPABILITIES, Capability
from marketplace.models import ApiKey, Membership, Role
from repurchase.integration.api import urls
from repurchase.integration.api.base import StoreAPIView
from repurchase.models import Batch
from tests import world
from tests.repurchase import orders
from tests.repurchase.test_api import API, Caller, problem
from tests.repurchase.test_api_keys import address
from tests.repurchase.test_api_keys import call as called

pytestmark = pytest.mark.django_db
CHANGING = ("post", "put", "patch", "delete")
VIEWS = [
    pattern
    for pattern in urls.urlpatterns
    if issubclass(getattr(pattern.callback, "cls", object), StoreAPIView)
]
CHANGES = [
    (pattern, method)
    for pattern in VIEWS
    for method in CHANGING
    if hasattr(pattern.callback.cls, method)
    and pattern.name != "nothing"
    and not getattr(pattern.callback.cls, "only_reads", False)
]


class TestAnEndpointThatChangesSomething:
    def test_says_which_right_it_takes(self):
        silent = [
            p.name
            for p, _ in CHANGES
            if not any(
                "needs" in vars(c) for c in p.callback.cls.__mro__[:-1] if c is not StoreAPIView
            )
        ]
        assert silent == []
        assert len(CHANGES) > 20

    @pytest.mark.parametrize("role", Role.values)
    def test_refuses_a_key_whose_principal_has_not_the_right(self, client, store, role):
        order = orders.repeats(orders.batch(store))[0]
        key = world.key(store, role=role)
        before = list(Batch.objects.values()), LedgerEntry.objects.count()
        tried = 0
        for pattern, method in CHANGES:
            needs = pattern.callback.cls.needs
            if needs in ROLE_CAPABILITIES[role]:
                continue
            tried += 1
            path = address(pattern, order.batch.ref, order.ref)
            told = problem(called(client, method, path, key), 403, "NOT_PERMITTED")
            assert str(needs) in told["detail"], (pattern.name, method)
        assert (tried > 0) is (role != Role.OWNER)
        assert before == (list(Batch.objects.values()), LedgerEntry.objects.count())


class TestAMemberWithoutTheRightToLock:
    def test_gets_it_by_no_key(self, client, store):
        """The ladder that was there: a developer made a key with `write`, locked and cancelled."""
        developer = world.member(store, Role.DEVELOPER, "dev@example.com")
        client.force_login(developer)
        client.post("/developers/", {"name": "ERP", "scopes": ["read", "write"]})
        text = api_keys.request_key(
            member=developer.memberships.get(), name="mine", scopes=["read", "write"]
        )
        batch = orders.batch(store)
        for path in (f"batches/{batch.ref}/lock/", f"batches/{batch.ref}/cancel/", "payments/"):
            answer = client.post(
                API + path,
                "{}",
                content_type="application/json",
                headers={"Authorization": f"Bearer {text}"},
            )
            problem(answer, 403, "KEY_NOT_GRANTED")
        problem(
            client.get(f"{API}batches/", headers={"Authorization": f"Bearer {text}"}),
            403,
            "KEY_NOT_GRANTED",
        )
        assert not ApiKey.objects.exclude(principal=None).exists()

    def test_loses_it_by_key_with_the_role(self, client, store):
        erp = Caller(client, store, role="manager")
        assert erp.get("batches/").status_code == 200
        Membership.objects.filter(user__memberships__api_keys__isnull=False).update(
            role=Role.OPERATOR
        )
        batch = orders.batch(store)
        problem(erp.post(f"batches/{batch.ref}/lock/"), 403, "NOT_PERMITTED")
        Membership.objects.filter(user__memberships__api_keys__isnull=False).delete()
        problem(erp.get("batches/"), 401, "KEY_INVALID")


class TestWhatAKeyDid:
    def test_names_key_and_principal_in_the_ledger(self, client, store):
        world.repeatable(store, orders=1)
        erp = Caller(client, store)
        answer = erp.client.put(
            f"{API}erp/",
            json.dumps({"name": "mango", "version": "5.3"}),
            "application/json",
            headers=erp.headers,
        )
        key = ApiKey.objects.get()
        assert answer.status_code == 200
        assert (
            LedgerEntry.objects.get(kind="erp.connected").by
            == f"key:{key.pk}/user:{key.principal.user_id}"
        )

    def test_webhooks_are_seen_by_a_key_of_those_who_may_see_them(self, client, store):
        problem(
            Caller(client, store, "read", role="manager").get("webhooks/"), 403, "NOT_PERMITTED"
        )
        assert Caller(client, store, "read", role="developer").get("webhooks/").status_code == 200
        assert Capability.MANAGE_KEYS not in ROLE_CAPABILITIES[Role.MANAGER]
