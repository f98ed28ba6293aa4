"""Failures are recorded as events, in the transaction that made the orders fail (R-72, R-76).

What stands in the rows is compared with the failures that were recorded and have not ended: a new
first cause is a new event, an order that is ready again ends the one that stood. Called twice, it
changes nothing.
"""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping

from django.db.models import Q, QuerySet

from diagnostics import attribution
from diagnostics.models import Failure
from marketplace.mirror.bulk_copy import copy_rows
from repurchase.batches.queries.failures import FailureCase, failure_cases
from repurchase.models import Batch, RepeatOrder

_FAILING = Q(codes__len__gt=0) | Q(status__in=list(attribution.END_CODE_BY_STATE))

COLUMNS = (
    "store_id",
    "batch",
    "subject",
    "at",
    "attempt",
    "version",
    "code",
    "codes",
    "causes",
    "currency",
    "blocked_minor",
)


def record_changes(
    batches: Collection[Batch], orders: QuerySet[RepeatOrder], *, at: dt.datetime
) -> None:
    """Of these orders of the batches, as their rows are now: four queries and one COPY, however
    many batches."""
    by_ref = {batch.ref: batch for batch in batches}
    standing = _open_failure_codes(by_ref)
    if not standing and not orders.filter(_FAILING).exists():
        return  # the usual plan: every order is ready
    now_failing = {case.ref: case for case in failure_cases(orders, now=at)}
    asked = set(orders.values_list("ref", flat=True)) if standing else set(now_failing)
    changed = [
        ref
        for ref, case in now_failing.items()
        if ref in standing and standing[ref] != _first_cause_code(case)
    ]
    _end_failures(by_ref, asked & set(standing) - set(now_failing), how="cured", at=at)
    _end_failures(by_ref, changed, how="changed", at=at)
    new = (
        case for ref, case in now_failing.items() if standing.get(ref) != _first_cause_code(case)
    )
    rows = (_failure_row(by_ref[case.ref.rpartition("-")[0]], case, at) for case in new)
    copy_rows(Failure._meta.db_table, COLUMNS, rows)


def _open_failure_codes(refs: Collection[str]) -> Mapping[str, str]:
    return dict(
        Failure.objects.filter(batch__in=refs, ended_at=None).values_list("subject", "code")
    )


def _first_cause_code(case: FailureCase) -> str:
    return str(case.why.code)


def _end_failures(
    batches: Collection[str], refs: Collection[str], *, how: str, at: dt.datetime
) -> None:
    if refs:
        rows = Failure.objects.filter(batch__in=batches, ended_at=None, subject__in=refs)
        rows.update(ended_at=at, ended_how=how)


def _failure_row(batch: Batch, case: FailureCase, at: dt.datetime) -> Iterable[object]:
    codes = ",".join(attribution.list_cause_codes(case.causes))
    causes = json.dumps(
        [attribution.cause_to_json(cause) for cause in case.causes], ensure_ascii=False, default=str
    )
    return (
        batch.store_id,
        batch.ref,
        case.ref,
        at.isoformat(),
        batch.attempt,
        batch.version,
        _first_cause_code(case),
        f"{{{codes}}}",
        causes,
        case.currency,
        case.blocked_minor,
    )
