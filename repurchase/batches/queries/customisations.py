"""The customised services of a batch and where each stands (R-15): three queries for any number of
them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet

from diagnostics.codes import Code
from marketplace import clock
from repurchase.batches.queries.pagination import (
    PAGE_SIZE,
    CursorPage,
    decode_cursor,
    encode_cursor,
)
from repurchase.models import Batch, LineOutcome, LineService, RepeatLine, RepeatOrder
from repurchase.models.order_states import OrderStatus

LINE_FIELDS = (
    "order_id",
    "source_line_id",
    "line_no",
    "quantity",
    "total_minor",
    "outcome",
    "codes",
)


class CustomisationState(StrEnum):
    ASKED = "asked"  # the buyer confirms it, or its lines leave
    CONFIRMED = "confirmed"
    LEFT_OUT = "left_out"  # unconfirmed: its lines have left
    DISMISSED = "dismissed"  # by the seller, with a reason
    IDLE = (
        "idle"  # what it is for isn't repeated anyway, or was left out or lapsed as a whole order
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomisationView:
    """`lines`: the repeat lines that need it and still stand, all of the order's where it names
    none."""

    row: LineService
    order: RepeatOrder | None
    lines: Sequence[RepeatLine]
    state: CustomisationState

    @property
    def id(self) -> int:
        return self.row.pk

    @property
    def line_no(self) -> int | None:
        return self.row.past_line.line_no if self.row.past_line else None

    @property
    def text(self) -> str:
        return self.row.text

    @property
    def source_number(self) -> str:
        return self.row.past_order.number


def customisation_rows(batch: Batch) -> QuerySet[LineService]:
    rows = LineService.objects.filter(store=batch.store_id, batch=batch)
    return rows.select_related("past_line", "past_order").order_by(
        "past_order__number", "past_line__line_no", "id"
    )


def customisations_to_confirm(batch: Batch) -> list[CustomisationView]:
    """Those that the buyer is, or would be, asked to confirm."""
    return [
        view
        for view in customisation_views(batch, customisation_rows(batch))
        if view.state is CustomisationState.ASKED
    ]


def count_customisations(batch: Batch) -> dict[str, int]:
    counts = dict.fromkeys((str(state) for state in CustomisationState), 0)
    for view in customisation_views(batch, customisation_rows(batch)):
        counts[view.state] += 1
    return counts


def order_customisations(order: RepeatOrder) -> list[CustomisationView]:
    return customisation_views(
        order.batch, customisation_rows(order.batch).filter(past_order=order.past_order_id)
    )


def batch_customisations(batch: Batch, *, cursor: str = "") -> CursorPage:
    """A page of 50, in the order in which they were recorded."""
    rows = customisation_rows(batch).order_by("id")
    if cursor:
        rows = rows.filter(pk__gt=decode_cursor(cursor, int)[0])
    found = customisation_views(batch, rows[: PAGE_SIZE + 1])
    return CursorPage(
        rows=found[:PAGE_SIZE],
        next_cursor=encode_cursor(found[PAGE_SIZE - 1].id) if len(found) > PAGE_SIZE else "",
    )


def customisation_views(batch: Batch, rows: Iterable[LineService]) -> list[CustomisationView]:
    services = list(rows)
    if not services:
        return []
    wanted = RepeatOrder.objects.at(clock.store_now_expression()).filter(
        batch=batch, past_order__in={row.past_order_id for row in services}
    )
    orders = {
        order.past_order_id: order
        for order in wanted.select_related("past_order").defer("findings")
    }
    lines: dict[int, list[RepeatLine]] = defaultdict(list)
    mine = RepeatLine.objects.filter(order__in=[order.pk for order in orders.values()])
    for line in (
        mine.select_related("sku").only(*LINE_FIELDS, "sku__code", "sku__title").order_by("line_no")
    ):
        lines[line.order_id].append(line)
    return [_build_view(row, orders.get(row.past_order_id), lines) for row in services]


def _build_view(
    row: LineService, order: RepeatOrder | None, lines: dict[int, list[RepeatLine]]
) -> CustomisationView:
    of_order = lines[order.pk] if order else []
    mine = [line for line in of_order if row.past_line_id in (None, line.source_line_id)]
    standing = [line for line in mine if line.outcome == LineOutcome.PLANNED]
    return CustomisationView(
        row=row, order=order, lines=standing, state=_customisation_state(row, order, mine, standing)
    )


def _customisation_state(
    row: LineService,
    order: RepeatOrder | None,
    mine: Sequence[RepeatLine],
    standing: Sequence[RepeatLine],
) -> CustomisationState:
    if row.dismissed_at:
        return CustomisationState.DISMISSED
    if row.confirmed_at:
        return CustomisationState.CONFIRMED
    if any(Code.CUSTOM_SERVICE_UNCONFIRMED in line.codes for line in mine):
        return CustomisationState.LEFT_OUT
    asks = order is not None and order.state in (OrderStatus.PLANNED, OrderStatus.LOCKED)
    return CustomisationState.ASKED if asks and standing else CustomisationState.IDLE
