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
from outbox.task_queue import ring

Job = TypeVar("Job", bound=RenderJob)

log = structlog.get_logger(__name__)

RING_AGAIN = dt.timedelta(minutes=2)
"""A paper takes seconds; one not made so long after it was rung is rung again, later and later."""
SLOWEST = dt.timedelta(hours=1)
RINGS_A_PASS = 50
MOST_TRIES = 1000
LAST = 9
"""The priority of what was tried before: papers that were never tried go first."""


class TakenOver(Exception):
    """The job is another's by now, or done: what was made in this try is thrown away."""


def lease() -> dt.timedelta:
    """Longer than the hard limit of the task: whoever had it until then is gone."""
    return dt.timedelta(seconds=settings.PAPER_SECONDS + 40)


def unmade(model: type[RenderJob]) -> QuerySet:
    return model.objects.filter(**{model.MADE: None})


def free(model: type[RenderJob]) -> QuerySet:
    """Unmade, and in nobody's hands."""
    return unmade(model).filter(Q(busy_until=None) | Q(busy_until__lte=Now()))


def take(model: type[Job], pk: object) -> Job | None:
    """The job under a lease; None when it is made already, or in other hands."""
    mine = free(model).filter(pk=pk)
    if not mine.update(busy_until=Now() + lease(), tries=Least(F("tries") + 1, MOST_TRIES)):
        return None
    return model.objects.get(pk=pk)


def finish(job: RenderJob, **fields: Any) -> None:
    """The guarded first statement of the transaction that keeps it; TakenOver rolls the rest
    back."""
    mine = unmade(type(job)).filter(pk=job.pk, busy_until=job.busy_until)
    if not mine.update(busy_until=None, error="", **fields):
        raise TakenOver


@contextmanager
def attempt(job: RenderJob) -> Iterator[None]:
    """An error is kept with the job, for its page and the operator, and gives it back; the sweep
    rings it again."""
    try:
        yield
    except TakenOver:
        log.info("paper_taken_over", model=type(job).__name__, id=str(job.pk))
    except Exception as error:
        mine = unmade(type(job)).filter(pk=job.pk, busy_until=job.busy_until)
        mine.update(busy_until=None, error=f"{type(error).__name__}: {error}"[:200])
        raise


@transaction.atomic
def ring_due(
    model: type[RenderJob], task: str, argument: str, *, store_id: int | None = None
) -> int:
    """Rings again what nobody made: a lost worker or an emptied broker costs minutes, never the
    paper."""
    again = Value(RING_AGAIN) * Power(2, Least(Greatest(F("tries") - 1, 0), 10))
    wait = Least(ExpressionWrapper(again, DurationField()), Value(SLOWEST))
    late = free(model).filter(rung_at__lte=Now() - wait)
    if store_id:
        late = late.filter(store=store_id)
    rung = list(
        late.select_for_update(of=("self",), skip_locked=True).order_by("tries", "rung_at")[
            :RINGS_A_PASS
        ]
    )
    model.objects.filter(pk__in=[job.pk for job in rung]).update(rung_at=Now())
    for job in rung:
        ring(task, priority=LAST if job.tries else None, **{argument: plain(job.pk)})
    return len(rung)


def plain(pk: object) -> object:
    """As it goes into a message of the queue."""
    return pk if isinstance(pk, int) else str(pk)
