"""What the pages and the API say of what left at the lock, and of what the platform is checking
(R-90)."""

import re

import pytest

from marketplace.models import PastOrder
from pricing import signing
from pricing.models import Grant, Lock
from repurchase.batches.services import batches, price_lock
from repurchase.fulfilment.services import proforma_invoices
from repurchase.models import Batch, Proforma
from tests import world
from tests.repurchase import paid
from tests.repurchase.listed import listed
from tests.repurchase.running import run
from tests.repurchase.test_api import Caller, problem
from tests.repurchase.test_holding import accept, locked

pytestmark = pytest.mark.django_db
NEVER_SAID = ("SAMPLE DRONE", "TEST", "PARTY_SCREENED_OUT", "screening")


@pytest.fixture
def planned(store, alice) -> Batch:
    _, past = world.repeatable(store)
    PastOrder.objects.filter(pk=past[2].pk).update(consignee="Sample Drone Co., Ltd.")
    return run(batches.create(store=store, numbers=[o.number for o in past], by=f"user:{alice.pk}"))


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


class TestTheSellersPage:
    def lock(self, client, store, batch, **posted):
        return client.post(f"/batches/{batch.ref}/lock/", {"store": store.pk} | posted)

    @pytest.fixture(autouse=True)
    def _alice(self, client, alice):
        client.force_login(alice)
        client.cookies["django_language"] = "en"

    def test_asks_once_more_before_it_invites_and_then_names_what_left(
        self, client, store, planned
    ):
        listed("SAMPLE DRONE")
        asked = self.lock(client, store, planned)
        assert asked.status_code == 409
        shown = text(asked)
        assert "Lock the rest?" in shown
        assert "Money that leaves, with freight and tax, USD" in shown
        assert "USD" in shown
        assert "PARTY_SCREENED_OUT" in shown
        assert not Lock.objects.exists()
        (agreed,) = re.findall(r'name="agreed" value="(\w+)"', shown)
        assert self.lock(client, store, planned, agreed=agreed).status_code == 302
        page = text(client.get(f"/batches/{planned.ref}/"))
        assert "failed a check at the lock" in page

    def test_says_how_many_orders_are_held_back(self, client, store, planned):
        price_lock.lock_and_invite(batch=planned, by="user:1")
        listed("SAMPLE DRONE")
        accept(planned)
        assert "1 order is held back" in text(client.get(f"/batches/{planned.ref}/"))


class TestTheBuyersPage:
    def page(self, client, batch) -> str:
        link = f"/b/{signing.token_of(Grant.objects.get(subject=batch.ref))}/"
        return text(client.get(link, {"lang": "en"}))

    def test_says_that_the_platform_is_checking_and_never_which_list(self, client, store):
        batch = locked(store)
        listed("SAMPLE DRONE")
        accept(batch)
        shown = self.page(client, batch)
        assert "Confirmed, thank you" in shown
        assert "1 order is being checked by the platform" in shown
        assert shown.count("being checked by the platform") == 2  # the order too
        assert not [word for word in NEVER_SAID if word in shown]

    def test_offers_nothing_while_everything_is_being_checked(self, client, store):
        batch = locked(store)
        listed(batch.buyer.name)
        link = f"/b/{signing.token_of(Grant.objects.get(subject=batch.ref))}/"
        (lock,) = Lock.objects.filter(subject=batch.ref)
        body = {"act": "confirm", "consent": "yes", "digest": f"{lock.pk}:{lock.terms_digest}"}
        answer = client.post(link, body, headers={"Accept-Language": "en"})
        assert answer.status_code == 409
        assert "ORDERS_UNDER_CHECK" in text(answer)
        shown = self.page(client, batch)
        assert "5 orders are being checked by the platform" in shown
        assert 'value="confirm"' not in shown

    def test_offers_again_what_was_let_go(self, client, store):
        batch = locked(store)
        listed("SAMPLE DRONE")
        accept(batch)
        batch.orders.filter(position=3).update(held_at=None, codes=[], findings=[])
        shown = self.page(client, batch)
        assert 'value="confirm"' in shown
        assert "being checked" not in shown


