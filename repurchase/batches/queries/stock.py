"""How fresh the stock is (R-70): SKUs by the age of their last sync, oldest first."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, F, Min, Q, Sum

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import policy
from marketplace.models import Sku, StockClaim, Store
from marketplace.queries import stale_stock
from repurchase.batches.queries.pagination import (
    PAGE_SIZE,
    CursorPage,
    decode_cursor,
    encode_cursor,
)
from repurchase.models import Batch, RepeatLine

LAST_BATCHES = 3
"""Of so many batches, the last that were planned, blocked lines are counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StockFreshness:
    skus: int
    stale: int
    oldest: dt.datetime | None  # of those that were ever synchronised
    limit_minutes: int


def freshness(store: Store, *, now: dt.datetime) -> StockFreshness:
    """The active SKUs in numbers: two queries."""
    minutes = int(policy.in_force(now)["stock_max_age_minutes"])
    old = stale_stock(now=now, max_age=dt.timedelta(minutes=minutes))
    found = Sku.objects.filter(store=store, is_active=True).aggregate(
        skus=Count("id"), stale=Count("id", filter=old), oldest=Min("stock_synced_at")
    )
    return StockFreshness(limit_minutes=minutes, **found)


@dataclass(frozen=True, kw_only=True, slots=True)
class StockAgeRow:
    sku: Sku
    reserved: int
    seconds_old: int | None  # None: never synchronised
    stale: bool
    blocked_lines: int  # of the last planned batches

    @property
    def available(self) -> int:
        return max(self.sku.on_hand - self.reserved, 0)


def stock_page(store: Store, *, now: dt.datetime, cursor: str = "") -> CursorPage:
    """50 active SKUs, the one that was synchronised longest ago first: five queries."""
    minutes = int(policy.in_force(now)["stock_max_age_minutes"])
    skus = Sku.objects.filter(store=store, is_active=True)
    if cursor:
        skus = skus.filter(_after_cursor(cursor))
    found = list(skus.order_by(F("stock_synced_at").asc(nulls_first=True), "id")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    ids = [sku.pk for sku in shown]
    claims = StockClaim.objects.live(now).filter(store=store, sku__in=ids)
    reserved = dict(claims.values_list("sku_id").annotate(Sum("quantity")))
    blocked = _count_blocked_lines(store, ids)
    rows = [
        _build_stock_row(
            sku, now, minutes, reserved=reserved.get(sku.pk, 0), blocked=blocked.get(sku.pk, 0)
        )
        for sku in shown
    ]
    if len(found) <= PAGE_SIZE:
        return CursorPage(rows=rows)
    at = shown[-1].stock_synced_at
    return CursorPage(
        rows=rows, next_cursor=encode_cursor(at.isoformat() if at else "", shown[-1].pk)
    )


def _build_stock_row(
    sku: Sku, now: dt.datetime, minutes: int, *, reserved: int, blocked: int
) -> StockAgeRow:
    age = None if sku.stock_synced_at is None else now - sku.stock_synced_at
    return StockAgeRow(
        sku=sku,
        reserved=reserved,
        seconds_old=None if age is None else int(age.total_seconds()),
        stale=age is None or age > dt.timedelta(minutes=minutes),
        blocked_lines=blocked,
    )


def _after_cursor(cursor: str) -> Q:
    text, pk = decode_cursor(cursor, str, int)
    if not text:
        return Q(stock_synced_at__isnull=False) | Q(id__gt=pk)
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail="cursor") from None
    return Q(stock_synced_at__gt=at) | Q(stock_synced_at=at, id__gt=pk)


def _count_blocked_lines(store: Store, sku_ids: list[int]) -> dict[int, int]:
    last = Batch.objects.filter(store=store, planned_at__isnull=False).order_by(
        "-created_at", "-id"
    )
    batches = list(last.values_list("pk", flat=True)[:LAST_BATCHES])
    lines = RepeatLine.objects.filter(
        order__batch__in=batches, sku__in=sku_ids, codes__contains=[Code.STOCK_SYNC_STALE]
    )
    return dict(lines.order_by().values_list("sku_id").annotate(Count("id")))
