"""Which batch a past order stands in: held by its live lock, or planned and not yet locked."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from marketplace.models import OrderClaim, Store
from pricing.models import Lock
from repurchase.models import Chunk, RepeatOrder
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class PastOrderBatch:
    """`held`: a live lock, so it can't be locked again. Else a batch that wants it too, which
    blocks nothing."""

    batch: str  # its reference
    status: str
    held: bool = False
    until: dt.datetime | None = (
        None  # the lock's end; None with `held`: the buyer has confirmed, it stays
    )


def batches_by_past_order(
    store: Store, order_ids: Collection[int], *, now: dt.datetime
) -> dict[int, PastOrderBatch]:
    """By past order id, a lock before a plan: four queries for any number of orders."""
    return (
        _screening_batches(store, order_ids)
        | _planned_batches(store, order_ids)
        | _locked_batches(store, order_ids, now)
    )


def _locked_batches(
    store: Store, order_ids: Collection[int], now: dt.datetime
) -> dict[int, PastOrderBatch]:
    claims = list(
        OrderClaim.objects.live(now)
        .filter(store=store, past_order__in=order_ids)
        .values_list("past_order_id", "holder", "until")
    )
    locks = Lock.objects.of(store).filter(pk__in={holder for _, holder, _ in claims})
    subjects = {
        pk: (subject, status)
        for pk, subject, status in locks.values_list("pk", "subject", "status")
    }
    return {
        pk: PastOrderBatch(
            batch=subjects[holder][0], status=subjects[holder][1], held=True, until=until
        )
        for pk, holder, until in claims
        if holder in subjects
    }


def live_lock_holders(
    store: Store, order_ids: Collection[int], *, now: dt.datetime
) -> tuple[int, list[str]]:
    """How many of these orders a live lock holds, and the references of the batches: two
    queries."""
    claims = OrderClaim.objects.live(now).filter(store=store, past_order__in=order_ids)
    held = claims.count()
    if not held:
        return 0, []
    locks = Lock.objects.of(store).filter(pk__in=claims.values("holder"))
    return held, list(locks.order_by("subject").values_list("subject", flat=True).distinct())


def _planned_batches(store: Store, order_ids: Collection[int]) -> dict[int, PastOrderBatch]:
    rows = RepeatOrder.objects.filter(
        store=store,
        past_order__in=order_ids,
        status=OrderStatus.PLANNED,
        batch__status=BatchStatus.PLANNED,
        batch__dry_run=False,
    )
    return {
        pk: PastOrderBatch(batch=ref, status=BatchStatus.PLANNED)
        for pk, ref in rows.order_by("batch_id").values_list("past_order_id", "batch__ref")
    }


def _screening_batches(store: Store, order_ids: Collection[int]) -> dict[int, PastOrderBatch]:
    """A batch in screening has no rows yet, but its chunks know what was asked for."""
    chunks = Chunk.objects.filter(
        store=store,
        batch__status=BatchStatus.SCREENING,
        batch__dry_run=False,
        past_order_ids__overlap=list(order_ids),
    )
    wanted = set(order_ids)
    return {
        pk: PastOrderBatch(batch=ref, status=BatchStatus.SCREENING)
        for ids, ref in chunks.order_by("pk").values_list("past_order_ids", "batch__ref")
        for pk in ids
        if pk in wanted
    }
