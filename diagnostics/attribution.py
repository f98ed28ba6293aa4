"""Which finding made an order fail, and which only followed from it (R-69 to R-72, R-75, R-76).
Pure.

An order has one first cause: it is what a failure is counted by. Everything else that was found is
told beside it, with the part that it played.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Any

from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code, Severity

C = Code  # named some sixty times below


class CauseRole(StrEnum):
    FIRST = "first"  # the order failed by it
    ALSO = "also"  # it would have failed the order on its own
    CONSEQUENCE = "consequence"  # it follows from another finding and goes with it
    LINE = "line"  # it stops its line; the order's other lines go on without it


class OrderStage(IntEnum):
    """How early in the path of an order a code is found: of two causes the earlier one counts as
    the first."""

    STORE = 1
    BUYER = 2
    ORDER = 3
    ROUTE = 4
    LINE = 5
    PRICE = 6
    LOCK = 7


STAGE_BY_CODE: Mapping[Code, OrderStage] = {
    **dict.fromkeys(
        (C.QUALIFICATION_REQUIRED, C.STORE_NOT_VERIFIED, C.STORE_LEVEL_TOO_LOW, C.DISPUTE_RATE_TOO_HIGH,
         C.DISPUTE_RATE_NOT_EVALUABLE), OrderStage.STORE),
    **dict.fromkeys(
        (C.BUYER_NOT_CERTIFIED, C.BUYER_CERTIFICATE_EXPIRED, C.BUYER_TOO_FEW_ORDERS, C.BUYER_GMV_TOO_LOW), OrderStage.BUYER),
    **dict.fromkeys(
        (C.ORDER_NOT_COMPLETED, C.ORDER_TOO_OLD, C.ORDER_UNRATED, C.ORDER_RATING_TOO_LOW, C.ORDER_ALREADY_LOCKED),
        OrderStage.ORDER),
    **dict.fromkeys((C.PARTY_SCREENED_OUT, C.EXPORT_CONTROLLED, C.LANE_UNREACHABLE, C.TRANSIT_TOO_SLOW), OrderStage.ROUTE),
    **dict.fromkeys(
        (C.SKU_NOT_STANDARD, C.SKU_INACTIVE, C.STOCK_SYNC_STALE, C.STOCK_TOO_LOW, C.MOQ_NOT_MET, C.HS_CODE_MISSING,
         C.WEIGHT_MISSING, C.REGISTRATION_MISSING, C.REGISTRATION_EXPIRED, C.PRICE_OUT_OF_BAND,
         C.PRICE_REFERENCE_MISSING), OrderStage.LINE),
    **dict.fromkeys(
        (C.FX_RATE_MISSING, C.FX_RATE_STALE, C.COMMISSION_RATE_MISSING, C.FREIGHT_UNAVAILABLE, C.TAX_CODE_MISSING,
         C.ORDER_WITHOUT_LINES), OrderStage.PRICE),
    C.CAPACITY_EXCEEDED: OrderStage.LOCK,
}  # fmt: skip
"""A code that is not named is of the lock or later."""

EXPLAINING_CODES: Mapping[Code, frozenset[Code]] = {
    C.ORDER_WITHOUT_LINES: frozenset(
        {
            *(c for c, s in STAGE_BY_CODE.items() if s is OrderStage.LINE),
            C.FX_RATE_MISSING,
            C.FX_RATE_STALE,
        }
    ),
    C.STOCK_TOO_LOW: frozenset(
        {C.STOCK_SYNC_STALE}
    ),  # the level that it was judged by was out of date
    C.PRICE_REFERENCE_MISSING: frozenset({C.SKU_INACTIVE}),  # off sale, off the list
}
"""Which codes explain a code away. Of a SKU only what was found about the same SKU counts."""

END_CODE_BY_STATE: Mapping[str, Code] = {
    "expired": C.LOCK_EXPIRED,
    "declined": C.BUYER_DECLINED,
    "terminated": C.RENEGOTIATION_LAPSED,
}
"""By a locked order's state, the code of its end; one that was cancelled was the seller's
decision, no failure."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureFinding:
    """`line`: its number, None for the whole order. `decisive`: the order fails while it stands."""

    code: Code
    evidence: Mapping[str, Any] = field(default_factory=dict)
    line: int | None = None
    decisive: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    found: FailureFinding
    role: CauseRole
    because: Code | None = None  # of a consequence: what it follows from

    @property
    def code(self) -> Code:
        return self.found.code


def merge_findings(
    of_order: Sequence[FailureFinding], of_lines: Sequence[FailureFinding]
) -> list[FailureFinding]:
    """One list: an order that keeps no line repeats its lines' codes, and the line tells more."""
    said = {found.code for found in of_order}
    lines = [replace(found, decisive=found.code in said) for found in of_lines]
    on_lines = {found.code for found in lines}
    return [*(found for found in of_order if found.code not in on_lines), *lines]


