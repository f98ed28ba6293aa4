"""The findings of a batch's orders and lines that are not repeated, in the order of their
positions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from repurchase.models import Batch, LineOutcome, RepeatLine
from repurchase.models.order_states import OrderStatus

ROWS_A_FETCH = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class ExclusionRow:
    """One finding: of an order, or of one of its lines."""

    order: str
    number: str
    status: str
    line_no: int | None
    sku: str
    code: str
    severity: str
    fixer: str
    cause: str
    fix: str
    evidence: Mapping[str, Any]


def iterate_exclusions(batch: Batch) -> Iterator[ExclusionRow]:
    """Two queries, read as they come: orders that failed or are excluded, then the lines left out
    of any order."""
    orders = batch.orders.filter(status__in=[OrderStatus.FAILED, OrderStatus.EXCLUDED]).order_by(
        "position"
    )
    rows = orders.values_list("ref", "past_order__number", "status", "findings")
    for ref, number, status, findings in rows.iterator(chunk_size=ROWS_A_FETCH):
        for finding in findings:
            yield _build_exclusion_row(finding, order=ref, number=number, status=status)
    lines = (
        RepeatLine.objects.filter(order__batch=batch)
        .exclude(outcome=LineOutcome.PLANNED)
        .exclude(findings=[])
        .order_by("order__position", "line_no")
    )
    columns = (
        "order__ref",
        "order__past_order__number",
        "outcome",
        "line_no",
        "sku__code",
        "findings",
    )
    for ref, number, outcome, line_no, sku, findings in lines.values_list(*columns).iterator(
        chunk_size=ROWS_A_FETCH
    ):
        for finding in findings:
            yield _build_exclusion_row(
                finding, order=ref, number=number, status=outcome, line_no=line_no, sku=sku
            )


def _build_exclusion_row(
    finding: Mapping[str, Any],
    *,
    order: str,
    number: str,
    status: str,
    line_no: int | None = None,
    sku: str = "",
) -> ExclusionRow:
    code, evidence = Code(finding["code"]), finding["evidence"]
    said, entry = problem_texts.describe(code, evidence), CATALOGUE[code]
    return ExclusionRow(
        order=order,
        number=number,
        status=status,
        line_no=line_no,
        sku=sku,
        code=str(code),
        severity=str(entry.severity),
        fixer=str(entry.fixer),
        cause=said.cause,
        fix=said.fix,
        evidence=evidence,
    )
