"""诊断报告: a PDF of an order (`order_reports` says when it is drawn); of a batch chunk by chunk,
with every cause in an attached CSV.

The batch's report is a row with a lease: two workers never make it at once, a lost one's is rung
again (reliability 6). Memory is bounded: the orders are read 500 at a time, and their rows go to a
file (R-73 to R-75).
"""

import csv
import datetime as dt
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import translation
from weasyprint import Attachment

from diagnostics import failure_counts, pdf, problem_texts, search
from diagnostics.attribution import TimelineEntry
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from diagnostics.failure_counts import FailureShare, RecordedFailure
from diagnostics.fixes import FixSearchResult, StoppedOrder
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror.rejected_rows import escape_formula
from marketplace.models import Store
from marketplace.money import decimal_text
from outbox import files
from outbox.task_queue import enqueue_task
from repurchase.batches.queries import failures
from repurchase.batches.queries.batches import get_batch as batch_of
from repurchase.batches.queries.failures import FAILING_STATUSES, FailureCase
from repurchase.batches.queries.fixes import FIXABLE_STATUSES, build_stopped_order
from repurchase.batches.queries.totals import LeftOutLines, sum_left_out_lines
from repurchase.models import Batch, DiagnosisReport
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus
from repurchase.site import rate_limits

log = structlog.get_logger(__name__)
Phase = DiagnosisReport.Phase

CHUNK_SIZE = 500
LEASE = dt.timedelta(minutes=3)
"""A chunk takes about a second and renews it; the pages take some seconds."""
MAX_TRIES = 4
IN_TEN_MINUTES = 20
"""So many reports of its batches a store may have made in ten minutes."""

REPORTS_KEPT = 3
"""So many finished reports of a batch are kept."""
COLUMNS = (
    "order",
    "source_order",
    "state",
    "currency",
    "held_up",
    "line",
    "role",
    "because",
    "code",
    "title",
    "cause",
    "fix",
    "who_can_fix",
    "found_at",
    "evidence",
)


# --- Of an order
# -------------------------------------------------------------------------------------------------


def render_for_order(store: Store, ref: str, *, now: dt.datetime) -> bytes:
    """In the language that is active; 404 for a stranger's."""
    found = failures.order_diagnosis(store, ref, now=now)
    page = render_to_string(
        "reports/order.html", {"found": found, "order": found.order, "now": now}
    )
    return pdf.render_pdf(page)


# --- Of a batch
# --------------------------------------------------------------------------------------------------


@transaction.atomic
def request_report(*, batch: Batch, by: str) -> DiagnosisReport:
    """One at a time for a batch and a language: what is being made is answered again.

    STATE_CONFLICT while screening, TOO_MANY_REQUESTS.
    """
    if batch.status == BatchStatus.SCREENING:
        raise Problem(Code.STATE_CONFLICT, state=batch.status, event="report")
    language = translation.get_language() or "zh-hans"
    Batch.objects.select_for_update().get(pk=batch.pk)
    unfinished = _unfinished_reports().filter(batch=batch, language=language, version=batch.version)
    if running := unfinished.first():
        return running
    if seconds := rate_limits.spend(
        f"batch-reports:{batch.store_id}", calls=IN_TEN_MINUTES, seconds=600
    ):
        raise Problem(Code.TOO_MANY_REQUESTS, value=round(seconds) or 1)
    now = clock.now()
    made = DiagnosisReport.objects.create(
        store=batch.store,
        batch=batch,
        version=batch.version,
        language=language,
        asked_at=now,
        asked_by=by,
        rung_at=now,
        total=batch.asked,
    )
    enqueue_task("repurchase.make_report", report_id=made.pk)
    return made


def _unfinished_reports():
    return DiagnosisReport.objects.exclude(phase__in=[Phase.DONE, Phase.FAILED])


def make(report_id: int) -> None:
    """Makes it, unless another worker has it or it is finished."""
    now = clock.now()
    mine = _unfinished_reports().filter(Q(busy_until=None) | Q(busy_until__lt=now), pk=report_id)
    if not mine.update(busy_until=now + LEASE, tries=F("tries") + 1, phase=Phase.READING, done=0):
        return
    report = DiagnosisReport.objects.select_related("store", "batch__store").get(pk=report_id)
    try:
        with translation.override(report.language), _temporary_csv() as rows:
            _write_report_files(report, rows)
    except Exception:
        failed = Phase.FAILED if report.tries >= MAX_TRIES else Phase.WAITING
        DiagnosisReport.objects.filter(pk=report.pk).update(phase=failed, busy_until=None)
        raise


def _temporary_csv() -> IO[str]:
    """For the CSV, with the mark that tells a spreadsheet that it is UTF-8."""
    return tempfile.NamedTemporaryFile("w", encoding="utf-8-sig", newline="", suffix=".csv")


def _write_report_files(report: DiagnosisReport, rows: IO[str]) -> None:
    now = clock.now(report.store)
    batch = batch_of(report.store, report.batch.ref, now=now)
    summary = _read_diagnoses(report, batch, rows, now)
    _publish_progress(report, phase=Phase.DRAWING, done=report.total)
    name = f"{batch.ref}-causes.csv"
    page = render_to_string(
        "reports/batch.html", {"batch": batch, "summary": summary, "now": now, "csv": name}
    )
    attached = Attachment(filename=rows.name, name=name, relationship="Data")
    content = pdf.render_pdf(page, attachments=[attached])
    _finish_report(report, files.save_in_folder("reports", content), len(content), now)