def attribute(findings: Sequence[FailureFinding]) -> tuple[Cause, ...]:
    """Each finding with its part, the first cause first. At most one is FIRST; none where nothing
    is decisive."""
    roots = [_root_finding(found, findings) for found in findings]
    decisive = [root for found, root in zip(findings, roots, strict=True) if found.decisive]
    first = min(decisive, key=lambda f: _finding_rank(f, findings), default=None)
    causes = [
        _build_cause(f, root, first, decisive) for f, root in zip(findings, roots, strict=True)
    ]
    return tuple(
        sorted(
            causes, key=lambda c: (list(CauseRole).index(c.role), _finding_rank(c.found, findings))
        )
    )


def _root_finding(found: FailureFinding, findings: Sequence[FailureFinding]) -> FailureFinding:
    """What it follows from, and that from, to the end; itself where it stands on its own."""
    sources = EXPLAINING_CODES.get(found.code, frozenset())
    before = [
        f for f in findings if f.code in sources and f is not found and _same_subject(found, f)
    ]
    return (
        _root_finding(min(before, key=lambda f: _finding_rank(f, findings)), findings)
        if before
        else found
    )


def _same_subject(one: FailureFinding, other: FailureFinding) -> bool:
    if "sku" in one.evidence and "sku" in other.evidence:
        return one.evidence["sku"] == other.evidence["sku"]
    return one.line is None or one.line == other.line


def _finding_rank(
    found: FailureFinding, findings: Sequence[FailureFinding]
) -> tuple[bool, int, int]:
    """What nothing can cure comes before what somebody can, then the earlier in the path, then as
    they were found."""
    final = CATALOGUE[found.code].severity is Severity.FINAL
    return not final, STAGE_BY_CODE.get(found.code, OrderStage.LOCK), findings.index(found)


def _build_cause(
    found: FailureFinding,
    root: FailureFinding,
    first: FailureFinding | None,
    decisive: Sequence[FailureFinding],
) -> Cause:
    if found is first:
        return Cause(found=found, role=CauseRole.FIRST)
    if root is not found:
        return Cause(found=found, role=CauseRole.CONSEQUENCE, because=root.code)
    blocks = any(found is each for each in decisive)
    return Cause(found=found, role=CauseRole.ALSO if blocks else CauseRole.LINE)


def find_first_cause(causes: Iterable[Cause]) -> Cause | None:
    return next((cause for cause in causes if cause.role is CauseRole.FIRST), None)


def list_cause_codes(causes: Iterable[Cause]) -> list[Code]:
    return list(dict.fromkeys(cause.code for cause in causes))


def group_lines_by_cause(causes: Iterable[Cause]) -> list[tuple[Cause, tuple[int, ...]]]:
    """For readers: what was found about several lines alike is told once, with their numbers."""
    lines: dict[str, list[int]] = {}
    first: dict[str, Cause] = {}
    for cause in causes:
        key = f"{cause.code} {cause.because} {sorted(cause.found.evidence.items(), key=str)}"
        first.setdefault(key, cause)
        lines.setdefault(key, []).extend([cause.found.line] if cause.found.line is not None else [])
    return [(cause, tuple(lines[key])) for key, cause in first.items()]


class StageMark(StrEnum):
    CLEAR = "clear"  # nothing found
    LINE = "line"  # lines of it are out
    ALSO = "also"
    FIRST = "first"
    UNREACHED = "unreached"  # it came to nothing before


def mark_stages(causes: Sequence[Cause]) -> tuple[tuple[OrderStage, StageMark], ...]:
    """How far an order came: every stage with the gravest mark in it. Stages before the lock are
    all looked at."""
    first = find_first_cause(causes)
    marks = {stage: _gravest_mark(stage, causes) for stage in OrderStage}
    if first and STAGE_BY_CODE.get(first.code, OrderStage.LOCK) is not OrderStage.LOCK:
        marks[OrderStage.LOCK] = StageMark.UNREACHED
    return tuple(marks.items())


def _gravest_mark(stage: OrderStage, causes: Sequence[Cause]) -> StageMark:
    roles = {
        cause.role for cause in causes if STAGE_BY_CODE.get(cause.code, OrderStage.LOCK) is stage
    }
    found = (
        mark for mark in (StageMark.FIRST, StageMark.ALSO, StageMark.LINE) if mark.value in roles
    )
    return next(found, StageMark.CLEAR)


# --- What happened, in order
# -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineEntry:
    """An entry of a timeline: of the ledger, or of the failures. `kind` is in words where it is
    shown."""

    at: dt.datetime
    kind: str
    by: str = ""
    causes: tuple[Cause, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def sort_timeline(happenings: Iterable[TimelineEntry]) -> tuple[TimelineEntry, ...]:
    """Oldest first; what happened at one instant stays as it was told."""
    return tuple(sorted(happenings, key=lambda each: each.at))


# --- As rows keep them
# -------------------------------------------------------------------------------------------


def cause_to_json(cause: Cause) -> dict[str, Any]:
    """Plain JSON."""
    return {
        "code": str(cause.code),
        "role": str(cause.role),
        "because": cause.because and str(cause.because),
        "line": cause.found.line,
        "evidence": dict(cause.found.evidence),
    }


def cause_from_json(row: Mapping[str, Any]) -> Cause:
    found = FailureFinding(code=Code(row["code"]), evidence=row["evidence"], line=row["line"])
    return Cause(
        found=found,
        role=CauseRole(row["role"]),
        because=Code(row["because"]) if row["because"] else None,
    )
