"""Pages behind cursors, as the API asks for them."""

import datetime as dt

from django.db.models import Q
from rest_framework.exceptions import ValidationError

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import Buyer, Store
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.queries import past_orders as past_order_queries
from repurchase.batches.queries.pagination import (
    PAGE_SIZE,
    CursorPage,
    decode_cursor,
    encode_cursor,
)


def past_orders(
    store: Store, *, now: dt.datetime, buyer: str, repeatable: bool, q: str, cursor: str
) -> CursorPage:
    """`buyer` is the platform's id; one that the store does not have is refused, not an empty
    list."""
    found = Buyer.objects.filter(store=store, external_id=buyer).first() if buyer else None
    if buyer and not found:
        raise ValidationError({"buyer": "The store has no such buyer."})
    return past_order_queries.past_order_page(
        store, now=now, buyer=found, repeatable=repeatable, q=q, cursor=cursor
    )


def batches(store: Store, *, now: dt.datetime, cursor: str) -> CursorPage:
    """50 batches, newest first."""
    rows = batch_queries.list_batches(store, now=now)
    if cursor:
        at, pk = _parse_cursor_position(cursor)
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    found = list(rows[: PAGE_SIZE + 1])
    if len(found) <= PAGE_SIZE:
        return CursorPage(rows=found)
    last = found[PAGE_SIZE - 1]
    return CursorPage(
        rows=found[:PAGE_SIZE], next_cursor=encode_cursor(last.created_at.isoformat(), last.pk)
    )


def _parse_cursor_position(cursor: str) -> tuple[dt.datetime, int]:
    at, pk = decode_cursor(cursor, str, int)
    try:
        return dt.datetime.fromisoformat(at), pk
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail="cursor") from None
