"""Pages behind cursors, as the API asks for them."""

import datetime as dt

from django.db.models import Q
from rest_framework.exceptions import ValidationError

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import Buyer, Store
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.queries import past_orders as past_order_queries
from repurchase.batches.queries.pagination import PAGE, Page, decode, encode


def past_orders(
    store: Store, *, now: dt.datetime, buyer: str, repeatable: bool, q: str, cursor: str
) -> Page:
    """`buyer` is the platform's id; one that the store does not have is refused, not an empty
    list."""
    found = Buyer.objects.filter(store=store, external_id=buyer).first() if buyer else None
    if buyer and not found:
        raise ValidationError({"buyer": "The store has no such buyer."})
    return past_order_queries.past_orders(
        store, now=now, buyer=found, repeatable=repeatable, q=q, cursor=cursor
    )


def batches(store: Store, *, now: dt.datetime, cursor: str) -> Page:
    """50 batches, newest first."""
    rows = batch_queries.batches(store, now=now)
    if cursor:
        at, pk = _position(cursor)
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=pk))
    found = list(rows[: PAGE + 1])
    if len(found) <= PAGE:
        return Page(rows=found)
    last = found[PAGE - 1]
    return Page(rows=found[:PAGE], next_cursor=encode(last.created_at.isoformat(), last.pk))


def _position(cursor: str) -> tuple[dt.datetime, int]:
    at, pk = decode(cursor, str, int)
    try:
        return dt.datetime.fromisoformat(at), pk
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail="cursor") from None