class TestTheApi:
    def test_walks_the_case_of_a_party_listed_after_the_plan(self, client, store, planned):
        """bug_screening_after_plan, at the lock and at the release."""
        erp = Caller(client, store, "read", "write")
        listed("SAMPLE DRONE")
        answer = erp.post(f"batches/{planned.ref}/lock/").json()
        left = answer["left_at_lock"]
        assert (answer["status"], answer["counts"]["failed"], left["orders"]) == ("locked", 1, 1)
        assert left["codes"] == {"PARTY_SCREENED_OUT": 1}
        assert left["money"] == [{"currency": "USD", "amount": "5979.75"}]
        accept(planned)
        for proforma in Proforma.objects.filter(batch=planned):
            proforma_invoices.issue(proforma.pk)
        for order in planned.orders.filter(status="awaiting_payment"):
            rows = [
                {
                    "order": order.ref,
                    "amount": paid.receipt(order).amount,
                    "currency": "USD",
                    "reference": "T",
                }
            ]
            erp.post("payments/", {"rows": rows})
        listed(planned.buyer.name)
        ref = f"{planned.ref}-0001"
        problem(erp.post(f"orders/{ref}/release/"), 422, "PARTY_SCREENED_OUT")
        assert planned.orders.get(ref=ref).status == "paid"

    @pytest.mark.parametrize("most", ["0", "0.05", "0.199999"])
    def test_refuses_a_lock_that_leaves_out_more_than_the_caller_allows(
        self, client, store, planned, most
    ):
        erp = Caller(client, store, "read", "write")
        listed("SAMPLE DRONE")
        problem(
            erp.post(f"batches/{planned.ref}/lock/", {"max_left_out": most}), 409, "LOCK_LEAVES_OUT"
        )
        planned.refresh_from_db()
        assert (planned.status, planned.left_at_lock) == ("planned", {})
        assert planned.orders.filter(status="planned").count() == planned.orders.count()

    @pytest.mark.parametrize("body", [None, {}, {"max_left_out": None}, {"max_left_out": "0.2"}])
    def test_locks_the_rest_where_the_caller_allows_it_or_sets_no_bound(
        self, client, store, planned, body
    ):
        erp = Caller(client, store, "read", "write")
        listed("SAMPLE DRONE")
        answer = erp.post(f"batches/{planned.ref}/lock/", body).json()
        assert (answer["status"], answer["left_at_lock"]["orders"]) == ("locked", 1)

    def test_locks_when_called_without_any_body(self, client, store, planned):
        headers = Caller(client, store, "read", "write").headers
        answer = client.generic("POST", f"/api/v1/batches/{planned.ref}/lock/", headers=headers)
        assert answer.json()["status"] == "locked"

    def test_locks_whole_within_a_bound_of_nothing(self, client, store, planned):
        erp = Caller(client, store, "read", "write")
        answer = erp.post(f"batches/{planned.ref}/lock/", {"max_left_out": "0"}).json()
        assert (answer["status"], answer["left_at_lock"]["orders"]) == ("locked", 0)

    @pytest.mark.parametrize(
        "body",
        [{"max_left_out": "1.5"}, {"max_left_out": "-0.1"}, {"max_left_out": "x"}, {"max": "0"}],
    )
    def test_refuses_a_bound_that_is_none(self, client, store, planned, body):
        erp = Caller(client, store, "read", "write")
        problem(erp.post(f"batches/{planned.ref}/lock/", body), 422, "INPUT_INVALID")
        assert erp.get(f"batches/{planned.ref}/").json()["status"] == "planned"

    def test_refuses_a_lock_for_a_buyer_who_is_listed_by_now(self, client, store, planned):
        erp = Caller(client, store, "read", "write")
        listed(planned.buyer.name)
        problem(erp.post(f"batches/{planned.ref}/lock/"), 422, "PARTY_SCREENED_OUT")
        assert erp.get(f"batches/{planned.ref}/").json()["left_at_lock"]["orders"] == 0
