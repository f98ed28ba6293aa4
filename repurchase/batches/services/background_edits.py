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
from outbox.progress import say
from outbox.task_queue import ring
from repurchase.batches import edits
from repurchase.batches.services import edits as edit_services
from repurchase.batches.services import event_publishing, fixes, job_leases
from repurchase.batches.services.edit_preview import Each, Rework
from repurchase.models import Batch, EditTask
from repurchase.models.jobs import MAX_TRIES

A_STEP = 250
"""Orders between two signs of how far it is."""

RUNGS_A_PASS = 50


def carry_out(task_id: int) -> None:
    """Works one big edit out and writes it; refused, the task says by which code. A second
    delivery leaves."""
    owner = job_leases.take(EditTask, task_id)
    if not owner:
        return
    task = EditTask.objects.select_related(
        "undoes", "batch__store", "batch__buyer", "batch__rate_set"
    ).get(pk=task_id)
    with job_leases.at_work(EditTask, task_id, owner):
        try:
            _carry_out(task, owner)
        except Problem as problem:
            _end(task, owner, problem)


def _carry_out(task: EditTask, owner: str) -> None:
    if task.batch.version != task.version:
        raise Problem(Code.PLAN_CHANGED, value=task.version, limit=task.batch.version)

    def finish() -> None:
        job_leases.finish(
            EditTask, task.pk, owner, done_at=clock.now(task.batch.store), planned=task.orders
        )

    if task.fixes:
        fixes.carry_out(task, each=_telling(task), finish=finish)
        return
    work = _worked(task, _telling(task))
    with transaction.atomic():
        batch = edit_services.held(task.batch, task.version, by_task=True)
        if task.undoes:
            edit_services.take_back(batch, task.undoes, work, by=task.asked_by)
        else:
            edit_services.put(batch, work, by=task.asked_by, digest=task.digest)
        finish()


def _telling(task: EditTask) -> Each:
    """Tells now and then how far it is."""

    def each(orders: Sequence) -> Iterator:
        for n, order in enumerate(orders):
            if n % A_STEP == 0:
                EditTask.objects.filter(pk=task.pk).update(planned=min(n, task.orders))
                say(task.store_id, {"batch": task.batch.ref})
            yield order

    return each


def _worked(task: EditTask, each: Each) -> Rework:
    if task.undoes:
        return edit_services.without(task.batch, task.undoes, each=each)
    return edit_services.worked(task.batch, [edits.read(kept) for kept in task.changes], each=each)


@transaction.atomic
def _end(task: EditTask, owner: str, problem: Problem) -> None:
    """Refused: the plan is as it was, and its page is told to look again."""
    now = clock.now(task.batch.store)
    job_leases.finish(
        EditTask, task.pk, owner, done_at=now, code=problem.code, evidence=_plain(problem.evidence)
    )
    _tell(task.batch, problem.code)


def _plain(evidence: dict) -> dict:
    return {name: value for name, value in evidence.items() if name != "rows"}


def _tell(batch: Batch, code: str) -> None:
    batch.refresh_from_db(fields=["status"])
    event_publishing.batch(batch, at=clock.now(batch.store), edit=str(code))


@transaction.atomic
def ring_abandoned(*, store_id: int | None = None) -> int:
    """Rings again what nobody has; what was taken up too often ends as WORK_FAILED."""
    mine = EditTask.objects.filter(store=store_id) if store_id else EditTask.objects.all()
    rung, exhausted = job_leases.due(mine, limit=RUNGS_A_PASS)
    for task_id in rung:
        ring(edit_services.TASK, task_id=task_id)
    _give_up(exhausted)
    return len(rung)


def _give_up(task_ids: Iterable[int]) -> None:
    for task in EditTask.objects.filter(pk__in=task_ids).select_related("batch__store"):
        now = clock.now(task.batch.store)
        evidence = {"tries": MAX_TRIES}
        job_leases.mine(EditTask, task.pk, task.owner).update(
            done_at=now, code=Code.WORK_FAILED, evidence=evidence
        )
        _tell(task.batch, Code.WORK_FAILED)