@dataclass(kw_only=True, slots=True)
class _ReportSummary:
    """What the pages tell: sums, and one order for each first cause; never every order."""

    failed: int = 0
    shares: tuple[FailureShare, ...] = ()
    blocked: dict[str, int] = field(default_factory=dict)
    left_out: Sequence[LeftOutLines] = ()
    cure: FixSearchResult | None = None
    examples: list[FailureCase] = field(default_factory=list)
    timeline: tuple[TimelineEntry, ...] = ()


def _read_diagnoses(
    report: DiagnosisReport, batch: Batch, rows: IO[str], now: dt.datetime
) -> _ReportSummary:
    failed: list[RecordedFailure] = []
    stopped: list[StoppedOrder] = []
    examples: dict[Code, FailureCase] = {}
    hopeless = 0
    writer = csv.writer(rows)
    writer.writerow(COLUMNS)
    for case in _iter_diagnosed_orders(report, batch, now):
        writer.writerows(_csv_cause_rows(case, batch))
        if case.state in FAILING_STATUSES:
            failed.append(failures.failure_of_case(case, now))
            examples.setdefault(case.why.code, case)
        if case.state in FIXABLE_STATUSES and (order := build_stopped_order(case)):
            stopped.append(order)
        elif case.state in FIXABLE_STATUSES and case.state != OrderStatus.PLANNED:
            hopeless += 1
    rows.flush()
    shares = failure_counts.count_by_cause(failed)
    return _ReportSummary(
        failed=len(failed),
        shares=shares,
        blocked=failure_counts.sum_blocked_amounts(failed),
        left_out=sum_left_out_lines(batch.orders.all()),
        cure=search.find_smallest_fixes(stopped, hopeless=hopeless),
        examples=[examples[share.code] for share in shares],
        timeline=failures.batch_timeline(batch),
    )


def _iter_diagnosed_orders(
    report: DiagnosisReport, batch: Batch, now: dt.datetime
) -> Iterator[FailureCase]:
    """Every order with something found, a chunk at a time; the report's row says how far it is."""
    for first in range(1, batch.asked + 1, CHUNK_SIZE):
        some = batch.orders.filter(position__gte=first, position__lt=first + CHUNK_SIZE)
        marked = some.filter(
            Q(codes__len__gt=0) | Q(status__in=FAILING_STATUSES) | Q(status=OrderStatus.LOCKED)
        )
        yield from (
            case for case in failures.failure_cases(marked, now=now, failing=False) if case.causes
        )
        _publish_progress(
            report, phase=Phase.READING, done=min(first + CHUNK_SIZE - 1, report.total)
        )


def _csv_cause_rows(case: FailureCase, batch: Batch) -> Iterator[list[str]]:
    """One a cause. Cells that a spreadsheet would run are neutralised (reliability 11)."""
    for cause in case.causes:
        evidence = dict(cause.found.evidence)
        said = problem_texts.describe(cause.code, evidence)
        row = (
            case.ref,
            case.number,
            case.state,
            case.currency,
            decimal_text(case.blocked_minor, case.currency),
            cause.found.line or "",
            cause.role,
            cause.because or "",
            cause.code,
            said.title,
            said.cause,
            said.fix,
            CATALOGUE[cause.code].fixer,
            evidence.get("as_of") or batch.screened_at.isoformat(),
            json.dumps(evidence, ensure_ascii=False, default=str),
        )
        yield [escape_formula(str(cell)) for cell in row]


def _publish_progress(report: DiagnosisReport, *, phase: str, done: int) -> None:
    """Told at once: nothing of this is in a transaction."""
    DiagnosisReport.objects.filter(pk=report.pk).update(
        phase=phase, done=done, busy_until=clock.now() + LEASE
    )


def _finish_report(report: DiagnosisReport, key: str, size: int, now: dt.datetime) -> None:
    DiagnosisReport.objects.filter(pk=report.pk).update(
        phase=Phase.DONE, file_key=key, file_bytes=size, made_at=now, busy_until=None
    )
    old = DiagnosisReport.objects.filter(batch=report.batch_id, phase=Phase.DONE).order_by("-pk")[
        REPORTS_KEPT:
    ]
    for each in old:
        files.discard(each.file_key)
        each.delete()


def read_pdf(report: DiagnosisReport) -> bytes:
    return files.read(report.file_key)


@transaction.atomic
def enqueue_due() -> int:
    """Rings again what nobody is making: a lost worker or an emptied broker costs minutes, never
    the report."""
    now = clock.now()
    due = (
        _unfinished_reports()
        .filter(rung_at__lt=now - LEASE)
        .filter(Q(busy_until=None) | Q(busy_until__lt=now))
    )
    rung = list(due.select_for_update(skip_locked=True).order_by("rung_at")[:50])
    for report in rung:
        gone = report.tries >= MAX_TRIES
        DiagnosisReport.objects.filter(pk=report.pk).update(
            rung_at=now, phase=Phase.FAILED if gone else Phase.WAITING
        )
        if not gone:
            enqueue_task("repurchase.make_report", report_id=report.pk)
    return len(rung)
