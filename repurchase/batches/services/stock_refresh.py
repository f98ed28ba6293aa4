"""The strong sync before a plan and before a lock (R-80): stale stock is read anew, for a bounded
time."""

import datetime as dt
import time
from collections.abc import Sequence

from django.db.models import QuerySet

from marketplace import clock, policy
from marketplace.mirror import connector
from marketplace.models import PastOrderLine, Sku
from marketplace.queries import stale_stock
from repurchase.models import Batch, LineOutcome, RepeatLine
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus

SILENT_SOURCE_SECONDS = 60
_silent_until: dict[int, float] = {}
"""By store, of this process: a source that said nothing is not asked again before."""


def max_age(batch: Batch) -> dt.timedelta:
    """R-70 as it was in force when the batch was screened."""
    return dt.timedelta(minutes=int(batch.policies["stock_max_age_minutes"]))


def refresh(batch: Batch) -> int:
    """Asks the stock source for the batch's stale SKUs; how many became fresher. Whether it is
    enough, the lock says."""
    if batch.status != BatchStatus.PLANNED:
        return 0
    now = clock.now(batch.store)
    lines = RepeatLine.objects.filter(
        order__batch=batch, order__status=OrderStatus.PLANNED, outcome=LineOutcome.PLANNED
    )
    return _refresh_skus(batch, _stale_sku_codes(batch, lines.values("sku"), now), now)


def refresh_for_plan(batch: Batch, past_order_ids: Sequence[int]) -> int:
    """The same before orders are planned, so that a feed that was silent for a while fails no
    batch.

    A source that was silent is left alone for a while: the other chunks of the batch don't wait
    for it again.
    """
    if time.monotonic() < _silent_until.get(batch.store_id, 0):
        return 0
    lines = PastOrderLine.objects.filter(order__in=past_order_ids)
    stale = _stale_sku_codes(batch, lines.values("sku"), batch.screened_at)
    fresher = _refresh_skus(batch, stale, clock.now(batch.store)) if stale else 0
    if stale and not fresher:
        _silent_until[batch.store_id] = time.monotonic() + SILENT_SOURCE_SECONDS
    return fresher


def _refresh_skus(batch: Batch, sku_codes: Sequence[str], now: dt.datetime) -> int:
    seconds = float(policy.in_force(now)["strong_sync_seconds"])
    return connector.refresh(store=batch.store, sku_codes=sku_codes, seconds=seconds)


def _stale_sku_codes(batch: Batch, skus: QuerySet, now: dt.datetime) -> list[str]:
    old = stale_stock(now=now, max_age=max_age(batch))
    found = Sku.objects.filter(old, store=batch.store, pk__in=skus)
    return list(found.order_by("code").values_list("code", flat=True))
