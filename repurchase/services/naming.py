"""What a caller names in an edit → edits by ids, or a problem for each thing that can't be taken. It reads nothing."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from diagnostics import words
from diagnostics.codes import Code
from diagnostics.problem import Problem
from repurchase.edits import MAX_PIECES, MAX_PROMISE_DAYS, By, Edit
from repurchase.queries.edits import SourceLine, SourceLines

SHOWN = 20
"""At most so many places are named in a refusal."""
UNKNOWN = {By.SKUS: Code.SKU_UNKNOWN, By.ORDERS: Code.ORDER_UNKNOWN}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """An edit in the caller's names: SKU or category codes, order numbers or references, or (order, line number)."""

    by: By
    names: Sequence[Any] = ()
    moq: int | None = None
    quantity: int | None = None
    promise_days: int | None = None
    promise_date: dt.date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Something that can't be taken, by its place in what was sent."""

    pointer: str
    code: Code
    evidence: dict[str, Any]


def resolved(
    asked: Sequence[Asked], sources: SourceLines, *, before: Sequence[Edit], today: dt.date
) -> list[Edit]:
    """EDIT_EMPTY, SKU_UNKNOWN, ORDER_UNKNOWN, INPUT_INVALID, MOQ_NOT_MET; the refusal's `rows` name every place."""
    changes: list[Edit] = []
    rows: list[Row] = []
    for place, each in enumerate(asked):
        pointer = f"#/edits/{place}"
        edit = _edit(each, sources)
        wrong = [*_unknown(each, sources, pointer), *_values(each, today, pointer)]
        wrong = wrong or list(_below_moq(edit, sources, [*before, *changes, edit], pointer))
        rows += wrong
        changes.append(edit)
    if not asked:
        raise Problem(Code.EDIT_EMPTY)
    if rows:
        raise Problem(rows[0].code, **rows[0].evidence, rows=[_told(row) for row in rows[:SHOWN]])
    return changes


def names(edit: Edit, line: SourceLine) -> bool:
    return edit.names(
        order_id=line.order_id, line_id=line.id, sku_id=line.sku_id, category_id=line.category_id
    )


def _edit(asked: Asked, sources: SourceLines) -> Edit:
    known = sources.names.get(asked.by, {})
    return Edit(
        by=asked.by,
        ids=frozenset(known[name] for name in asked.names if name in known),
        moq=asked.moq,
        quantity=asked.quantity,
        promise_days=asked.promise_days,
        promise_date=asked.promise_date,
    )


def _unknown(asked: Asked, sources: SourceLines, pointer: str) -> Iterator[Row]:
    if asked.by is By.ALL:
        return
    known = sources.names[asked.by]
    if not asked.names:
        yield Row(pointer=f"{pointer}/select/{asked.by}", code=Code.EDIT_EMPTY, evidence={})
    for place, name in enumerate(asked.names):
        if name not in known:
            said = " ".join(map(str, name)) if isinstance(name, tuple) else name
            evidence = {"sku": said, "orders": [said], "detail": f"{asked.by}: {said}"}
            code = UNKNOWN.get(asked.by, Code.INPUT_INVALID)
            yield Row(pointer=f"{pointer}/select/{asked.by}/{place}", code=code, evidence=evidence)


def _values(asked: Asked, today: dt.date, pointer: str) -> Iterator[Row]:
    values = (asked.moq, asked.quantity, asked.promise_days, asked.promise_date)
    if all(value is None for value in values):
        yield Row(pointer=pointer, code=Code.EDIT_EMPTY, evidence={})
    limits = {
        "moq": (asked.moq, 1, MAX_PIECES),
        "quantity": (asked.quantity, 1, MAX_PIECES),
        "promise_days": (asked.promise_days, 1, MAX_PROMISE_DAYS),
        "promise_date": (
            asked.promise_date, today + dt.timedelta(days=1), today + dt.timedelta(days=MAX_PROMISE_DAYS),
        ),
    }  # fmt: skip
    for name, (value, low, high) in limits.items():
        if value is not None and not low <= value <= high:
            detail = f"{name}: {value} ({low} – {high})"
            yield Row(pointer=f"{pointer}/{name}", code=Code.INPUT_INVALID, evidence={"detail": detail})
    if asked.promise_days is not None and asked.promise_date is not None:
        detail = "promise_days, promise_date"
        yield Row(pointer=f"{pointer}/promise_date", code=Code.INPUT_INVALID, evidence={"detail": detail})


def _below_moq(edit: Edit, sources: SourceLines, all_edits: Sequence[Edit], pointer: str) -> Iterator[Row]:
    """A quantity that is asked for has to reach the line's MOQ: its own where one was set, else the SKU's (R-16)."""
    if edit.quantity is None:
        return
    seen: set[str] = set()
    for line in sources.lines:
        if line.sku_code in seen or not names(edit, line):
            continue
        moq = _moq_of(line, all_edits)
        if edit.quantity < moq:
            seen.add(line.sku_code)
            evidence = {"sku": line.sku_code, "value": edit.quantity, "limit": moq}
            yield Row(pointer=f"{pointer}/quantity", code=Code.MOQ_NOT_MET, evidence=evidence)


def _moq_of(line: SourceLine, all_edits: Sequence[Edit]) -> int:
    own = next((e.moq for e in reversed(all_edits) if e.moq is not None and names(e, line)), None)
    return line.sku_moq if own is None else own


def _told(row: Row) -> dict[str, str]:
    said = words.of(row.code, row.evidence)
    return {"pointer": row.pointer, "code": str(row.code), "detail": said.cause}
