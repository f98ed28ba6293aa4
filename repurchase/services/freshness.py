"""The strong sync before a lock (R-80): stock that grew stale since the plan is read anew, for a bounded time."""

import datetime as dt

from marketplace import clock, policy
from marketplace.mirror import connector
from marketplace.models import Sku
from marketplace.queries import stale_stock
from repurchase.batching import BatchStatus
from repurchase.lifecycle import OrderStatus
from repurchase.models import Batch, LineOutcome, RepeatLine


def max_age(batch: Batch) -> dt.timedelta:
    """R-70 as it was in force when the batch was screened."""
    return dt.timedelta(minutes=int(batch.policies["stock_max_age_minutes"]))


def refresh(batch: Batch) -> int:
    """Asks the stock source for the batch's stale SKUs; how many became fresher. Whether it is enough, the lock says."""
    if batch.status != BatchStatus.PLANNED:
        return 0
    now = clock.now(batch.store)
    seconds = float(policy.in_force(now)["strong_sync_seconds"])
    return connector.refresh(store=batch.store, sku_codes=_stale(batch, now), seconds=seconds)


def _stale(batch: Batch, now: dt.datetime) -> list[str]:
    lines = RepeatLine.objects.filter(
        order__batch=batch, order__status=OrderStatus.PLANNED, outcome=LineOutcome.PLANNED
    )
    old = stale_stock(now=now, max_age=max_age(batch))
    skus = Sku.objects.filter(old, store=batch.store, pk__in=lines.values("sku"))
    return list(skus.order_by("code").values_list("code", flat=True))
