"""A batch's orders, page by page: bounded memory however long the batch is."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import QuerySet

from repurchase.models import Batch, LineService, OrderFee, RepeatLine, RepeatOrder
from repurchase.models.order_states import ACCEPTED, OrderStatus

PAGE = 250
"""Orders a page: four queries each, a few MB at three lines an order."""

WITH_LOCKED = ACCEPTED | {OrderStatus.LOCKED}
OrderPart = TypeVar("Part", RepeatLine, OrderFee)


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedOrder:
    """An order with its parts.

    Not by prefetching: an order and its prefetched lines point at each other, so that finished
    pages would wait in memory for the cycle collector (measured: it grew with the batch).
    """

    order: RepeatOrder
    lines: Sequence[RepeatLine]
    fees: Sequence[OrderFee]
    services: Mapping[int | None, Sequence[LineService]] = field(
        default_factory=dict
    )  # by source line; None: all


def iter_feed_pages(
    batch: Batch, *, now: dt.datetime, statuses: frozenset[OrderStatus]
) -> Iterator[list[FeedOrder]]:
    """The orders in one of the states at `now`, by position, each once, without those that are
    held back.

    A page is read after the one before it was sent: an order confirmed meanwhile is in its new
    state.
    """
    after = 0
    while orders := list(_feed_order_rows(batch, now, statuses).filter(position__gt=after)[:PAGE]):
        after = orders[-1].position
        yield _build_feed_orders(orders)


def get_feed_order(
    batch: Batch, ref: str, *, now: dt.datetime, statuses: frozenset[OrderStatus]
) -> FeedOrder | None:
    """The batch's order by its reference, in one of the states at `now`."""
    found = _load_feed_orders(list(_feed_order_rows(batch, now, statuses).filter(ref=ref)))
    return found[0] if found else None


def _load_feed_orders(orders: Sequence[RepeatOrder]) -> list[FeedOrder]:
    return _build_feed_orders(orders) if orders else []


def _build_feed_orders(orders: Sequence[RepeatOrder]) -> list[FeedOrder]:
    ids = [order.pk for order in orders]
    lines = RepeatLine.objects.select_related("sku", "source_line").defer("findings")
    lines_of = _group_by_order(lines.filter(order__in=ids).order_by("line_no"))
    fees_of = _group_by_order(
        OrderFee.objects.defer("detail").filter(order__in=ids).order_by("position")
    )
    services = _services_by_order_line(orders)
    return [
        FeedOrder(
            order=o, lines=lines_of[o.pk], fees=fees_of[o.pk], services=services[o.past_order_id]
        )
        for o in orders
    ]


def _services_by_order_line(
    orders: Sequence[RepeatOrder],
) -> dict[int, dict[int | None, list[LineService]]]:
    """The customised services that were not dismissed, by past order and by its line."""
    grouped: dict[int, dict[int | None, list[LineService]]] = defaultdict(lambda: defaultdict(list))
    rows = LineService.objects.filter(
        batch=orders[0].batch_id,
        past_order__in=[o.past_order_id for o in orders],
        dismissed_at=None,
    )
    for row in rows.order_by("id"):
        grouped[row.past_order_id][row.past_line_id].append(row)
    return grouped


def _group_by_order(parts: QuerySet[OrderPart]) -> dict[int, list[OrderPart]]:
    grouped: dict[int, list[OrderPart]] = defaultdict(list)
    for part in parts:
        grouped[part.order_id].append(part)
    return grouped


def _feed_order_rows(
    batch: Batch, now: dt.datetime, statuses: frozenset[OrderStatus]
) -> QuerySet[RepeatOrder]:
    return (
        RepeatOrder.objects.at(now)
        .filter(store=batch.store_id, batch=batch, state__in=sorted(statuses), held_at=None)
        .select_related("past_order", "lock__rate_set", "lock__index_close", "service")
        .defer("findings", "codes", "past_order__note")
        .order_by("position")
    )
