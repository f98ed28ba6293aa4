"""A repeat order as its page shows it: lines then and now, fees, what happened to it."""

import datetime as dt
from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from diagnostics.models import LedgerEntry
from marketplace.models import PastOrder, Store
from repurchase.batches.queries.customisations import CustomisationView, order_customisations
from repurchase.models import OrderFee, RepeatLine, RepeatOrder


@dataclass(frozen=True, kw_only=True, slots=True)
class RepeatOrderDetail:
    order: RepeatOrder
    past_order: PastOrder
    lines: list[RepeatLine]
    fees: list[OrderFee]
    timeline: list[LedgerEntry]  # what was decided about its batch
    services: list[CustomisationView]


def order_detail(store: Store, ref: str, *, now: dt.datetime) -> RepeatOrderDetail:
    """The store's order with everything on its page, or 404: five queries, two more where services
    stand."""
    found = get_object_or_404(
        RepeatOrder.objects.at(now).select_related(
            "batch__buyer", "past_order", "lock__rate_set", "service", "store", "proforma"
        ),
        store=store,
        ref=ref,
    )
    return RepeatOrderDetail(
        order=found,
        past_order=found.past_order,
        lines=list(found.lines.select_related("sku__category", "source_line").order_by("line_no")),
        fees=list(found.fees.order_by("position")),
        timeline=list(
            LedgerEntry.objects.filter(store_id=store.pk, subject=f"batch:{found.batch.ref}")
            .exclude(kind="chunk.generated")
            .order_by("seq")
        ),
        services=order_customisations(found),
    )
