"""Orders leave their lock when the clock ends it: expired, terminated. One place moves them."""

from collections import defaultdict
from collections.abc import Sequence

from diagnostics import ledger
from diagnostics.codes import Code
from outbox import letters
from pricing.models import Lock
from repurchase import batching
from repurchase.batching import BatchStatus
from repurchase.lifecycle import OrderStatus, sources
from repurchase.models import Batch, RepeatOrder
from repurchase.services import telling

LETTERS = {OrderStatus.EXPIRED: ("seller",), OrderStatus.TERMINATED: ("seller", "buyer")}
"""Who is told of an end that nobody asked for; what a person did is told where it is done."""


def end_orders(locks: Sequence[Lock], *, by: str) -> int:
    """Moves the orders of locks that have just ended, in the transaction that ended them: expired or terminated."""
    moved = 0
    by_end: dict[tuple[int, str, str], list[Lock]] = defaultdict(list)
    for lock in locks:
        by_end[lock.store_id, lock.subject, lock.status].append(lock)
    for (store_id, subject, name), ended in sorted(by_end.items()):
        status, at = OrderStatus(name), ended[0].ended_at
        n = RepeatOrder.objects.filter(lock__in=ended, status__in=sources(status)).update(
            status=status, changed_at=at
        )
        moved += n
        telling.orders(RepeatOrder.objects.filter(lock__in=ended, status=status, changed_at=at), at=at)
        close_finished(store_id=store_id, ref=subject, at=at)
        first = min(str(lock.pk) for lock in ended)
        for side in LETTERS[status]:
            kind = "expired" if status is OrderStatus.EXPIRED else f"terminated_{side}"
            letters.write(
                kind=f"repurchase.{kind}", store_id=store_id, dedupe=f"{kind}:{subject}:{first}",
                batch=subject, orders=n,
            )  # fmt: skip
        ledger.record(
            store_id=store_id, kind=f"lock.{status}", subject=f"batch:{subject}", by=by, at=at, orders=n,
            locks=[str(lock.pk) for lock in ended],
            **({"code": str(Code.RENEGOTIATION_LAPSED)} if status is OrderStatus.TERMINATED else {}),
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
