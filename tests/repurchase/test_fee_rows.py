"""R-67: every kept fee line can be recomputed from its own row alone; a batch is the sum of its
orders (R-68)."""

import pytest
from django.db.models import Sum

from marketplace.models import PastOrder, Sku
from pricing.fees import recompute
from pricing.freight import FreightCard
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.services import batches
from repurchase.models import OrderFee
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def batch(store):
    """Five orders of dual-use goods: two with the return warehouse, one with prices that include
    tax."""
    _, orders = world.repeatable(store)
    Sku.objects.update(is_ear_controlled=True, volume_cm3=9000)
    PastOrder.objects.filter(pk__in=[o.pk for o in orders[:2]]).update(local_return=True)
    PastOrder.objects.filter(pk=orders[2].pk).update(prices_include_tax=True)
    return run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))


class TestAFeeRow:
    def test_is_recomputed_from_itself(self, batch):
        rows = list(OrderFee.objects.filter(order__batch=batch))
        assert len(rows) == 30
        assert [recompute(row.line) for row in rows] == [row.amount_minor for row in rows]
        assert all(row.amount_minor or row.reason for row in rows)
        assert {(row.rule_version, row.rounding) for row in rows} == {("2026-11", "half-up-once")}

    def test_of_freight_holds_the_card_of_its_quote(self, batch):
        for row in OrderFee.objects.filter(order__batch=batch, kind="freight"):
            kept = row.detail["card"]
            card = FreightCard(
                service_id=row.detail["service_id"],
                negotiated=True,
                currency=row.tariff_currency,
                min_weight_g=kept["from_g"],
                base_minor=kept["base_minor"],
                step_g=kept["step_g"],
                step_minor=kept["step_minor"],
                minimum_minor=kept["minimum_minor"],
            )
            assert card.price(row.detail["weight_g"]).minor == row.tariff_minor

    def test_adds_up_to_its_order_and_the_orders_to_the_batch(self, batch):
        for order in batch.orders.annotate(sum=Sum("fees__amount_minor")):
            assert order.sum == order.fees_minor
        (totals,) = batch_queries.plan_summary(batch, now=world.NOW).totals
        assert sum(part.minor for part in totals.fees.values()) == sum(
            o.fees_minor for o in batch.orders.all()
        )


def test_rows_in_another_currency_keep_the_rates_they_were_exchanged_by(store):
    by, _ = world.repeatable(store)
    item = world.sku(store, price="10.00", currency="EUR", is_ear_controlled=True)
    order = world.past_order(store, by, [(item, 500, 500_000)], currency="EUR", local_return=True)
    batch = run(batches.create(store=store, numbers=[order.number], by="user:1"))
    rows = {row.kind: row for row in OrderFee.objects.filter(order__batch=batch)}
    assert rows["return_warehouse"].amount_minor == 209  # 2.30 ÷ 1.10
    assert rows["return_warehouse"].detail["per_euro"].keys() == {"USD"}
    assert [recompute(row.line) for row in rows.values()] == [
        row.amount_minor for row in rows.values()
    ]
