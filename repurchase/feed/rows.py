"""A batch's orders, page by page: bounded memory however long the batch is."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import QuerySet

from repurchase.lifecycle import ACCEPTED, OrderStatus
from repurchase.models import Batch, OrderFee, RepeatLine, RepeatOrder

PAGE = 250
"""Orders a page: three queries each, a few MB at three lines an order."""

WITH_LOCKED = ACCEPTED | {OrderStatus.LOCKED}
Part = TypeVar("Part", RepeatLine, OrderFee)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """An order with its parts.

    Not by prefetching: an order and its prefetched lines point at each other, so that finished pages would
    wait in memory for the cycle collector (measured: it grew with the batch).
    """

    order: RepeatOrder
    lines: Sequence[RepeatLine]
    fees: Sequence[OrderFee]


def pages(batch: Batch, *, now: dt.datetime, statuses: frozenset[OrderStatus]) -> Iterator[list[Row]]:
    """The orders in one of the states at `now`, by position, each once.

    A page is read after the one before it was sent: an order confirmed meanwhile is in its new state.
    """
    after = 0
    while orders := list(_orders(batch, now, statuses).filter(position__gt=after)[:PAGE]):
        after = orders[-1].position
        yield _rows(orders)


def _rows(orders: Sequence[RepeatOrder]) -> list[Row]:
    ids = [order.pk for order in orders]
    lines = RepeatLine.objects.select_related("sku", "source_line").defer("findings")
    lines_of = _by_order(lines.filter(order__in=ids).order_by("line_no"))
    fees_of = _by_order(OrderFee.objects.defer("detail").filter(order__in=ids).order_by("position"))
    return [Row(order=order, lines=lines_of[order.pk], fees=fees_of[order.pk]) for order in orders]


def _by_order(parts: QuerySet[Part]) -> dict[int, list[Part]]:
    grouped: dict[int, list[Part]] = defaultdict(list)
    for part in parts:
        grouped[part.order_id].append(part)
    return grouped


def _orders(batch: Batch, now: dt.datetime, statuses: frozenset[OrderStatus]) -> QuerySet[RepeatOrder]:
    return (
        RepeatOrder.objects.at(now)
        .filter(store=batch.store_id, batch=batch, state__in=sorted(statuses))
        .select_related("past_order", "lock__rate_set", "lock__index_close", "service")
        .defer("findings", "codes", "past_order__note")
        .order_by("position")
    )
