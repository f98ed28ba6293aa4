"""The way out of waiting: unpaid orders are called off, their pieces are free again, the buyer is
told (R-91, R-10)."""

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from outbox import emails
from pricing.services.stock_dispatch import release_reserved_stock
from repurchase.batches.queries.reserved_stock import reserved_pieces
from repurchase.batches.services import event_publishing
from repurchase.fulfilment.queries.balances import balances_of_orders
from repurchase.models import Proforma, RepeatOrder
from repurchase.models.order_states import OrderStatus


@transaction.atomic
def cancel_orders(*, store: Store, proforma: Proforma, why: str, by: str) -> int:
    """Every order of the proforma that awaits payment and has received none; how many.

    ORDER_NOT_PAYABLE when there is none such; one with a part paid is settled with the buyer
    first. INPUT_INVALID without a reason.
    """
    if not (why := why.replace("\0", "").strip()[:300]):
        raise Problem(Code.INPUT_INVALID, detail="why")
    waiting = proforma.orders.filter(store=store, status=OrderStatus.AWAITING_PAYMENT)
    held = list(waiting.select_for_update(of=("self",)).order_by("pk"))
    standing = balances_of_orders(held)
    unpaid = [order for order in held if not standing[order.pk].received]
    if not unpaid:
        raise Problem(Code.ORDER_NOT_PAYABLE, order=proforma.number, state="—")
    now = clock.now(store)
    moved = RepeatOrder.objects.filter(pk__in=[order.pk for order in unpaid])
    moved.update(status=OrderStatus.CANCELLED, changed_at=now)
    release_reserved_stock(reserved_pieces([order.pk for order in unpaid]), at=now)
    event_publishing.publish_orders(moved, at=now)
    emails.write(
        kind="repurchase.called_off",
        store_id=store.pk,
        dedupe=f"called-off:{proforma.pk}:{unpaid[0].pk}",
        proforma=str(proforma.pk),
        orders=[order.ref for order in unpaid],
    )
    ledger.record(
        store_id=store.pk,
        kind="order.called_off",
        subject=f"batch:{proforma.batch.ref}",
        by=by,
        at=now,
        why=why,
        orders=[order.ref for order in unpaid],
    )
    return len(unpaid)
