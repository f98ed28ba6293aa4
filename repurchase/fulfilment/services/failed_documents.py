"""Papers that do not get made: the operator is told once, a member may have them tried at once."""

from django.db import transaction
from django.db.models import QuerySet

from marketplace import clock
from marketplace.mirror.quarantine import PLATFORM_STORE_ID
from outbox import document_jobs, emails
from outbox.models import RenderJob
from outbox.task_queue import enqueue_task
from pricing.models import Sealing
from pricing.services import agreement_sealing
from repurchase.fulfilment.queries.failed_documents import failed_documents_by_kind
from repurchase.fulfilment.services import proforma_invoices
from repurchase.models import Batch, Proforma

MAX_PER_PASS = 200


def alarm() -> int:
    """Tells the platform's staff of each paper that fails, once. Part of the sweep."""
    told = 0
    for model, found in failed_documents_by_kind().items():
        with transaction.atomic():
            rows = found.filter(alarmed_at=None).select_for_update(of=("self",), skip_locked=True)
            ids = list(rows.order_by("pk").values_list("pk", flat=True)[:MAX_PER_PASS])
            if not ids:
                continue
            now = clock.now()
            model.objects.filter(pk__in=ids).update(alarmed_at=now)
            emails.write(
                kind="repurchase.papers_failing",
                store_id=PLATFORM_STORE_ID,
                dedupe=f"papers-failing:{model._meta.model_name}:{ids[0]}:{now.isoformat()}",
                model=model._meta.model_name,
                papers=[str(pk) for pk in ids],
            )
            told += len(ids)
    return told


@transaction.atomic
def retry(batch: Batch) -> int:
    """Has what was not made of a batch tried at once, unless a worker has it; how many."""
    proformas = document_jobs.available_jobs(Proforma).filter(batch=batch)
    seals = document_jobs.available_jobs(Sealing).filter(store=batch.store_id, subject=batch.ref)
    return _enqueue_document_tasks(
        proformas, proforma_invoices.TASK, "proforma_id"
    ) + _enqueue_document_tasks(seals, agreement_sealing.TASK, "sealing_id")


def _enqueue_document_tasks(found: QuerySet[RenderJob], task: str, argument: str) -> int:
    ids = list(found.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    found.model.objects.filter(pk__in=ids).update(
        tries=0, error="", rung_at=clock.now(), alarmed_at=None
    )
    for pk in ids:
        enqueue_task(task, **{argument: document_jobs.as_task_argument(pk)})
    return len(ids)
