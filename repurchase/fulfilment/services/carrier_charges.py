"""What the carrier really billed for an order (R-89)."""

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.money import Money
from pricing.frozen_values import rates_of_locks
from repurchase.models import CarrierCharge, RepeatOrder


@transaction.atomic
def record(
    *, order: RepeatOrder, invoice: str, amount: str, currency: str, by: str
) -> CarrierCharge:
    """Keeps a bill beside the estimate that the lock holds; the same bill again is the same row.

    AMOUNT_INVALID, CURRENCY_UNKNOWN, FX_RATE_MISSING where the lock's rates don't know its
    currency; INPUT_INVALID before the lock, when there is no estimate to compare with, and for
    another amount under the same invoice.
    """
    charge = Money.of(amount, currency)
    order = (
        RepeatOrder.objects.select_for_update(of=("self",))
        .select_related("store", "batch", "lock")
        .get(pk=order.pk)
    )
    if order.lock_id is None:
        raise Problem(Code.INPUT_INVALID, detail=f"{order.ref}: not locked")
    _require_exchangeable(charge, order)
    now = clock.now(order.store)
    kept, new = CarrierCharge.objects.get_or_create(
        order=order,
        invoice=invoice,
        defaults={
            "store": order.store,
            "amount_minor": charge.minor,
            "currency": charge.currency,
            "recorded_at": now,
            "recorded_by": by,
        },
    )
    if (kept.amount_minor, kept.currency) != (charge.minor, charge.currency):
        raise Problem(
            Code.INPUT_INVALID, detail=f"{invoice}: {Money(kept.amount_minor, kept.currency)}"
        )
    if new:
        ledger.record(
            store_id=order.store_id,
            kind="carrier.charged",
            subject=f"batch:{order.batch.ref}",
            by=by,
            at=now,
            order=order.ref,
            invoice=invoice,
            amount_minor=charge.minor,
            currency=charge.currency,
        )
    return kept


def _require_exchangeable(charge: Money, order: RepeatOrder) -> None:
    """A bill that can't be exchanged can't stand beside the estimate: it is refused before it is
    written (R-89)."""
    if charge.currency != order.currency:
        rates_of_locks([order.lock])[order.lock_id].exchange(
            charge.minor, charge.currency, order.currency
        )
