"""Failed orders with their causes, as rows tell them: of an order, of a batch, of a store over a
time."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from diagnostics import attribution, failure_counts
from diagnostics.attribution import (
    END_CODE_BY_STATE,
    Cause,
    CauseRole,
    FailureFinding,
    TimelineEntry,
)
from diagnostics.codes import Code
from diagnostics.failure_counts import FailureShare, RecordedFailure
from diagnostics.models import Failure, LedgerEntry
from marketplace.models import Store
from repurchase.batches.queries.totals import LeftOutLines, sum_left_out_lines
from repurchase.models import Batch, LineOutcome, RepeatLine, RepeatOrder
from repurchase.models.order_states import OrderStatus

FAILING_STATUSES = (
    OrderStatus.FAILED,
    OrderStatus.EXCLUDED,
    OrderStatus.EXPIRED,
    OrderStatus.DECLINED,
    OrderStatus.TERMINATED,
)
UNDECIDED = (OrderStatus.FAILED, OrderStatus.EXCLUDED)
ORDER_FIELDS = (
    "pk",
    "ref",
    "past_order__number",
    "past_order_id",
    "state",
    "currency",
    "findings",
    "tax_minor",
    "total_minor",
    "past_order__freight_minor",
    "lock__expires_at",
    "changed_at",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureCase:
    """An order with what was found about it. `blocked_minor`: goods and freight that it holds up,
    before tax.

    Of an order that goes on without some lines it is what those lines come to.
    """

    ref: str
    number: str
    past_order_id: int
    state: str
    currency: str
    blocked_minor: int
    causes: tuple[Cause, ...]
    lines: Mapping[int, int] = field(default_factory=dict)  # what each comes to, by its number
    freight_minor: int = 0  # as it was charged then

    @property
    def first(self) -> Cause | None:
        return attribution.find_first_cause(self.causes)

    @property
    def why(self) -> Cause:
        """The first cause of an order that came to nothing: there always is one, nothing is
        "unknown" (R-72)."""
        if self.first is None:
            raise ValueError(f"{self.ref} is {self.state} without a cause")
        return self.first

    @property
    def distinct(self) -> list[tuple[Cause, tuple[int, ...]]]:
        return attribution.group_lines_by_cause(self.causes)

    @property
    def path(self) -> tuple[tuple[attribution.OrderStage, attribution.StageMark], ...]:
        return attribution.mark_stages(self.causes)


def failure_cases(
    orders: QuerySet[RepeatOrder], *, now: dt.datetime, failing: bool = True
) -> list[FailureCase]:
    """Two queries, by position. `failing`: only orders that came to nothing; else all that are
    asked for."""
    asked = orders.at(now)
    if failing:
        asked = asked.filter(state__in=FAILING_STATUSES)
    rows = [
        dict(zip(ORDER_FIELDS, row, strict=True))
        for row in asked.order_by("position").values_list(*ORDER_FIELDS)
    ]
    lines = _lines_by_order([row["pk"] for row in rows])
    return [_build_case(row, lines[row["pk"]]) for row in rows]


def _lines_by_order(order_ids: Sequence[int]) -> Mapping[int, list[tuple]]:
    by_order: dict[int, list[tuple]] = defaultdict(list)
    rows = RepeatLine.objects.filter(order__in=order_ids).order_by("order_id", "line_no")
    for order_id, *line in rows.values_list(
        "order_id", "line_no", "base_minor", "outcome", "findings"
    ):
        by_order[order_id].append(tuple(line))
    return by_order


def _build_case(row: Mapping[str, Any], lines: Sequence[tuple]) -> FailureCase:
    of_lines = [_read_finding(f, line=no) for no, _, _, findings in lines for f in findings]
    of_order = [_read_finding(f) for f in row["findings"]]
    if row["state"] in FAILING_STATUSES and row["state"] not in UNDECIDED and not of_order:
        of_order = [_lock_ending(row)]
    return FailureCase(
        ref=row["ref"],
        number=row["past_order__number"],
        past_order_id=row["past_order_id"],
        state=row["state"],
        currency=row["currency"],
        blocked_minor=_blocked_minor(row, lines),
        causes=attribution.attribute(attribution.merge_findings(of_order, of_lines)),
        lines={no: base for no, base, _, _ in lines},
        freight_minor=row["past_order__freight_minor"],
    )


def _read_finding(finding: Mapping[str, Any], line: int | None = None) -> FailureFinding:
    return FailureFinding(code=Code(finding["code"]), evidence=finding["evidence"], line=line)


def _lock_ending(row: Mapping[str, Any]) -> FailureFinding:
    """How a locked order ended; an expired one at its lock's end, whenever that was noticed."""
    code = END_CODE_BY_STATE[row["state"]]
    at = row["lock__expires_at"] if code is Code.LOCK_EXPIRED else row["changed_at"]
    return FailureFinding(code=code, evidence={"value": at.isoformat()})


