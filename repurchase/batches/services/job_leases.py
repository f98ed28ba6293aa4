"""Taking work up under a name, showing life while at it, giving it back: what chunks and big edits
have in common.

Who has lost its work to another (it was silent, or the work was withdrawn) finds its name gone
from the row and writes nothing: the last statement of each piece of work is guarded by the name.
"""

import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Iterator

import structlog
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F, Model, QuerySet

from marketplace import clock
from repurchase.models.jobs import MAX_TRIES, Work

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 1
DATABASE_ERRORS = (OperationalError, InterfaceError)
"""The database's trouble, not the work's: time cures it, so the try does not count."""


class LeaseLost(Exception):
    """The work is another's by now, or withdrawn: what was done in this try is rolled back."""


def new_owner() -> str:
    return f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"


def take(work: type[Work], pk: int) -> str:
    """The name under which it is taken up; empty when it is done, somebody's, or tried too
    often."""
    now, owner = clock.now(), new_owner()
    free = work.objects.free(now).filter(pk=pk, code="", tries__lt=MAX_TRIES)
    return owner if free.update(owner=owner, beat_at=now, tries=F("tries") + 1) else ""


def owned_job(work: type[Work], pk: int, owner: str) -> QuerySet:
    return work.objects.unfinished().filter(pk=pk, owner=owner)


def finish(work: type[Work], pk: int, owner: str, **fields: object) -> None:
    """The guarded last statement of a piece of work; TakenOver rolls the rest back."""
    if not owned_job(work, pk, owner).update(**fields):
        raise LeaseLost


@contextlib.contextmanager
def keep_alive(work: type[Work], pk: int, owner: str) -> Iterator[None]:
    """Shows life each second. An error gives the work back, so that it may be taken up again at
    once."""
    done = threading.Event()
    beats = threading.Thread(
        target=_send_heartbeats, args=(work, pk, owner, done), name="heartbeat", daemon=True
    )
    beats.start()
    try:
        yield
    except LeaseLost:
        log.info("work_taken_over", work=work.__name__, id=pk)
    except DATABASE_ERRORS:
        _release_lease(work, pk, owner, tries=F("tries") - 1)
        raise
    except Exception:
        _release_lease(work, pk, owner)
        raise
    finally:
        done.set()
        beats.join()


def _release_lease(work: type[Work], pk: int, owner: str, **fields: object) -> None:
    """As well as can be: with the database gone it falls silent, and is taken over for that."""
    with contextlib.suppress(*DATABASE_ERRORS):
        owned_job(work, pk, owner).update(owner="", beat_at=None, **fields)


def _send_heartbeats(work: type[Model], pk: int, owner: str, done: threading.Event) -> None:
    """In a thread with a connection of its own, which is opened only where a try takes longer than
    a beat."""
    try:
        while not done.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(*DATABASE_ERRORS):
                owned_job(work, pk, owner).update(beat_at=clock.now())
    finally:
        connection.close()


def claim_due(work: QuerySet, *, limit: int) -> tuple[list[int], list[int]]:
    """(ids to ring, ids tried too often) among unfinished work; those to ring are marked as
    rung."""
    now = clock.now()
    late = list(
        work.to_ring(now)
        .filter(code="")
        .select_for_update(of=("self",), skip_locked=True)
        .order_by("rung_at", "pk")
        .values_list("pk", "tries")[:limit]
    )
    ring = [pk for pk, tries in late if tries < MAX_TRIES]
    work.model.objects.filter(pk__in=ring).update(rung_at=now)
    return ring, [pk for pk, tries in late if tries >= MAX_TRIES]
