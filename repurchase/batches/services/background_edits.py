"""A big edit or cure, carried out by a worker: worked out without holding anything, then written
as a small one is.

Whoever changed the plan meanwhile came first: the version under which it was worked out is asked
for again once the batch's row is held, and the edit then ends as PLAN_CHANGED. Nothing is ever
applied in part.
"""

from collections.abc import Iterable, Iterator, Sequence

from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from outbox.progress import publish_progress
from outbox.task_queue import enqueue_task
from repurchase.batches import edits
from repurchase.batches.services import edits as edit_services
from repurchase.batches.services import event_publishing, fixes, job_leases
from repurchase.batches.services.edit_preview import OrderIterator, ReplannedEdit
from repurchase.models import Batch, EditTask
from repurchase.models.jobs import MAX_TRIES

PROGRESS_STEP_ORDERS = 250
"""Orders between two signs of how far it is."""

MAX_ENQUEUED_A_PASS = 50


def carry_out(task_id: int) -> None:
    """Works one big edit out and writes it; refused, the task says by which code. A second
    delivery leaves."""
    owner = job_leases.take(EditTask, task_id)
    if not owner:
        return
    task = EditTask.objects.select_related(
        "undoes", "batch__store", "batch__buyer", "batch__rate_set"
    ).get(pk=task_id)
    with job_leases.keep_alive(EditTask, task_id, owner):
        try:
            _execute_task(task, owner)
        except Problem as problem:
            _end_refused(task, owner, problem)


def _execute_task(task: EditTask, owner: str) -> None:
    if task.batch.version != task.version:
        raise Problem(Code.PLAN_CHANGED, value=task.version, limit=task.batch.version)

    def finish() -> None:
        job_leases.finish(
            EditTask, task.pk, owner, done_at=clock.now(task.batch.store), planned=task.orders
        )

    if task.fixes:
        fixes.carry_out(task, each=_progress_reporter(task), finish=finish)
        return
    work = _plan_task(task, _progress_reporter(task))
    with transaction.atomic():
        batch = edit_services.get_editable_for_update(task.batch, task.version, by_task=True)
        if task.undoes:
            edit_services.save_undo(batch, task.undoes, work, by=task.asked_by)
        else:
            edit_services.save_edit(batch, work, by=task.asked_by, digest=task.digest)
        finish()


def _progress_reporter(task: EditTask) -> OrderIterator:
    """Tells now and then how far it is."""

    def each(orders: Sequence) -> Iterator:
        for n, order in enumerate(orders):
            if n % PROGRESS_STEP_ORDERS == 0:
                EditTask.objects.filter(pk=task.pk).update(planned=min(n, task.orders))
                publish_progress(task.store_id, {"batch": task.batch.ref})
            yield order

    return each


def _plan_task(task: EditTask, each: OrderIterator) -> ReplannedEdit:
    if task.undoes:
        return edit_services.plan_without_edit(task.batch, task.undoes, each=each)
    return edit_services.plan_edit(
        task.batch, [edits.parse_edit(kept) for kept in task.changes], each=each
    )


@transaction.atomic
def _end_refused(task: EditTask, owner: str, problem: Problem) -> None:
    """Refused: the plan is as it was, and its page is told to look again."""
    now = clock.now(task.batch.store)
    job_leases.finish(
        EditTask,
        task.pk,
        owner,
        done_at=now,
        code=problem.code,
        evidence=_without_rows(problem.evidence),
    )
    _publish_outcome(task.batch, problem.code)


def _without_rows(evidence: dict) -> dict:
    return {name: value for name, value in evidence.items() if name != "rows"}


def _publish_outcome(batch: Batch, code: str) -> None:
    batch.refresh_from_db(fields=["status"])
    event_publishing.publish_batch(batch, at=clock.now(batch.store), edit=str(code))


@transaction.atomic
def requeue_abandoned(*, store_id: int | None = None) -> int:
    """Rings again what nobody has; what was taken up too often ends as WORK_FAILED."""
    mine = EditTask.objects.filter(store=store_id) if store_id else EditTask.objects.all()
    rung, exhausted = job_leases.claim_due(mine, limit=MAX_ENQUEUED_A_PASS)
    for task_id in rung:
        enqueue_task(edit_services.TASK, task_id=task_id)
    _fail_exhausted(exhausted)
    return len(rung)


def _fail_exhausted(task_ids: Iterable[int]) -> None:
    for task in EditTask.objects.filter(pk__in=task_ids).select_related("batch__store"):
        now = clock.now(task.batch.store)
        evidence = {"tries": MAX_TRIES}
        job_leases.owned_job(EditTask, task.pk, task.owner).update(
            done_at=now, code=Code.WORK_FAILED, evidence=evidence
        )
        _publish_outcome(task.batch, Code.WORK_FAILED)
