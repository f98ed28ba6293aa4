"""Which locks' ends come near enough to remind somebody of; each stage is handed out once."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import F, Max, QuerySet

from marketplace import clock
from marketplace.models import Store
from pricing import reminders
from pricing.locks import LIVE_LOCK_STATUSES, LockStatus, running_deadline, status_at
from pricing.models import Lock
from pricing.services.triggers import LOCKS_A_PASS

STAGES = {
    LockStatus.OPEN: reminders.LOCK_STAGES,
    LockStatus.RENEGOTIATING: reminders.RENEGOTIATION_STAGES,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DueReminder:
    lock: Lock
    stage: dt.timedelta | None  # None: nothing is left to remind of
    ends_at: dt.datetime


def reminders_due(
    *, store: Store | None = None, at: dt.datetime | None = None, limit: int = LOCKS_A_PASS
) -> list[DueReminder]:
    """Locks whose next reminder has come, moved on to the one after it. Write the letters in the
    same transaction.

    A stage that was missed while nobody swept is left out in favour of the last one that has come;
    a lock at or past its end has none. Rows that another process holds are skipped. `at` as in
    `end_due`.
    """
    real_now = clock.now()
    waiting = Lock.objects.of(store) if store else Lock.objects.all()
    rows = _locks_to_remind(waiting, real_now, store, at).select_related("store", "renegotiation")
    locks = rows.order_by("next_reminder_at", "pk").select_for_update(
        of=("self",), skip_locked=True
    )[:limit]
    found = [_build_reminder(lock, at or real_now + lock.store.clock_offset) for lock in locks]
    _schedule_next(found, at, real_now)
    return found


def _locks_to_remind(
    waiting: QuerySet[Lock], real_now: dt.datetime, store: Store | None, at: dt.datetime | None
) -> QuerySet[Lock]:
    """By each store's own clock; the furthest offset bounds the walk along the index."""
    if at or store:
        return waiting.filter(next_reminder_at__lte=at or real_now + store.clock_offset)
    furthest = Store.objects.filter(sandbox=True).aggregate(offset=Max("clock_offset"))["offset"]
    latest = real_now + max(furthest or dt.timedelta(0), dt.timedelta(0))
    return waiting.filter(
        next_reminder_at__lte=latest, next_reminder_at__lt=real_now + F("store__clock_offset")
    )


def _build_reminder(lock: Lock, now: dt.datetime) -> DueReminder:
    end = running_deadline(lock)
    stages = STAGES[LockStatus(lock.status)] if status_at(lock, now) in LIVE_LOCK_STATUSES else ()
    return DueReminder(
        lock=lock, stage=reminders.stage_at(stages, ends_at=end, now=now), ends_at=end
    )


def _schedule_next(found: list[DueReminder], at: dt.datetime | None, real_now: dt.datetime) -> None:
    by_next: dict[dt.datetime | None, list[Lock]] = defaultdict(list)
    for due in found:
        now = at or real_now + due.lock.store.clock_offset
        stages = STAGES[LockStatus(due.lock.status)] if due.stage else ()
        by_next[reminders.next_stage_at(stages, ends_at=due.ends_at, now=now)].append(due.lock)
    for instant, locks in by_next.items():
        Lock.objects.filter(pk__in=[lock.pk for lock in locks]).update(next_reminder_at=instant)