def _blocked_minor(row: Mapping[str, Any], lines: Sequence[tuple]) -> int:
    if row["state"] not in FAILING_STATUSES:
        return sum(base for _, base, outcome, _ in lines if outcome != LineOutcome.PLANNED)
    if row["total_minor"]:
        return row["total_minor"] - row["tax_minor"]
    return sum(base for _, base, _, _ in lines) + row["past_order__freight_minor"]


# --- Of an order
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderDiagnosis:
    order: RepeatOrder
    case: FailureCase
    timeline: tuple[TimelineEntry, ...]


def order_diagnosis(store: Store, ref: str, *, now: dt.datetime) -> OrderDiagnosis:
    """The store's order with its causes and everything that happened to it, or 404: five
    queries."""
    order = get_object_or_404(
        RepeatOrder.objects.at(now).select_related("batch__buyer", "past_order", "store"),
        store=store,
        ref=ref,
    )
    of_this = RepeatOrder.objects.filter(pk=order.pk)
    return OrderDiagnosis(
        order=order,
        case=failure_cases(of_this, now=now, failing=False)[0],
        timeline=attribution.sort_timeline(
            [*_source_events(order), *_failure_events(order), *_ledger_events(order.batch)]
        ),
    )


def _source_events(order: RepeatOrder) -> Iterable[TimelineEntry]:
    if order.past_order.completed_at:
        yield TimelineEntry(
            at=order.past_order.completed_at,
            kind="source.completed",
            facts={"number": order.past_order.number},
        )


def _ledger_events(batch: Batch) -> Iterable[TimelineEntry]:
    entries = LedgerEntry.objects.filter(store_id=batch.store_id, subject=f"batch:{batch.ref}")
    for entry in entries.exclude(kind="chunk.generated").order_by("seq"):
        yield TimelineEntry(at=entry.at, kind=entry.kind, by=entry.by, facts=entry.facts)


def _failure_events(order: RepeatOrder) -> Iterable[TimelineEntry]:
    for row in Failure.objects.filter(store_id=order.store_id, subject=order.ref).order_by("pk"):
        causes = tuple(
            cause
            for cause, _ in attribution.group_lines_by_cause(
                map(attribution.cause_from_json, row.causes)
            )
        )
        yield TimelineEntry(
            at=row.at, kind="order.failed", causes=causes, facts={"attempt": row.attempt}
        )
        if row.ended_how == "cured":
            yield TimelineEntry(at=row.ended_at, kind="order.cured", facts={"code": row.code})


# --- Of a batch
# ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchDiagnosis:
    batch: Batch
    cases: Sequence[FailureCase]  # of the orders that came to nothing, by position
    shares: Sequence[FailureShare]  # by first cause
    blocked: Mapping[str, int]
    left_out: Sequence[
        LeftOutLines
    ]  # every line that is not offered, those of orders that go on without it included
    beside: Sequence[tuple[Code, int]]  # codes found beside a first cause, in so many orders
    timeline: tuple[TimelineEntry, ...]


def batch_diagnosis(batch: Batch, *, now: dt.datetime) -> BatchDiagnosis:
    """Four queries, whatever its size."""
    found = failure_cases(batch.orders, now=now)
    failed = [failure_of_case(case, now) for case in found]
    return BatchDiagnosis(
        batch=batch,
        cases=found,
        shares=failure_counts.count_by_cause(failed),
        blocked=failure_counts.sum_blocked_amounts(failed),
        left_out=sum_left_out_lines(batch.orders.all()),
        beside=_count_secondary_codes(found),
        timeline=batch_timeline(batch),
    )


def batch_timeline(batch: Batch) -> tuple[TimelineEntry, ...]:
    return attribution.sort_timeline(_ledger_events(batch))


def failure_of_case(case: FailureCase, at: dt.datetime) -> RecordedFailure:
    return RecordedFailure(
        ref=case.ref,
        at=at,
        code=case.why.code,
        currency=case.currency,
        blocked_minor=case.blocked_minor,
    )


def _count_secondary_codes(found: Iterable[FailureCase]) -> list[tuple[Code, int]]:
    counts: dict[Code, int] = defaultdict(int)
    for case in found:
        for code in {cause.code for cause in case.causes if cause.role is CauseRole.ALSO}:
            counts[code] += 1
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


# --- Of a store over a time
# -----------------------------------------------------------------------------


def list_failures(store: Store, *, since: dt.datetime, until: dt.datetime) -> list[RecordedFailure]:
    """The raw events of `[since, until)`, oldest first: what every share is counted from. One
    query."""
    rows = Failure.objects.filter(store_id=store.pk, at__gte=since, at__lt=until).order_by(
        "at", "pk"
    )
    fields = ("subject", "at", "code", "currency", "blocked_minor")
    return [
        RecordedFailure(ref=ref, at=at, code=Code(code), currency=currency, blocked_minor=minor)
        for ref, at, code, currency, minor in rows.values_list(*fields)
    ]
