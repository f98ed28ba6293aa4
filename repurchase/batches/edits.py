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
from marketplace.money import half_up_ratio

MAX_PROMISE_DAYS = 365
MAX_PIECES = 1_000_000


class By(StrEnum):
    """What an edit chooses its lines by."""

    ALL = "all"
    SKUS = "skus"
    CATEGORIES = "categories"
    ORDERS = "orders"
    LINES = "lines"


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """`ids`: of SKUs, categories, past orders or past lines. A promise holds for the whole order
    of a line.

    `promise_date` is a day, `promise_days` counts from the day of the screening; at most one of
    them.
    """

    by: By
    ids: frozenset[int] = frozenset()
    moq: int | None = None
    quantity: int | None = None
    promise_days: int | None = None
    promise_date: dt.date | None = None
    special_clearance: bool | None = None  # 专线清关通道 for the orders of its lines

    def names(self, *, order_id: int, line_id: int, sku_id: int, category_id: int) -> bool:
        match self.by:
            case By.ALL:
                return True
            case By.SKUS:
                return sku_id in self.ids
            case By.CATEGORIES:
                return category_id in self.ids
            case By.ORDERS:
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


def edited(order: OrderFacts, edits: Sequence[Edit], *, today: dt.date) -> OrderFacts:
    """The order as the edits leave it, in their order: the last word on each value counts."""
    lines = tuple(_line(x, [e for e in edits if e.reaches(x, order.id)]) for x in order.lines)
    return order._replace(
        lines=lines,
        promise_days=_promise_days(order, edits, today),
        special_clearance=_special_clearance(order, edits),
    )


def _special_clearance(order: OrderFacts, edits: Sequence[Edit]) -> bool:
    said = (
        e.special_clearance
        for e in reversed(edits)
        if e.special_clearance is not None and any(e.reaches(x, order.id) for x in order.lines)
    )
    return next(said, order.special_clearance)


def _promise_days(order: OrderFacts, edits: Sequence[Edit], today: dt.date) -> int:
    said = (
        e.promised(today)
        for e in reversed(edits)
        if any(e.reaches(x, order.id) for x in order.lines)
    )
    return next((days for days in said if days is not None), order.promise_days)


def _line(line: LineFacts, edits: Sequence[Edit]) -> LineFacts:
    moq = next((e.moq for e in reversed(edits) if e.moq is not None), None)
    asked = next((e.quantity for e in reversed(edits) if e.quantity is not None), line.quantity)
    quantity = max(asked, moq or 0)  # an MOQ raises what is smaller
    if quantity == line.quantity:
        return line if moq is None else line._replace(moq=moq)
    return line._replace(moq=moq, quantity=quantity, total_minor=base_of(line, quantity))


def base_of(source: LineFacts, quantity: int) -> int:
    """R-17: round(paid line total × q′ ÷ q), half up."""
    return half_up_ratio(source.total_minor * quantity, source.quantity)


# --- As rows keep them
# ----------------------------------------------------------------------------------------


def kept(edit: Edit) -> dict[str, Any]:
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


def read(row: Mapping[str, Any]) -> Edit:
    day = row.get("promise_date")
    return Edit(
        by=By(row["by"]),
        ids=frozenset(row.get("ids", ())),
        moq=row.get("moq"),
        quantity=row.get("quantity"),
        promise_days=row.get("promise_days"),
        promise_date=dt.date.fromisoformat(day) if day else None,
        special_clearance=row.get("special_clearance"),
    )
