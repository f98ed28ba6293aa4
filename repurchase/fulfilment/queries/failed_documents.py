"""Papers that do not get made: for `/readyz`, for the operator, for the page of their batch."""

import datetime as dt
from collections.abc import Mapping

from django.db.models import F, Model, Q, QuerySet

from marketplace import clock
from outbox import document_jobs
from outbox.models import RenderJob
from pricing.models import Sealing
from repurchase.models import DiagnosisReport, Proforma

MAX_TRIES_BEFORE_ALARM = 3
"""In vain so often, in six minutes: time alone does not cure it."""
LATE_AFTER = dt.timedelta(minutes=10)
"""Wanted so long ago and not made: no worker serves the queue, or it is far behind."""
RECENT_PERIOD = dt.timedelta(days=1)
"""A report that failed is given up, and can be asked for again: after a day nobody waits for it."""


def failed_documents_by_kind() -> Mapping[type[Model], QuerySet]:
    """Unmade papers that were tried too often or are late, by kind."""
    return {
        Proforma: _failed_rows(Proforma),
        Sealing: _failed_rows(Sealing),
        DiagnosisReport: _failed_reports(),
    }


def count_failed_documents() -> int:
    return sum(found.count() for found in failed_documents_by_kind().values())


def has_failed_documents(batch_ref: str, store_id: int) -> bool:
    """Whether a paper of this batch was tried in vain: its page says so, and offers to try it at
    once."""
    unmade = (
        document_jobs.unfinished_jobs(Proforma).filter(batch__ref=batch_ref, store=store_id),
        document_jobs.unfinished_jobs(Sealing).filter(subject=batch_ref, store=store_id),
    )
    return any(found.filter(Q(tries__gt=1) | ~Q(error="")).exists() for found in unmade)


def _failed_rows(model: type[RenderJob]) -> QuerySet:
    late = Q(asked_at__lt=clock.store_now_expression() - LATE_AFTER)
    return document_jobs.unfinished_jobs(model).filter(
        Q(tries__gte=MAX_TRIES_BEFORE_ALARM) & ~Q(error="")
        | Q(tries__gt=MAX_TRIES_BEFORE_ALARM)
        | late
    )


def _failed_reports() -> QuerySet:
    failed = DiagnosisReport.objects.filter(phase=DiagnosisReport.Phase.FAILED)
    return failed.filter(asked_at__gt=clock.now() - RECENT_PERIOD).exclude(
        batch__reports__pk__gt=F("pk"), batch__reports__phase=DiagnosisReport.Phase.DONE
    )
