"""A batch's orders, page by page: bounded memory however long the batch is."""

from collections.abc import Iterator, Sequence

from django.db.models import Prefetch, QuerySet

from repurchase.lifecycle import ACCEPTED, OrderStatus
from repurchase.models import Batch, OrderFee, RepeatLine, RepeatOrder

PAGE = 250
"""Orders a page: three queries each, a few MB at three lines an order."""

WITH_LOCKED = ACCEPTED | {OrderStatus.LOCKED}


def pages(batch: Batch, *, statuses: frozenset[OrderStatus]) -> Iterator[Sequence[RepeatOrder]]:
    """The orders in one of the states, by position, each once.

    A page is read after the one before it was sent: an order confirmed meanwhile is in its new state.
    """
    after = 0
    while page := list(_orders(batch, statuses).filter(position__gt=after)[:PAGE]):
        yield page
        after = page[-1].position


def _orders(batch: Batch, statuses: frozenset[OrderStatus]) -> QuerySet[RepeatOrder]:
    return (
        RepeatOrder.objects.filter(store=batch.store_id, batch=batch, status__in=sorted(statuses))
        .select_related("past_order", "lock__rate_set", "lock__index_close", "service")
        .defer("findings", "codes", "past_order__note")
        .prefetch_related(Prefetch("lines", _lines()), Prefetch("fees", _fees()))
        .order_by("position")
    )


def _lines() -> QuerySet[RepeatLine]:
    return RepeatLine.objects.select_related("sku", "source_line").defer("findings").order_by("line_no")


def _fees() -> QuerySet[OrderFee]:
    return OrderFee.objects.defer("detail").order_by("position")
