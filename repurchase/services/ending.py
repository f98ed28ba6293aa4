"""Orders leave their lock when it ends without them: expired, declined. One place moves them."""

from collections import defaultdict
from collections.abc import Sequence

from diagnostics import ledger
from outbox import letters
from pricing.models import Lock
from repurchase import batching
from repurchase.batching import BatchStatus
from repurchase.lifecycle import OrderStatus, sources
from repurchase.models import Batch, RepeatOrder
from repurchase.services import telling


def end_orders(locks: Sequence[Lock], *, status: OrderStatus, by: str) -> int:
    """Moves the orders of locks that have just ended, in the transaction that ended them."""
    moved = 0
    by_subject: dict[tuple[int, str], list[Lock]] = defaultdict(list)
    for lock in locks:
        by_subject[lock.store_id, lock.subject].append(lock)
    for (store_id, subject), ended in sorted(by_subject.items()):
        at = ended[0].ended_at
        n = RepeatOrder.objects.filter(lock__in=ended, status__in=sources(status)).update(
            status=status, changed_at=at
        )
        moved += n
        telling.orders(RepeatOrder.objects.filter(lock__in=ended, status=status, changed_at=at), at=at)
        close_finished(store_id=store_id, ref=subject, at=at)
        if status is OrderStatus.EXPIRED:
            letters.write(
                kind="repurchase.expired", store_id=store_id, dedupe=f"expired:{subject}:{ended[0].pk}",
                batch=subject, orders=n,
            )  # fmt: skip
        ledger.record(
            store_id=store_id, kind=f"lock.{status}", subject=f"batch:{subject}", by=by, at=at, orders=n,
            locks=[str(lock.pk) for lock in ended],
        )  # fmt: skip
    return moved


def close_finished(*, store_id: int, ref: str, at) -> None:
    """A locked batch none of whose orders is in a lock any more is closed."""
    batch = (
        Batch.objects.select_for_update()
        .filter(store_id=store_id, ref=ref, status=BatchStatus.LOCKED)
        .first()
    )
    if batch is None or batch.orders.filter(status=OrderStatus.LOCKED).exists():
        return
    batch.status = batching.advance(BatchStatus(batch.status), batching.Event.CLOSE)
    batch.ended_at = at
    batch.save(update_fields=["status", "ended_at"])
    telling.batch(batch, at=at)
