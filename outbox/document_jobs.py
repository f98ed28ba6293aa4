"""Papers are rendered by a worker while no row is held, and kept by a short guarded transaction
(reliability 11).

A job is taken up by one guarded UPDATE, which gives it a lease; the same lease guards its end. A
worker that is lost or stands still loses the job when the lease is over, and what it still writes
is refused. A job that fails is tried again later and later, behind the papers that were never
tried; it holds up nothing else.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.functions import Greatest, Least, Now, Power

from outbox.models import RenderJob
from outbox.task_queue import enqueue_task

Job = TypeVar("Job", bound=RenderJob)

log = structlog.get_logger(__name__)

ENQUEUE_AGAIN_AFTER = dt.timedelta(minutes=2)
"""A paper takes seconds; one not made so long after it was rung is rung again, later and later."""
LONGEST_WAIT = dt.timedelta(hours=1)
ENQUEUED_PER_PASS = 50
MAX_TRIES = 1000
RETRY_PRIORITY = 9
"""The priority of what was tried before: papers that were never tried go first."""


class DocumentJobTakenOver(Exception):
    """The job is another's by now, or done: what was made in this try is thrown away."""


def lease_duration() -> dt.timedelta:
    """Longer than the hard limit of the task: whoever had it until then is gone."""
    return dt.timedelta(seconds=settings.PAPER_SECONDS + 40)


def unfinished_jobs(model: type[RenderJob]) -> QuerySet:
    return model.objects.filter(**{model.MADE: None})


def available_jobs(model: type[RenderJob]) -> QuerySet:
    """Unmade, and in nobody's hands."""
    return unfinished_jobs(model).filter(Q(busy_until=None) | Q(busy_until__lte=Now()))


def acquire_lease(model: type[Job], pk: object) -> Job | None:
    """The job under a lease; None when it is made already, or in other hands."""
    mine = available_jobs(model).filter(pk=pk)
    if not mine.update(busy_until=Now() + lease_duration(), tries=Least(F("tries") + 1, MAX_TRIES)):
        return None
    return model.objects.get(pk=pk)


def finish(job: RenderJob, **fields: Any) -> None:
    """The guarded first statement of the transaction that keeps it; TakenOver rolls the rest
    back."""
    mine = unfinished_jobs(type(job)).filter(pk=job.pk, busy_until=job.busy_until)
    if not mine.update(busy_until=None, error="", **fields):
        raise DocumentJobTakenOver


@contextmanager
def attempt(job: RenderJob) -> Iterator[None]:
    """An error is kept with the job, for its page and the operator, and gives it back; the sweep
    rings it again."""
    try:
        yield
    except DocumentJobTakenOver:
        log.info("paper_taken_over", model=type(job).__name__, id=str(job.pk))
    except Exception as error:
        mine = unfinished_jobs(type(job)).filter(pk=job.pk, busy_until=job.busy_until)
        mine.update(busy_until=None, error=f"{type(error).__name__}: {error}"[:200])
        raise


@transaction.atomic
def enqueue_due(
    model: type[RenderJob], task: str, argument: str, *, store_id: int | None = None
) -> int:
    """Rings again what nobody made: a lost worker or an emptied broker costs minutes, never the
    paper."""
    again = Value(ENQUEUE_AGAIN_AFTER) * Power(2, Least(Greatest(F("tries") - 1, 0), 10))
    wait = Least(ExpressionWrapper(again, DurationField()), Value(LONGEST_WAIT))
    late = available_jobs(model).filter(rung_at__lte=Now() - wait)
    if store_id:
        late = late.filter(store=store_id)
    rung = list(
        late.select_for_update(of=("self",), skip_locked=True).order_by("tries", "rung_at")[
            :ENQUEUED_PER_PASS
        ]
    )
    model.objects.filter(pk__in=[job.pk for job in rung]).update(rung_at=Now())
    for job in rung:
        enqueue_task(
            task,
            priority=RETRY_PRIORITY if job.tries else None,
            **{argument: as_task_argument(job.pk)},
        )
    return len(rung)


def as_task_argument(pk: object) -> object:
    """As it goes into a message of the queue."""
    return pk if isinstance(pk, int) else str(pk)
