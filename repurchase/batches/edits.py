"""Edits of quantities, promises and the clearance channel, as a fold over a source order (R-16,
R-17, R-71). Pure.

An edit never touches a price: a line's base follows from what was paid for the source line and the
new quantity, whatever edits came before.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from eligibility.facts import LineFacts, OrderFacts
from marketplace.money import round_ratio_half_up

MAX_PROMISE_DAYS = 365
MAX_PIECES = 1_000_000


class EditScope(StrEnum):
    """What an edit chooses its lines by."""

    ALL = "all"
    SKUS = "skus"
    CATEGORIES = "categories"
    ORDERS = "orders"
    LINES = "lines"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanEdit:
    """`ids`: of SKUs, categories, past orders or past lines. A promise holds for the whole order
    of a line.

    `promise_date` is a day, `promise_days` counts from the day of the screening; at most one of
    them.
    """

    by: EditScope
    ids: frozenset[int] = frozenset()
    moq: int | None = None
    quantity: int | None = None
    promise_days: int | None = None
    promise_date: dt.date | None = None
    special_clearance: bool | None = None  # 专线清关通道 for the orders of its lines

    def names(self, *, order_id: int, line_id: int, sku_id: int, category_id: int) -> bool:
        match self.by:
            case EditScope.ALL:
                return True
            case EditScope.SKUS:
                return sku_id in self.ids
            case EditScope.CATEGORIES:
                return category_id in self.ids
            case EditScope.ORDERS:
                return order_id in self.ids
        return line_id in self.ids

    def reaches(self, line: LineFacts, order_id: int) -> bool:
        return self.names(
            order_id=order_id, line_id=line.id, sku_id=line.sku.id, category_id=line.sku.category_id
        )

    def promised(self, today: dt.date) -> int | None:
        """Days from the screening; a day that has passed since is 0, so that no carrier is quick
        enough."""
        if self.promise_date is not None:
            return max((self.promise_date - today).days, 0)
        return self.promise_days


def apply_edits(order: OrderFacts, edits: Sequence[PlanEdit], *, today: dt.date) -> OrderFacts:
    """The order as the edits leave it, in their order: the last word on each value counts."""
    lines = tuple(
        _apply_to_line(x, [e for e in edits if e.reaches(x, order.id)]) for x in order.lines
    )
    return order._replace(
        lines=lines,
        promise_days=_latest_promise_days(order, edits, today),
        special_clearance=_latest_special_clearance(order, edits),
    )


def _latest_special_clearance(order: OrderFacts, edits: Sequence[PlanEdit]) -> bool:
    said = (
        e.special_clearance
        for e in reversed(edits)
        if e.special_clearance is not None and any(e.reaches(x, order.id) for x in order.lines)
    )
    return next(said, order.special_clearance)


def _latest_promise_days(order: OrderFacts, edits: Sequence[PlanEdit], today: dt.date) -> int:
    said = (
        e.promised(today)
        for e in reversed(edits)
        if any(e.reaches(x, order.id) for x in order.lines)
    )
    return next((days for days in said if days is not None), order.promise_days)


def _apply_to_line(line: LineFacts, edits: Sequence[PlanEdit]) -> LineFacts:
    moq = next((e.moq for e in reversed(edits) if e.moq is not None), None)
    asked = next((e.quantity for e in reversed(edits) if e.quantity is not None), line.quantity)
    quantity = max(asked, moq or 0)  # an MOQ raises what is smaller
    if quantity == line.quantity:
        return line if moq is None else line._replace(moq=moq)
    return line._replace(moq=moq, quantity=quantity, total_minor=prorate_line_total(line, quantity))


def prorate_line_total(source: LineFacts, quantity: int) -> int:
    """R-17: round(paid line total × q′ ÷ q), half up."""
    return round_ratio_half_up(source.total_minor * quantity, source.quantity)


# --- As rows keep them
# ----------------------------------------------------------------------------------------


def serialize_edit(edit: PlanEdit) -> dict[str, Any]:
    """Plain JSON, without what is not set."""
    values = {
        "by": str(edit.by),
        "ids": sorted(edit.ids),
        "moq": edit.moq,
        "quantity": edit.quantity,
        "promise_days": edit.promise_days,
        "promise_date": edit.promise_date and edit.promise_date.isoformat(),
        "special_clearance": edit.special_clearance,
    }
    return {name: value for name, value in values.items() if value not in (None, [])}


def parse_edit(row: Mapping[str, Any]) -> PlanEdit:
    day = row.get("promise_date")
    return PlanEdit(
        by=EditScope(row["by"]),
        ids=frozenset(row.get("ids", ())),
        moq=row.get("moq"),
        quantity=row.get("quantity"),
        promise_days=row.get("promise_days"),
        promise_date=dt.date.fromisoformat(day) if day else None,
        special_clearance=row.get("special_clearance"),
    )
