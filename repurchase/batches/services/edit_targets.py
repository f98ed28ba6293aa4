"""What a caller names in an edit → edits by ids, or a problem for each thing that can't be taken.
It reads nothing."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from diagnostics import problem_texts
from diagnostics.codes import Code
from diagnostics.problem import Problem
from repurchase.batches.edits import MAX_PIECES, MAX_PROMISE_DAYS, EditScope, PlanEdit
from repurchase.batches.queries.edits import SourceLine, SourceLines

MAX_PROBLEMS_SHOWN = 20
"""At most so many places are named in a refusal."""
UNKNOWN_NAME_CODES = {EditScope.SKUS: Code.SKU_UNKNOWN, EditScope.ORDERS: Code.ORDER_UNKNOWN}


@dataclass(frozen=True, kw_only=True, slots=True)
class EditRequest:
    """An edit in the caller's names: SKU or category codes, order numbers or references, or
    (order, line number)."""

    by: EditScope
    names: Sequence[Any] = ()
    moq: int | None = None
    quantity: int | None = None
    promise_days: int | None = None
    promise_date: dt.date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EditProblemRow:
    """Something that can't be taken, by its place in what was sent."""

    pointer: str
    code: Code
    evidence: dict[str, Any]


def resolve_edits(
    asked: Sequence[EditRequest],
    sources: SourceLines,
    *,
    before: Sequence[PlanEdit],
    today: dt.date,
) -> list[PlanEdit]:
    """EDIT_EMPTY, SKU_UNKNOWN, ORDER_UNKNOWN, INPUT_INVALID, MOQ_NOT_MET; the refusal's `rows`
    name every place."""
    if not asked:
        raise Problem(Code.EDIT_EMPTY)
    changes = [_build_edit(each, sources) for each in asked]
    if rows := list(
        islice(_find_problems(asked, changes, sources, before, today), MAX_PROBLEMS_SHOWN)
    ):
        raise Problem(
            rows[0].code, **rows[0].evidence, rows=[_serialize_problem(row) for row in rows]
        )
    return changes


def _find_problems(
    asked: Sequence[EditRequest],
    changes: Sequence[PlanEdit],
    sources: SourceLines,
    before: Sequence[PlanEdit],
    today: dt.date,
) -> Iterator[EditProblemRow]:
    """As they are asked for: of a call that is wrong all over only the first are looked for."""
    moqs: dict[int, int] = {}
    _set_moqs(moqs, before, sources)
    for place, (each, edit) in enumerate(zip(asked, changes, strict=True)):
        pointer = f"#/edits/{place}"
        wrong = False
        for row in (
            *islice(_unknown_names(each, sources, pointer), MAX_PROBLEMS_SHOWN),
            *_value_problems(each, today, pointer),
        ):
            wrong = True
            yield row
        _set_moqs(moqs, [edit], sources)
        if not wrong:
            yield from _quantities_below_moq(edit, sources, moqs, pointer)


def is_line_in_edit(edit: PlanEdit, line: SourceLine) -> bool:
    return edit.names(
        order_id=line.order_id, line_id=line.id, sku_id=line.sku_id, category_id=line.category_id
    )


def _build_edit(asked: EditRequest, sources: SourceLines) -> PlanEdit:
    known = sources.names.get(asked.by, {})
    return PlanEdit(
        by=asked.by,
        ids=frozenset(known[name] for name in asked.names if name in known),
        moq=asked.moq,
        quantity=asked.quantity,
        promise_days=asked.promise_days,
        promise_date=asked.promise_date,
    )


def _unknown_names(
    asked: EditRequest, sources: SourceLines, pointer: str
) -> Iterator[EditProblemRow]:
    if asked.by is EditScope.ALL:
        return
    known = sources.names[asked.by]
    if not asked.names:
        yield EditProblemRow(
            pointer=f"{pointer}/select/{asked.by}", code=Code.EDIT_EMPTY, evidence={}
        )
    for place, name in enumerate(asked.names):
        if name not in known:
            said = " ".join(map(str, name)) if isinstance(name, tuple) else name
            evidence = {"sku": said, "orders": [said], "detail": f"{asked.by}: {said}"}
            code = UNKNOWN_NAME_CODES.get(asked.by, Code.INPUT_INVALID)
            yield EditProblemRow(
                pointer=f"{pointer}/select/{asked.by}/{place}", code=code, evidence=evidence
            )


def _value_problems(asked: EditRequest, today: dt.date, pointer: str) -> Iterator[EditProblemRow]:
    values = (asked.moq, asked.quantity, asked.promise_days, asked.promise_date)
    if all(value is None for value in values):
        yield EditProblemRow(pointer=pointer, code=Code.EDIT_EMPTY, evidence={})
    limits = {
        "moq": (asked.moq, 1, MAX_PIECES),
        "quantity": (asked.quantity, 1, MAX_PIECES),
        "promise_days": (asked.promise_days, 1, MAX_PROMISE_DAYS),
        "promise_date": (
            asked.promise_date,
            today + dt.timedelta(days=1),
            today + dt.timedelta(days=MAX_PROMISE_DAYS),
        ),
    }
    for name, (value, low, high) in limits.items():
        if value is not None and not low <= value <= high:
            detail = f"{name}: {value} ({low} – {high})"
            yield EditProblemRow(
                pointer=f"{pointer}/{name}", code=Code.INPUT_INVALID, evidence={"detail": detail}
            )
    if asked.promise_days is not None and asked.promise_date is not None:
        detail = "promise_days, promise_date"
        yield EditProblemRow(
            pointer=f"{pointer}/promise_date", code=Code.INPUT_INVALID, evidence={"detail": detail}
        )


def _set_moqs(moqs: dict[int, int], edits: Iterable[PlanEdit], sources: SourceLines) -> None:
    """Writes what the edits set over the MOQs of the lines so far: once for each edit, whatever
    comes after it."""
    for edit in edits:
        if edit.moq is not None:
            moqs.update(
                (line.id, edit.moq) for line in sources.lines if is_line_in_edit(edit, line)
            )


def _quantities_below_moq(
    edit: PlanEdit, sources: SourceLines, moqs: Mapping[int, int], pointer: str
) -> Iterator[EditProblemRow]:
    """A quantity that is asked for has to reach the line's MOQ: its own where one was set, else
    the SKU's (R-16)."""
    if edit.quantity is None:
        return
    seen: set[str] = set()
    for line in sources.lines:
        if line.sku_code in seen or not is_line_in_edit(edit, line):
            continue
        moq = moqs.get(line.id, line.sku_moq)
        if edit.quantity < moq:
            seen.add(line.sku_code)
            evidence = {"sku": line.sku_code, "value": edit.quantity, "limit": moq}
            yield EditProblemRow(
                pointer=f"{pointer}/quantity", code=Code.MOQ_NOT_MET, evidence=evidence
            )


def _serialize_problem(row: EditProblemRow) -> dict[str, str]:
    said = problem_texts.describe(row.code, row.evidence)
    return {"pointer": row.pointer, "code": str(row.code), "detail": said.cause}
