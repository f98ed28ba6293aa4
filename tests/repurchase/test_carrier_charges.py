"""R-89: the carrier's actual charge beside the locked estimate, and the difference."""

import json

import pytest

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import FxRate
from repurchase.batches.services import batches, price_lock
from repurchase.fulfilment.queries import carrier_charges as carrier_charge_queries
from repurchase.fulfilment.services import carrier_charges
from repurchase.models import CarrierCharge, RepeatOrder
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(store):
    """A locked order; its freight was estimated as USD 348.30 for 200 kg."""
    _, orders = world.repeatable(store)
    batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
    price_lock.lock_and_invite(batch=batch, by="user:1")
    return RepeatOrder.objects.get(batch=batch, position=1)


def record(order, amount="350.00", *, currency="USD", invoice="C-1"):
    return carrier_charges.record(
        order=order, invoice=invoice, amount=amount, currency=currency, by="user:1"
    )


def kept_without_a_rate(order):
    """As it was written before the rate was asked for."""
    CarrierCharge.objects.create(
        store=order.store,
        order=order,
        invoice="C-0",
        amount_minor=5000,
        currency="KWD",
        recorded_by="user:1",
        recorded_at=clock.now(order.store),
    )


class TestACarriersBill:
    def test_stands_beside_the_estimate_with_the_difference(self, order):
        record(order)
        found = carrier_charge_queries.carrier_charge_totals(order)
        assert found.actual.minor == 35_000
        assert found.difference.minor == 35_000 - found.estimate.minor != 0

    def test_leaves_the_locked_estimate_as_it_is(self, order):
        before = list(order.fees.order_by("position").values())
        record(order)
        assert list(order.fees.order_by("position").values()) == before

    def test_is_corrected_by_another_one(self, order):
        record(order)
        record(order, "-1.70", invoice="C-1-credit")
        assert carrier_charge_queries.carrier_charge_totals(order).actual.minor == 34_830

    def test_in_another_currency_is_exchanged_by_the_lock_s_rates(self, order):
        record(order, "780.00", currency="CNY")
        assert (
            carrier_charge_queries.carrier_charge_totals(order).actual.minor == 11_000
        )  # CNY 7.80 and USD 1.10 for a euro

    def test_is_exchanged_by_what_the_lock_froze_whatever_became_of_the_rows(self, order):
        FxRate.objects.filter(currency="CNY").update(per_euro="1.10")
        record(order, "780.00", currency="CNY")
        assert carrier_charge_queries.carrier_charge_totals(order).actual.minor == 11_000

    def test_in_a_currency_that_the_lock_did_not_freeze_is_not_written(self, order):
        FxRate.objects.create(rate_set=order.lock.rate_set, currency="KWD", per_euro="0.33")
        with pytest.raises(Problem) as refused:
            record(order, currency="KWD")
        assert refused.value.code is Code.FX_RATE_MISSING

    def test_in_a_currency_without_a_rate_is_not_written(self, order):
        with pytest.raises(Problem) as refused:
            record(order, currency="KWD")
        assert refused.value.code is Code.FX_RATE_MISSING
        assert not CarrierCharge.objects.exists()
        assert not LedgerEntry.objects.filter(kind="carrier.charged").exists()

    def test_kept_without_a_rate_is_told_without_an_exchange(self, order):
        kept_without_a_rate(order)
        found = carrier_charge_queries.carrier_charge_totals(order)
        assert (found.actual, found.difference, len(found.charges)) == (None, None, 1)

    def test_sent_twice_is_kept_once_with_one_entry_in_the_ledger(self, order):
        assert record(order).pk == record(order).pk
        assert CarrierCharge.objects.count() == 1
        assert LedgerEntry.objects.filter(kind="carrier.charged").count() == 1

    def test_of_another_amount_under_the_same_invoice_is_refused(self, order):
        record(order)
        with pytest.raises(Problem):
            record(order, "351.00")

    def test_before_the_lock_has_no_estimate_to_stand_beside(self, store):
        _, orders = world.repeatable(store)
        batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        with pytest.raises(Problem):
            record(RepeatOrder.objects.filter(batch=batch).first())


class TestTheApi:
    @pytest.fixture
    def call(self, client, store, order):
        key = world.key(store)
        path = f"/api/v1/orders/{order.ref}/carrier-charges/"
        headers = {"Authorization": f"Bearer {key}"}

        def called(body=None):
            if body is None:
                return client.get(path, headers=headers)
            return client.post(path, json.dumps(body), "application/json", headers=headers)

        return called

    def test_records_and_tells(self, call):
        assert call().json()["actual"] is None
        answer = call({"invoice": "C-1", "amount": "350.00", "currency": "USD"})
        assert answer.status_code == 201
        assert answer.json() == call().json()
        assert answer.json()["actual"] == {"amount": "350.00", "currency": "USD"}
        assert answer.json()["charges"][0]["invoice"] == "C-1"

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"invoice": "C-1", "amount": "1.234", "currency": "USD"}, "AMOUNT_INVALID"),
            ({"invoice": "C-1", "amount": "1", "currency": "XYZ"}, "CURRENCY_UNKNOWN"),
            ({"invoice": "C-1", "amount": "1e999999", "currency": "USD"}, "AMOUNT_INVALID"),
            ({"invoice": "C-1", "amount": "1", "currency": "KWD"}, "FX_RATE_MISSING"),
            ({"amount": "1", "currency": "USD"}, "INPUT_INVALID"),
        ],
    )
    def test_refuses_what_is_no_bill(self, call, body, code):
        assert call(body).json()["code"] == code
        assert call().json()["charges"] == []


def test_the_order_page_shows_the_difference(client, alice, order):
    client.force_login(alice)
    estimate = carrier_charge_queries.carrier_charge_totals(order).estimate.minor
    record(order, "400.00")
    page = client.get(f"/orders/{order.ref}/").content.decode()
    assert "USD 400.00" in page
    assert f"+ USD {(40_000 - estimate) // 100}." in page


def test_the_order_page_shows_a_bill_that_has_no_rate(client, alice, order):
    client.force_login(alice)
    kept_without_a_rate(order)
    page = client.get(f"/orders/{order.ref}/", headers={"Accept-Language": "en"}).content.decode()
    assert "KWD 5.000" in page
    assert "not compared" in page
