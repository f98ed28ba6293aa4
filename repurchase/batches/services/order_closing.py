"""Orders leave their lock when the clock ends it, or a decision of R-90: expired, terminated,
cancelled. One place moves them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from diagnostics import ledger
from diagnostics.codes import Code
from outbox import emails
from pricing.models import Lock
from repurchase.batches.queries.totals import count_orders_by_lock
from repurchase.batches.services import event_publishing
from repurchase.models import Batch, RepeatOrder, batch_states
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus, source_states

EMAILS_BY_STATUS: Mapping[OrderStatus, Sequence[str]] = {
    OrderStatus.EXPIRED: ("expired",),
    OrderStatus.TERMINATED: ("terminated_seller", "terminated_buyer"),
    OrderStatus.CANCELLED: ("stopped",),
}
"""Who is told of an end that nobody asked for; what a person did is told where it is done."""

END_FACTS_BY_STATUS: Mapping[OrderStatus, Mapping[str, str]] = {
    OrderStatus.EXPIRED: {"code": Code.LOCK_EXPIRED},
    OrderStatus.TERMINATED: {"code": Code.RENEGOTIATION_LAPSED},
    OrderStatus.CANCELLED: {"code": Code.PARTY_SCREENED_OUT},
}


def end_orders(locks: Sequence[Lock], *, by: str) -> int:
    """Moves the orders of locks of one store that have just ended, in the transaction that ended
    them.

    A constant number of statements for each of the ends, however many plans they belong to: one
    letter a plan and reader, one entry of the ledger a plan.
    """
    by_end: dict[tuple[int, str, dt.datetime], list[Lock]] = defaultdict(list)
    for lock in locks:
        by_end[lock.store_id, lock.status, lock.ended_at].append(lock)
    return sum(
        _end_orders_of_store(store_id, OrderStatus(status), at, some, by)
        for (store_id, status, at), some in by_end.items()
    )


def _end_orders_of_store(
    store_id: int, status: OrderStatus, at: dt.datetime, locks: Sequence[Lock], by: str
) -> int:
    held = RepeatOrder.objects.filter(lock__in=locks, status__in=source_states(status))
    ids = list(held.values_list("pk", flat=True))
    moved = RepeatOrder.objects.filter(pk__in=ids)
    moved.update(status=status, changed_at=at)
    event_publishing.publish_orders(moved, at=at)
    by_subject: dict[str, list[Lock]] = defaultdict(list)
    for lock in locks:
        by_subject[lock.subject].append(lock)
    close_finished(store_id=store_id, refs=by_subject, at=at)
    held = count_orders_by_lock(locks)
    n = {ref: sum(held[lock.pk] for lock in some) for ref, some in by_subject.items()}
    _write_emails(store_id, status, by_subject, n)
    ledger.record_each(
        store_id=store_id,
        kind=f"lock.{status}",
        by=by,
        at=at,
        each=[
            (
                f"batch:{subject}",
                {
                    "locks": [str(lock.pk) for lock in some],
                    "orders": n[subject],
                    **END_FACTS_BY_STATUS[status],
                },
            )
            for subject, some in sorted(by_subject.items())
        ],
    )
    return len(ids)


def _write_emails(
    store_id: int,
    status: OrderStatus,
    by_subject: Mapping[str, Sequence[Lock]],
    orders: Mapping[str, int],
) -> None:
    """`orders`: how many of each subject."""
    for kind in EMAILS_BY_STATUS[status]:
        emails.write_each(
            kind=f"repurchase.{kind}",
            store_id=store_id,
            each=[
                (
                    f"{kind}:{subject}:{min(str(lock.pk) for lock in some)}",
                    {"batch": subject, "orders": orders[subject]},
                )
                for subject, some in by_subject.items()
            ],
        )


def close_finished(*, store_id: int, refs: Collection[str], at: dt.datetime) -> None:
    """Locked batches none of whose orders is in a lock any more are closed."""
    locked = Batch.objects.filter(store_id=store_id, ref__in=refs, status=BatchStatus.LOCKED)
    rows = list(locked.order_by("pk").select_for_update())
    open_ = RepeatOrder.objects.filter(batch__in=rows, status=OrderStatus.LOCKED)
    still = set(open_.values_list("batch", flat=True).distinct())
    closed = [batch for batch in rows if batch.pk not in still]
    target = batch_states.advance(BatchStatus.LOCKED, batch_states.BatchEvent.CLOSE)
    Batch.objects.filter(pk__in=[batch.pk for batch in closed]).update(status=target, ended_at=at)
    for batch in closed:
        batch.status, batch.ended_at = target, at
    event_publishing.publish_batches(closed, at=at)
