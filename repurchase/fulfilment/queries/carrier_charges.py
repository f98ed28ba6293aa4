"""What the carrier billed beside what was estimated (R-89)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from diagnostics.problem import Problem
from marketplace.models import Store
from marketplace.money import Money
from pricing.fees import FeeKind
from pricing.frozen_values import rates_of_locks
from repurchase.models import CarrierCharge, RepeatOrder


@dataclass(frozen=True, kw_only=True, slots=True)
class CarrierChargeTotals:
    """In the order's currency, bills in others exchanged by the rates that the lock has frozen,
    each rounded once."""

    estimate: Money
    actual: Money | None  # None: nothing was billed yet, or a bill's currency has no rate
    charges: Sequence[CarrierCharge]

    @property
    def difference(self) -> Money | None:
        """Actual less estimate: above zero, the carrier took more."""
        return self.actual and Money(self.actual.minor - self.estimate.minor, self.actual.currency)


def get_store_order(store: Store, ref: str) -> RepeatOrder:
    """The store's order, or 404."""
    return get_object_or_404(
        RepeatOrder.objects.select_related("lock", "batch"), store=store, ref=ref
    )


def carrier_charge_totals(order: RepeatOrder) -> CarrierChargeTotals:
    """A query for the estimate, one for the bills; the rates only where there is a bill."""
    estimated = (
        order.fees.filter(kind=FeeKind.FREIGHT).values_list("amount_minor", flat=True).first() or 0
    )
    found = list(order.carrier_charges.order_by("recorded_at", "id"))
    billed = _billed_minor(order, found) if found else None
    return CarrierChargeTotals(
        estimate=Money(estimated, order.currency),
        actual=None if billed is None else Money(billed, order.currency),
        charges=found,
    )


def _billed_minor(order: RepeatOrder, found: Sequence[CarrierCharge]) -> int | None:
    if all(charge.currency == order.currency for charge in found):
        return sum(charge.amount_minor for charge in found)
    rates = rates_of_locks([order.lock])[order.lock_id]
    try:
        return sum(
            rates.exchange(charge.amount_minor, charge.currency, order.currency) for charge in found
        )
    except Problem:  # a bill from before its currency was checked: it is shown, not compared
        return None
