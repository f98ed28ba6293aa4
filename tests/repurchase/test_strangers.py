"""F-12: every URL × method × stranger, enumerated from the resolver. A new URL without a case fails here."""

import json
import uuid
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver

from marketplace import access
from marketplace.models import ApiKey, Sku
from outbox import webhooks
from pricing import signing
from pricing.models import Grant, Lock
from repurchase.models import Batch, DiagnosisReport
from repurchase.services import batches, locking, reporting
from tests import world
from tests.pricing.locked import renegotiate
from tests.repurchase.running import run
from tests.repurchase.sealing import confirm, sealed

pytestmark = pytest.mark.django_db
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NOWHERE = {
    "ref": "BR-00000000", "buyer_id": 10**9, "order_ref": "BR-00000000-0001", "key_id": 10**9,
    "upload": "00000000-0000-0000-0000-000000000000", "webhook_id": uuid.UUID(int=1), "agreement": uuid.UUID(int=0),
    "report_id": 10**9,
}  # fmt: skip

# What anybody may see: it tells nothing about a store.
PUBLIC = {
    "sign-in/", "sign-out/", "language/setlang/", "codes/", "codes/<str:name>/", "healthz", "readyz", "mailbox/",
    "verify/", "schemas/repurchase-order-1.xsd", "api/v1/schema/", "api/v1/docs/",
}  # fmt: skip

# What a store's members see, with the values that address alice's rows.
OF_A_STORE = {
    "", "store/", "stock/", "benefits/", "qualification/", "qualification/documents/", "qualification/submit/",
    "qualification/documents/<uuid:key>/withdraw/", "orders/", "orders/selection/", "batches/", "simulator/rate/",
    "orders/buyers/<int:buyer_id>/", "orders/<ref:ref>/", "batches/<ref:ref>/", "batches/<ref:ref>/progress/",
    "batches/<ref:ref>/lock/", "batches/<ref:ref>/services/", "batches/<ref:ref>/rescreen/",
    "batches/<ref:ref>/edits/", "batches/<ref:ref>/cancel/", "batches/<ref:ref>/retry/", "batches/<ref:ref>/adopt/",
    "batches/<ref:ref>/refused.<fileform:form>",
    "renegotiations/", "renegotiations/alert/", "renegotiations/<uuid:pk>/",
    "batches/<ref:ref>/orders.xml", "fees/", "events/", "developers/",
    "developers/keys/<int:key_id>/rotate/", "developers/keys/<int:key_id>/revoke/", "developers/webhooks/", "developers/webhooks/<uuid:webhook_id>/",
    "developers/webhooks/<uuid:webhook_id>/<webhookverb:verb>/", "batches/<ref:ref>/agreements/<uuid:pk>.pdf",
    "orders/<ref:ref>/diagnostics/", "batches/<ref:ref>/diagnostics/", "batches/<ref:ref>/fixes/",
    "figures/", "radar/", "orders/<ref:ref>/diagnostics.pdf", "batches/<ref:ref>/papers/", "batches/<ref:ref>/reports/", "batches/<ref:ref>/reports/<int:report_id>/",
    "batches/<ref:ref>/reports/<int:report_id>.pdf",
    "payments/", "payments/terms/", "payments/proformas/<uuid:pk>/",
    "payments/proformas/<uuid:pk>/call-off/", "payments/<uuid:pk>/reverse/",
    "batches/<ref:ref>/proformas/<uuid:pk>.pdf", "orders/<ref:ref>/payment/", "orders/<ref:ref>/release/",
    "erp/", "erp/responses/<uuid:pk>/", "developers/sandbox/", "developers/sandbox/runs/<uuid:pk>/",
    "developers/sandbox/samples/<str:name>",
}  # fmt: skip

