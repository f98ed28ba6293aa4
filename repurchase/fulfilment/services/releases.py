"""Handing orders over, each once and to one ERP: paid ones, and those of buyers on open account
(R-78, R-91)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from django.db.models import ExpressionWrapper, F, Q, QuerySet
from django.db.models.fields import DateTimeField

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock, policy
from marketplace.models import Store
from outbox import events
from repurchase.batches.services import compliance_holds, event_publishing
from repurchase.fulfilment.services.erp_connection import get_live_connection, refuse_if_too_old
from repurchase.models import ErpConnection, Release, RepeatOrder
from repurchase.models.order_states import OrderStatus, source_states

MAX_ORDERS_PER_PASS = 1000
IS_RELEASABLE = Q(status=OrderStatus.PAID) | Q(
    status=OrderStatus.CONFIRMED, proforma__open_account=True
)
"""What may be released, whether its invoice is printed by then or not; the database says the same
again (0014)."""


@transaction.atomic
def release(*, store: Store, orders: QuerySet[RepeatOrder], by: str, at: dt.datetime) -> list[str]:
    """Those of the orders that may be released are, in one step; the references.
    ERP_VERSION_TOO_OLD.

    Without a connected ERP the store takes them from the XML itself. What R-90 touches is held
    back and stays as it is.
    """
    erp = get_live_connection(store)
    if erp:
        refuse_if_too_old(erp.product, erp.version)
    held = list(
        orders.filter(IS_RELEASABLE, store=store)
        .select_for_update(of=("self",))
        .select_related("batch__buyer", "past_order")
        .order_by("pk")
    )
    stopped = compliance_holds.hold_at_release(store, held, by=by, at=at)
    held = [order for order in held if order.pk not in stopped]
    if not held:
        return []
    ids = [order.pk for order in held]
    moved = RepeatOrder.objects.filter(pk__in=ids, status__in=source_states(OrderStatus.RELEASED))
    if moved.update(status=OrderStatus.RELEASED, changed_at=at) != len(ids):
        raise AssertionError(
            "a held order has moved"
        )  # never: they are locked; nothing is written if it does
    Release.objects.bulk_create(
        Release(store=store, order=order, erp=erp, released_at=at, released_by=by, announced_at=at)
        for order in held
    )
    event_publishing.publish_orders(RepeatOrder.objects.filter(pk__in=ids), at=at)
    announce(store, held, erp, at)
    for batch_ref, refs in _group_references_by_batch(held):
        ledger.record(
            store_id=store.pk,
            kind="order.released",
            subject=f"batch:{batch_ref}",
            by=by,
            at=at,
            orders=refs,
            erp=str(erp) if erp else "",
        )
    return [order.ref for order in held]


def release_one(*, store: Store, order: RepeatOrder, by: str) -> None:
    """At once, without waiting for the ⚙ delay. ORDER_NOT_PAID when it may not be, or was already;
    PARTY_SCREENED_OUT or EXPORT_CONTROLLED when it is held back."""
    one = RepeatOrder.objects.filter(pk=order.pk)
    if not release(store=store, orders=one, by=by, at=clock.now(store)):
        order.refresh_from_db(fields=["status", "held_at", "findings"])
        if order.held_at:
            raise compliance_holds.hold_problem(order)
        raise Problem(Code.ORDER_NOT_PAID, order=order.ref, state=order.status)


def release_due(*, store: Store | None = None) -> int:
    """Releases what was paid longer ago than the ⚙ delay, in which a wrong record can be taken
    back.

    A store whose ERP has become too old keeps its orders until it is updated: its page says so.
    """
    delay = dt.timedelta(minutes=int(policy.in_force(clock.now())["release_delay_minutes"]))
    due_at = ExpressionWrapper(F("changed_at") + delay, output_field=DateTimeField())
    waiting = RepeatOrder.objects.filter(IS_RELEASABLE, held_at=None).annotate(due_at=due_at)
    due = waiting.filter(
        Q(status=OrderStatus.CONFIRMED) | Q(due_at__lte=clock.store_now_expression())
    )
    if store:
        due = due.filter(store=store)
    by_store: dict[int, list[int]] = defaultdict(list)
    for store_id, pk in due.order_by("pk").values_list("store_id", "pk")[:MAX_ORDERS_PER_PASS]:
        by_store[store_id].append(pk)
    return sum(_release_orders(store_id, ids, due) for store_id, ids in sorted(by_store.items()))


def _release_orders(store_id: int, ids: Sequence[int], due: QuerySet[RepeatOrder]) -> int:
    store = Store.objects.get(pk=store_id)
    try:
        return len(
            release(
                store=store, orders=due.filter(pk__in=ids), by="system:sweep", at=clock.now(store)
            )
        )
    except Problem:
        return 0


def announce(
    store: Store, orders: Sequence[RepeatOrder], erp: ErpConnection | None, at: dt.datetime
) -> None:
    """Tells the ERP by the stream and the webhooks; what it does not acknowledge is announced
    again."""
    for batch_ref, refs in _group_references_by_batch(orders):
        for i in range(0, len(refs), event_publishing.MAX_ORDERS_AN_EVENT):
            events.publish(
                store_id=store.pk,
                type="release.announced",
                subject=f"batch:{batch_ref}",
                at=at,
                orders=refs[i : i + event_publishing.MAX_ORDERS_AN_EVENT],
                erp=erp.product.code if erp else "",
            )


def announce_again(*, store: Store | None = None) -> int:
    """Releases to an ERP that nobody acknowledged within the ⚙ time, each time waiting twice as
    long."""
    first = dt.timedelta(minutes=int(policy.in_force(clock.now())["release_reminder_minutes"]))
    waiting = Release.objects.filter(acknowledged_at=None, erp__isnull=False, announcements__lt=12)
    if store:
        waiting = waiting.filter(store=store)
    with transaction.atomic():
        rows = waiting.select_for_update(of=("self",), skip_locked=True).select_related(
            "store", "erp__product", "order__batch"
        )
        late = [
            row
            for row in rows.annotate(now=clock.store_now_expression()).order_by("announced_at")[
                :MAX_ORDERS_PER_PASS
            ]
            if row.announced_at + first * 2 ** (row.announcements - 1) <= row.now
        ]
        for (_, erp), some in _group_by_connection(late):
            at = some[0].now
            announce(some[0].store, [row.order for row in some], erp, at)
            Release.objects.filter(pk__in=[row.pk for row in some]).update(
                announced_at=at, announcements=F("announcements") + 1
            )
    return len(late)


def _group_by_connection(
    rows: Sequence[Release],
) -> list[tuple[tuple[int, ErpConnection], list[Release]]]:
    grouped: dict[tuple[int, int], list[Release]] = defaultdict(list)
    for row in rows:
        grouped[row.store_id, row.erp_id].append(row)
    return [((key[0], some[0].erp), some) for key, some in grouped.items()]


def _group_references_by_batch(orders: Sequence[RepeatOrder]) -> list[tuple[str, list[str]]]:
    grouped: dict[str, list[str]] = defaultdict(list)
    for order in orders:
        grouped[order.batch.ref].append(order.ref)
    return sorted((ref, sorted(refs)) for ref, refs in grouped.items())
