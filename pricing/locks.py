"""The states of a lock, what moves them, and what the clock says of them (R-48 to R-55). Pure."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from diagnostics.codes import Code
from diagnostics.problem import Problem


class LockStatus(StrEnum):
    OPEN = "open"
    RENEGOTIATING = "renegotiating"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"


class LockEvent(StrEnum):
    CONFIRM = "confirm"
    DECLINE = "decline"
    EXPIRE = "expire"
    CANCEL = "cancel"
    TRIGGER = "trigger"
    TERMINATE = "terminate"


LOCK_TRANSITIONS: Mapping[tuple[LockStatus, LockEvent], LockStatus] = {
    (LockStatus.OPEN, LockEvent.CONFIRM): LockStatus.CONFIRMED,
    (LockStatus.OPEN, LockEvent.DECLINE): LockStatus.DECLINED,
    (LockStatus.OPEN, LockEvent.EXPIRE): LockStatus.EXPIRED,
    (LockStatus.OPEN, LockEvent.CANCEL): LockStatus.CANCELLED,
    (LockStatus.OPEN, LockEvent.TRIGGER): LockStatus.RENEGOTIATING,
    (LockStatus.RENEGOTIATING, LockEvent.CONFIRM): LockStatus.CONFIRMED,
    (LockStatus.RENEGOTIATING, LockEvent.DECLINE): LockStatus.DECLINED,
    (LockStatus.RENEGOTIATING, LockEvent.TERMINATE): LockStatus.TERMINATED,
}

EXPIRY_EVENTS: Mapping[LockStatus, LockEvent] = {
    LockStatus.OPEN: LockEvent.EXPIRE,
    LockStatus.RENEGOTIATING: LockEvent.TERMINATE,
}
"""What the clock does to a live lock at its end."""

LIVE_LOCK_STATUSES = frozenset({LockStatus.OPEN, LockStatus.RENEGOTIATING})


def next_lock_status(status: LockStatus, event: LockEvent) -> LockStatus:
    try:
        return LOCK_TRANSITIONS[status, event]
    except KeyError:
        raise Problem(Code.STATE_CONFLICT, state=str(status), event=str(event)) from None


class TimedLock(Protocol):
    status: str
    expires_at: dt.datetime
    renegotiation_deadline: dt.datetime | None


def running_deadline(lock: TimedLock) -> dt.datetime:
    """The deadline that runs: a renegotiation's, which suspends the lapse (R-53), else the lock's
    own (R-48)."""
    return lock.renegotiation_deadline or lock.expires_at


def status_at(lock: TimedLock, now: dt.datetime) -> LockStatus:
    """The state as it is, whether or not a sweep came by: a live lock at its end has ended (R-48,
    R-49, R-55)."""
    status = LockStatus(lock.status)
    return (
        next_lock_status(status, EXPIRY_EVENTS[status])
        if status in LIVE_LOCK_STATUSES and running_deadline(lock) <= now
        else status
    )


def seconds_left(lock: TimedLock, now: dt.datetime) -> int:
    """Whole seconds of the deadline that runs, rounded up: 0 means that it is too late."""
    if status_at(lock, now) not in LIVE_LOCK_STATUSES:
        return 0
    return -((now - running_deadline(lock)) // dt.timedelta(seconds=1))