OF_A_KEY = {
    "api/v1/batches/<ref:ref>/proformas/", "api/v1/batches/<ref:ref>/proformas/<uuid:pk>.pdf",
    "api/v1/orders/<ref:ref>/payments/", "api/v1/orders/<ref:ref>/release/", "api/v1/payments/",
    "api/v1/payments/<uuid:pk>/reverse/", "api/v1/releases/", "api/v1/releases/acknowledgements/",
    "api/v1/shipments/", "api/v1/completions/", "api/v1/erp/",
    "api/v1/orders/<ref:ref>/order.xml", "api/v1/orders/<ref:ref>/responses/", "api/v1/responses/",
    "api/v1/sandbox/clock/",
    "api/v1/past-orders/", "api/v1/inventory/", "api/v1/screenings/",
    "api/v1/batches/", "api/v1/batches/<ref:ref>/", "api/v1/batches/<ref:ref>/orders/",
    "api/v1/batches/<ref:ref>/orders.xml", "api/v1/batches/<ref:ref>/lock/", "api/v1/batches/<ref:ref>/cancel/",
    "api/v1/batches/<ref:ref>/rescreen/", "api/v1/batches/<ref:ref>/retry/", "api/v1/batches/<ref:ref>/adopt/",
    "api/v1/batches/<ref:ref>/refused.<fileform:form>", "api/v1/orders/<ref:ref>/", "api/v1/qualification/", "api/v1/",
    "api/v1/qualification/documents/",
    "api/v1/fee-quotes/", "api/v1/orders/<ref:ref>/carrier-charges/",
    "api/v1/events/", "api/v1/webhooks/", "api/v1/webhooks/<uuid:webhook_id>/",
    "api/v1/webhooks/<uuid:webhook_id>/rotate/", "api/v1/webhooks/<uuid:webhook_id>/replay/",
    "api/v1/webhooks/<uuid:webhook_id>/deliveries/",
    "api/v1/orders/<ref:ref>/diagnostics/", "api/v1/batches/<ref:ref>/diagnostics/",
    "api/v1/batches/<ref:ref>/fixes/", "api/v1/orders/<ref:ref>/diagnostics.pdf",
}  # fmt: skip

# What names no row in its address: a key's own, so a stranger's key finds or writes nothing of alice's.
LISTS_OF_A_KEY = {
    "api/v1/", "api/v1/past-orders/", "api/v1/batches/", "api/v1/inventory/", "api/v1/screenings/",
    "api/v1/qualification/", "api/v1/qualification/documents/",
    "api/v1/fee-quotes/", "api/v1/events/", "api/v1/webhooks/",
    "api/v1/payments/", "api/v1/releases/", "api/v1/releases/acknowledgements/", "api/v1/shipments/",
    "api/v1/completions/", "api/v1/erp/", "api/v1/responses/", "api/v1/sandbox/clock/",
}  # fmt: skip

OF_A_LINK = {
    "b/<str:token>/", "b/<str:token>/agreements/<uuid:pk>.pdf", "b/<str:token>/renegotiations/<uuid:pk>/",
}  # fmt: skip
FOREIGN_ROW = {path for path in OF_A_STORE if "<" in path}


