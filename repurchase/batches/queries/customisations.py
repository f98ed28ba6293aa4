"""The customised services of a batch and where each stands (R-15): three queries for any number of
them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import QuerySet

from diagnostics.codes import Code
from marketplace import clock
from repurchase.batches.queries.pagination import PAGE, Page, decode, encode
from repurchase.models import Batch, LineOutcome, LineService, RepeatLine, RepeatOrder
from repurchase.models.order_states import OrderStatus

LINE = ("order_id", "source_line_id", "line_no", "quantity", "total_minor", "outcome", "codes")


class ServiceState(StrEnum):
    ASKED = "asked"  # the buyer confirms it, or its lines leave
    CONFIRMED = "confirmed"
    LEFT_OUT = "left_out"  # unconfirmed: its lines have left
    DISMISSED = "dismissed"  # by the seller, with a reason
    IDLE = (
        "idle"  # what it is for isn't repeated anyway, or was left out or lapsed as a whole order
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceView:
    """`lines`: the repeat lines that need it and still stand, all of the order's where it names
    none."""

    row: LineService
    order: RepeatOrder | None
    lines: Sequence[RepeatLine]
    state: ServiceState

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


def rows_of(batch: Batch) -> QuerySet[LineService]:
    rows = LineService.objects.filter(store=batch.store_id, batch=batch)
    return rows.select_related("past_line", "past_order").order_by(
        "past_order__number", "past_line__line_no", "id"
    )


def asked_services(batch: Batch) -> list[ServiceView]:
    """Those that the buyer is, or would be, asked to confirm."""
    return [view for view in views(batch, rows_of(batch)) if view.state is ServiceState.ASKED]


def counts_of_services(batch: Batch) -> dict[str, int]:
    counts = dict.fromkeys((str(state) for state in ServiceState), 0)
    for view in views(batch, rows_of(batch)):
        counts[view.state] += 1
    return counts


def services_of_order(order: RepeatOrder) -> list[ServiceView]:
    return views(order.batch, rows_of(order.batch).filter(past_order=order.past_order_id))


def batch_services(batch: Batch, *, cursor: str = "") -> Page:
    """A page of 50, in the order in which they were recorded."""
    rows = rows_of(batch).order_by("id")
    if cursor:
        rows = rows.filter(pk__gt=decode(cursor, int)[0])
    found = views(batch, rows[: PAGE + 1])
    return Page(
        rows=found[:PAGE], next_cursor=encode(found[PAGE - 1].id) if len(found) > PAGE else ""
    )


def views(batch: Batch, rows: Iterable[LineService]) -> list[ServiceView]:
    services = list(rows)
    if not services:
        return []
    wanted = RepeatOrder.objects.at(clock.of_row()).filter(
        batch=batch, past_order__in={row.past_order_id for row in services}
    )
    orders = {
        order.past_order_id: order
        for order in wanted.select_related("past_order").defer("findings")
    }
    lines: dict[int, list[RepeatLine]] = defaultdict(list)
    mine = RepeatLine.objects.filter(order__in=[order.pk for order in orders.values()])
    for line in (
        mine.select_related("sku").only(*LINE, "sku__code", "sku__title").order_by("line_no")
    ):
        lines[line.order_id].append(line)
    return [_view(row, orders.get(row.past_order_id), lines) for row in services]


def _view(
    row: LineService, order: RepeatOrder | None, lines: dict[int, list[RepeatLine]]
) -> ServiceView:
    of_order = lines[order.pk] if order else []
    mine = [line for line in of_order if row.past_line_id in (None, line.source_line_id)]
    standing = [line for line in mine if line.outcome == LineOutcome.PLANNED]
    return ServiceView(
        row=row, order=order, lines=standing, state=_state(row, order, mine, standing)
    )


def _state(
    row: LineService,
    order: RepeatOrder | None,
    mine: Sequence[RepeatLine],
    standing: Sequence[RepeatLine],
) -> ServiceState:
    if row.dismissed_at:
        return ServiceState.DISMISSED
    if row.confirmed_at:
        return ServiceState.CONFIRMED
    if any(Code.CUSTOM_SERVICE_UNCONFIRMED in line.codes for line in mine):
        return ServiceState.LEFT_OUT
    asks = order is not None and order.state in (OrderStatus.PLANNED, OrderStatus.LOCKED)
    return ServiceState.ASKED if asks and standing else ServiceState.IDLE
