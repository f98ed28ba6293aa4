"""What an ERP answers to an order, line by line, whatever format it came in (XML 1 or UBL
OrderResponse). Pure."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money


class ResponseVerdict(StrEnum):
    ACCEPTED = "accepted"
    CHANGED = "changed"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponseLine:
    """What is said about a line. On a changed one: what the ERP would do instead."""

    line: int
    verdict: ResponseVerdict
    quantity: int | None = None
    amount: str | None = None  # of the whole line, decimal text
    currency: str | None = None
    promise_date: dt.date | None = None
    reason: str = ""
    pointer: str = ""  # where in the document it stands


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderResponse:
    """`verdict` for the whole order holds for every line that is not named."""

    id: str
    order: str
    verdict: ResponseVerdict
    lines: Sequence[ResponseLine] = ()
    erp_number: str = ""
    note: str = ""
    pointer: str = ""

    @property
    def digest(self) -> str:
        """Over what is said, not how it was written: the same answer in another format is the
        same."""
        said = asdict(self)
        said["lines"] = [
            {k: v for k, v in line.items() if k != "pointer"} for line in said["lines"]
        ]
        said.pop("pointer")
        canonical = json.dumps(
            said, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str
        )
        return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmedLine:
    """A line as the buyer confirmed it."""

    line: int
    quantity: int
    total_minor: int
    currency: str


def judge_order_response(answer: OrderResponse, placed: Sequence[ConfirmedLine]) -> ResponseVerdict:
    """What the answer comes to: accepted only when every line is, as it was placed.

    INPUT_INVALID with `rows` for a line that the order has not, one named twice, one that is
    called accepted with other values, or called changed with the same.
    """
    known = {line.line: line for line in placed}
    rows = [row for line in answer.lines if (row := _line_error(line, known))]
    rows += _repeated_line_errors(answer.lines)
    if rows:
        raise Problem(Code.INPUT_INVALID, detail=f"{len(rows)} lines", rows=rows[:20])
    verdicts = {line.verdict for line in answer.lines}
    if len(answer.lines) < len(known):
        named_changes = answer.verdict is ResponseVerdict.CHANGED and answer.lines
        verdicts.add(ResponseVerdict.ACCEPTED if named_changes else answer.verdict)
    for worst in (ResponseVerdict.REFUSED, ResponseVerdict.CHANGED):
        if worst in verdicts:
            return worst if verdicts == {worst} else ResponseVerdict.CHANGED
    return ResponseVerdict.ACCEPTED


def _repeated_line_errors(lines: Sequence[ResponseLine]) -> list[dict[str, str]]:
    seen: set[int] = set()
    rows = []
    for line in lines:
        if line.line in seen:
            rows.append(_error_row(line.pointer, f"line {line.line} twice"))
        seen.add(line.line)
    return rows


def _line_error(line: ResponseLine, known: Mapping[int, ConfirmedLine]) -> dict[str, str] | None:
    placed = known.get(line.line)
    if placed is None:
        return _error_row(line.pointer, f"the order has no line {line.line}")
    try:
        same = _is_same(line, placed)
    except Problem as problem:
        return _error_row(line.pointer, str(problem))
    if line.verdict is ResponseVerdict.ACCEPTED and not same:
        return _error_row(
            line.pointer, f"line {line.line}: accepted, with other values than ordered"
        )
    if line.verdict is ResponseVerdict.CHANGED and same and line.promise_date is None:
        return _error_row(line.pointer, f"line {line.line}: changed, and nothing in it is")
    return None


def _is_same(line: ResponseLine, placed: ConfirmedLine) -> bool:
    quantity = line.quantity in (None, placed.quantity)
    if line.amount is None:
        return quantity
    money = Money.of(line.amount, line.currency or placed.currency)
    return quantity and money == Money(placed.total_minor, placed.currency)


def _error_row(pointer: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "detail": detail}
