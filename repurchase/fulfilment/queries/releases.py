"""Released orders and the ERP that they went to."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import Store
from repurchase.batches.queries.pagination import (
    PAGE_SIZE,
    CursorPage,
    decode_cursor,
    encode_cursor,
)
from repurchase.models import Batch, ErpConnection, ErpProduct, ErpResponse, Release
from repurchase.models.order_states import OrderStatus

STATES: dict[str, Q] = {
    "all": Q(),
    "open": Q(acknowledged_at=None),
    "acknowledged": Q(acknowledged_at__isnull=False, shipped_at=None),
    "shipped": Q(shipped_at__isnull=False, completed_at=None),
    "completed": Q(completed_at__isnull=False),
}


def list_page(store: Store, *, state: str = "all", cursor: str = "") -> CursorPage:
    """50 releases, the newest first."""
    rows = Release.objects.filter(STATES[state], store=store).select_related(
        "order__batch", "erp__product"
    )
    rows = rows.order_by("-released_at", "-pk")
    if cursor:
        at, pk = _parse_cursor(cursor)
        rows = rows.filter(Q(released_at__lt=at) | Q(released_at=at, pk__lt=pk))
    found = list(rows[: PAGE_SIZE + 1])
    last = found[PAGE_SIZE - 1] if len(found) > PAGE_SIZE else None
    return CursorPage(
        rows=found[:PAGE_SIZE],
        next_cursor=encode_cursor(last.released_at.isoformat(), last.pk) if last else "",
    )


def _parse_cursor(cursor: str) -> tuple[dt.datetime, int]:
    at, pk = decode_cursor(cursor, str, int)
    try:
        return dt.datetime.fromisoformat(at), pk
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail="cursor") from None


def connection_summary(store: Store) -> dict[str, Any]:
    live = (
        ErpConnection.objects.filter(store=store, ended_at=None).select_related("product").first()
    )
    return {
        "connected": live is not None,
        "code": live.product.code if live else "",
        "name": live.product.name if live else "",
        "version": live.version if live else "",
        "simulated": bool(live and live.simulated),
        "connected_at": live and live.connected_at,
        "known": list_erp_products(),
    }


def list_erp_products() -> QuerySet[ErpProduct]:
    return ErpProduct.objects.filter(active=True).order_by("pk")


@dataclass(frozen=True, kw_only=True, slots=True)
class FulfilmentProgress:
    """How far the confirmed orders of a batch are, counted from rows."""

    awaiting_payment: int
    paid: int
    released: int
    acknowledged: int
    shipped: int
    completed: int


def fulfilment_progress(batch: Batch) -> FulfilmentProgress:
    counted = batch.orders.aggregate(
        **{
            state.value: Count("pk", filter=Q(status=state))
            for state in (
                OrderStatus.AWAITING_PAYMENT,
                OrderStatus.PAID,
                OrderStatus.RELEASED,
                OrderStatus.SHIPPED,
                OrderStatus.COMPLETED,
            )
        },
        acknowledged=Count("release", filter=Q(release__acknowledged_at__isnull=False)),
    )
    return FulfilmentProgress(**counted)


def list_undecided_responses(store: Store) -> QuerySet[ErpResponse]:
    """Answers of the ERP that change or refuse a line, and wait for a person; the oldest first."""
    waiting = ErpResponse.objects.filter(store=store, decided_at=None).exclude(verdict="accepted")
    return waiting.select_related("order__batch").order_by("received_at", "pk")
