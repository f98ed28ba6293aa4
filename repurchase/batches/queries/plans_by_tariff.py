"""Which open plans a new version of a tariff would touch when they are screened again. Never a
locked one."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet

from marketplace.models import CommissionRate, PolicyValue, RateCard, Tariff, TaxRate
from marketplace.territories import find_destination
from repurchase.models import Batch, LineOutcome, RepeatOrder
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class AffectedPlan:
    batch: Batch
    orders: int


def affected_plans(version: Tariff | PolicyValue) -> Sequence[AffectedPlan]:
    """The newest first."""
    orders = _orders_priced_by(
        version,
        RepeatOrder.objects.filter(
            status=OrderStatus.PLANNED, lock=None, batch__status=BatchStatus.PLANNED
        ),
    )
    counts = dict(orders.order_by().values_list("batch").annotate(Count("id", distinct=True)))
    batches = (
        Batch.objects.filter(pk__in=counts).select_related("store", "buyer").order_by("-created_at")
    )
    return [AffectedPlan(batch=batch, orders=counts[batch.pk]) for batch in batches]


def _orders_priced_by(
    version: Tariff | PolicyValue, orders: QuerySet[RepeatOrder]
) -> QuerySet[RepeatOrder]:
    if isinstance(version, CommissionRate):
        return orders.filter(
            lines__outcome=LineOutcome.PLANNED, lines__sku__category=version.category_id
        )
    if isinstance(version, RateCard):
        return _orders_carried_by(version, orders)
    if isinstance(version, TaxRate):
        return _orders_taxed_by(version, orders)
    return orders


def _orders_carried_by(card: RateCard, orders: QuerySet[RepeatOrder]) -> QuerySet[RepeatOrder]:
    """To its destination: a card that becomes cheaper may win orders of another service."""
    found = orders.filter(past_order__country=card.country)
    if card.store_id:
        found = found.filter(store=card.store_id)
    return found.filter(past_order__region=card.region) if card.region else found


def _orders_taxed_by(rate: TaxRate, orders: QuerySet[RepeatOrder]) -> QuerySet[RepeatOrder]:
    where = ("past_order__country", "past_order__postal_code", "past_order__region")
    found = orders.values_list("pk", *where)
    return orders.filter(
        pk__in=[pk for pk, *place in found if find_destination(*place).place == rate.place]
    )