def every_route(patterns=None, prefix: str = "") -> Iterator[str]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from every_route(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


ROUTES = list(every_route())
ADMIN = [route for route in ROUTES if route.startswith("admin/")]


@pytest.fixture
def alices(store, alice):
    """A locked batch of alice's store, and how its pages are addressed."""
    buyer, orders = world.repeatable(store)
    batch = run(batches.create(store=store, numbers=[o.number for o in orders], by=f"user:{alice.pk}"))
    locking.lock_and_invite(batch=batch, by=f"user:{alice.pk}")
    access.new_api_key(store=store, name="alices", scopes=["read"], by=alice)
    webhook, _ = webhooks.create(store_id=store.pk, url="https://erp.example.com/", types=[], loopback=False)
    return {
        "ref": batch.ref, "buyer_id": buyer.pk, "order_ref": f"{batch.ref}-0001", "orders": orders,
        "upload": world.upload(store, by=f"user:{alice.pk}").key,
        "key_id": ApiKey.objects.get().pk, "webhook_id": webhook.pk,
        "agreement": uuid.uuid4(), "report_id": reported(batch).pk,
    }  # fmt: skip


def reported(batch) -> DiagnosisReport:
    report = reporting.ask(batch=batch, by="user:1")
    reporting.make(report.pk)
    return report


@pytest.fixture
def paper(alices) -> str:
    """Alice's buyer has confirmed, and the confirmation is sealed: where it is downloaded."""
    batch = Batch.objects.get(ref=alices["ref"])
    confirm(batch)
    alices["agreement"] = sealed(batch).pk
    return f"/batches/{batch.ref}/agreements/{alices['agreement']}.pdf"


def address(route: str, alices) -> str:
    ref = alices["order_ref"] if "orders/<ref:ref>" in route.removeprefix("api/v1/")[:17] else alices["ref"]
    filled = (
        route.replace("<ref:ref>", ref)
        .replace("<webhookverb:verb>", "remove")
        .replace("<fileform:form>", "xlsx")
    )
    for name in ("int:buyer_id", "int:key_id", "uuid:webhook_id", "int:report_id"):
        filled = filled.replace(f"<{name}>", str(alices[name.partition(":")[2]]))
    filled = filled.replace("<uuid:key>", str(alices["upload"]))
    filled = filled.replace("<uuid:pk>", str(alices["agreement"])).replace("<str:name>", "no-such.xml")
    return "/" + filled.replace("<str:token>", "AAAAAAAAAAAAAAAAAAAAAA." + "A" * 43)


def as_it_is(value: object) -> object:
    """Bytes come as a view whose words are an address, another one each time."""
    return bytes(value) if isinstance(value, memoryview) else value


def everything() -> dict[str, int]:
    """How many rows there are, and how often any was written: what a refused request must not change."""
    ours = [
        m
        for m in apps.get_models()
        if m._meta.app_label not in {"sessions", "axes", "contenttypes", "auth", "admin"}
    ]
    return {
        m._meta.label: hash(
            tuple(str(list(map(as_it_is, row))) for row in m.objects.order_by("pk").values_list())
        )
        for m in ours
        if m is not ApiKey
    }


class TestEveryUrl:
    def test_has_its_case(self):
        known = PUBLIC | OF_A_STORE | OF_A_KEY | OF_A_LINK | set(ADMIN)
        assert {route for route in ROUTES if route not in known} == set()

    def test_of_every_case_exists(self):
        assert (PUBLIC | OF_A_STORE | OF_A_KEY | OF_A_LINK) - set(ROUTES) == set()


def ask(client, method: str, path: str, key: str = ""):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    json = path.startswith("/api/")
    return client.generic(
        method, path, b"{}" if json else b"", "application/json" if json else "application/x-www-form-urlencoded",
        headers=headers,
    )  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
class TestSomebodyWhoIsNotSignedIn:
    def test_is_sent_to_sign_in(self, client, alices, method):
        before = everything()
        for route in OF_A_STORE:
            answer = ask(client, method, address(route, alices))
            assert answer.status_code in (302, 405), route
            assert answer.status_code == 405 or answer.headers["Location"].startswith("/sign-in/"), route
        assert everything() == before

    def test_gets_nothing_from_the_api_without_a_key(self, client, alices, method):
        before = everything()
        for route in OF_A_KEY:
            answer = ask(client, method, address(route, alices))
            assert answer.status_code in (401, 404, 405), route
            assert alices["ref"] not in answer.content.decode(), route
        assert everything() == before

    def test_gets_the_same_404_for_any_link_that_is_none(self, client, alices, method):
        before = everything()
        good = signing.token_of(Grant.objects.get())
        forged = good[:-1] + ("B" if good.endswith("A") else "A")
        for token in (forged, "x", "AAAAAAAAAAAAAAAAAAAAAA." + "A" * 43):
            assert ask(client, method, f"/b/{token}/").status_code in (404, 405), token
        assert everything() == before


@pytest.mark.parametrize("method", METHODS)
class TestAMemberOfAnotherStore:
    def test_gets_404_as_if_it_were_not_there(self, client, alices, charlie, method):
        client.force_login(charlie)
        before = everything()
        for route in FOREIGN_ROW:
            answer = ask(client, method, address(route, alices))
            missing = ask(client, method, address(route, NOWHERE))
            assert answer.status_code == missing.status_code, route
            assert answer.status_code in (404, 405), route
        assert everything() == before

    def test_gets_404_by_a_key_of_their_own(self, client, alices, charlie, method):
        other = charlie.memberships.get().store
        key = access.new_api_key(store=other, name="test", scopes=["read", "write"], by=charlie)
        before = everything()
        for route in OF_A_KEY - LISTS_OF_A_KEY:
            answer = ask(client, method, address(route, alices), key)
            assert answer.status_code in (404, 405), route
        assert everything() == before


class TestASealedAgreement:
    """Of a batch that is really there, asked for by whoever is not one of its two parties."""

    def test_is_handed_to_its_store_only(self, client, alices, alice, charlie, paper):
        client.force_login(charlie)
        assert client.get(paper).status_code == 404
        client.logout()
        assert client.get(paper).status_code == 302
        client.force_login(alice)
        assert client.get(paper).content.startswith(b"%PDF-")

    def test_is_handed_by_its_own_link_only(self, client, alices, paper):
        token = signing.token_of(Grant.objects.get())
        forged = token[:-1] + ("B" if token.endswith("A") else "A")
        pk = alices["agreement"]
        assert client.get(f"/b/{token}/agreements/{pk}.pdf").content.startswith(b"%PDF-")
        assert client.get(f"/b/{forged}/agreements/{pk}.pdf").status_code == 404
        assert client.get(f"/b/{token}/agreements/{uuid.UUID(int=0)}.pdf").status_code == 404

    def test_is_not_handed_by_the_link_of_another_batch(self, client, store, alices, paper):
        _, orders = world.repeatable(store, country="FR")
        other = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        locking.lock_and_invite(batch=other, by="user:1")
        token = signing.token_of(Grant.objects.get(subject=other.ref))
        assert client.get(f"/b/{token}/agreements/{alices['agreement']}.pdf").status_code == 404


class TestARenegotiation:
    """Of a lot that is really there, asked for by whoever is not one of its two parties."""

    ACTS = ("offer", "comment", "decline", "approve", "sign", "quote", "counter", "code")

    @pytest.fixture
    def talks(self, alices):
        return renegotiate(Lock.objects.get(subject=alices["ref"]))

    def test_is_not_there_for_a_member_of_another_store(self, client, alices, charlie, talks):
        client.force_login(charlie)
        before = everything()
        for path in (f"/renegotiations/{talks.pk}/", f"/renegotiations/{uuid.UUID(int=0)}/"):
            assert client.get(path).status_code == 404
            for act in self.ACTS:
                assert client.post(path, {"act": act, "rule": "keep", "text": "x"}).status_code == 404
        for path in ("/renegotiations/", "/renegotiations/alert/"):
            assert alices["ref"] not in client.get(path).content.decode()
        assert everything() == before

    def test_does_nothing_for_a_link_of_another_batch_or_none(self, client, store, alices, talks):
        _, orders = world.repeatable(store, country="FR")
        other = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        locking.lock_and_invite(batch=other, by="user:1")
        foreign = signing.token_of(Grant.objects.get(subject=other.ref))
        before = everything()
        for token in (foreign, foreign[:-1] + ("B" if foreign.endswith("A") else "A"), "x"):
            for act in self.ACTS:
                answer = client.post(f"/b/{token}/renegotiations/{talks.pk}/", {"act": act, "text": "x"})
                assert answer.status_code == 404, (token, act)
        assert everything() == before

    def test_is_not_signed_by_a_member_without_the_right(self, client, alices, bob, talks):
        client.force_login(bob)
        before = everything()
        for act in ("offer", "decline", "approve", "sign", "quote"):
            assert (
                client.post(f"/renegotiations/{talks.pk}/", {"act": act, "rule": "keep"}).status_code == 403
            )
        assert everything() == before


class TestAForeignIdInABody:
    def test_can_t_be_ticked(self, client, alices, charlie):
        client.force_login(charlie)
        before = everything()
        ids = [str(order.pk) for order in alices["orders"]]
        for body in (
            {"action": "tick", "orders": ids},
            {"action": "tick-buyer", "buyer": alices["buyer_id"]},
        ):
            assert client.post("/orders/selection/", body).status_code in (404, 422)
        assert everything() == before

    def test_can_t_be_made_a_batch_by_key(self, client, alices, charlie):
        other = charlie.memberships.get().store
        key = access.new_api_key(store=other, name="test", scopes=["read", "write"], by=charlie)
        before = everything()
        answer = client.post(
            "/api/v1/batches/",
            {"order_ids": [order.number for order in alices["orders"]]},
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 422
        assert answer.json()["code"] == "ORDER_UNKNOWN"
        assert everything() == before

    @pytest.mark.parametrize("call", ["screenings", "inventory"])
    def test_tells_and_changes_nothing_by_key(self, client, alices, charlie, call):
        other = charlie.memberships.get().store
        key = access.new_api_key(store=other, name="test", scopes=["read", "write"], by=charlie)
        before = everything()
        body = {
            "screenings": {"order_ids": [order.number for order in alices["orders"]]},
            "inventory": {"rows": [{"sku": sku.code, "on_hand": 0} for sku in Sku.objects.all()]},
        }[call]
        answer = client.generic(
            "PUT" if call == "inventory" else "POST", f"/api/v1/{call}/", json.dumps(body), "application/json",
            headers={"Authorization": f"Bearer {key}"},
        )  # fmt: skip
        if call == "inventory":
            assert {row["code"] for row in answer.json()["errors"]} == {"SKU_UNKNOWN"}
        else:
            assert answer.json()["code"] == "ORDER_UNKNOWN"
        assert everything() == before

    def test_can_t_be_switched_to(self, client, store, charlie):
        client.force_login(charlie)
        assert client.post("/store/", {"to": store.pk}).status_code == 404

    def test_finds_nothing_in_a_list(self, client, alices, charlie):
        client.force_login(charlie)
        for path in ("/orders/", "/orders/?tab=all", "/batches/", "/stock/", "/"):
            page = client.get(path).content.decode()
            assert alices["ref"] not in page
            assert alices["orders"][0].number not in page


class TestAMemberWithoutTheRight:
    def test_may_look_and_plan_but_not_lock_or_cancel(self, client, alices, bob):
        client.force_login(bob)
        assert client.get(f"/batches/{alices['ref']}/").status_code == 200
        before = everything()
        for verb in ("lock", "cancel"):
            assert client.post(f"/batches/{alices['ref']}/{verb}/").status_code == 403
        assert everything() == before

    def test_neither_sees_nor_makes_keys_and_webhooks(self, client, alices, bob):
        client.force_login(bob)
        before = everything() | {"keys": list(ApiKey.objects.values())}
        for route in OF_A_STORE:
            if route.startswith("developers/"):
                for method in ("GET", "POST"):
                    assert ask(client, method, address(route, alices)).status_code in (403, 405), route
        assert everything() | {"keys": list(ApiKey.objects.values())} == before


class TestTheAdmin:
    def test_sends_a_seller_away(self, client, alice):
        client.force_login(alice)
        pages = [
            route
            for route in ADMIN
            if "<" not in route and "log" not in route and "^" not in route and "?P" not in route
        ]
        assert len(pages) > 20
        for route in pages:
            assert client.get(f"/{route}").status_code in (302, 404), route
