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


class Event(StrEnum):
    CONFIRM = "confirm"
    DECLINE = "decline"
    EXPIRE = "expire"
    CANCEL = "cancel"
    TRIGGER = "trigger"
    TERMINATE = "terminate"


NEXT: Mapping[tuple[LockStatus, Event], LockStatus] = {
    (LockStatus.OPEN, Event.CONFIRM): LockStatus.CONFIRMED,
    (LockStatus.OPEN, Event.DECLINE): LockStatus.DECLINED,
    (LockStatus.OPEN, Event.EXPIRE): LockStatus.EXPIRED,
    (LockStatus.OPEN, Event.CANCEL): LockStatus.CANCELLED,
    (LockStatus.OPEN, Event.TRIGGER): LockStatus.RENEGOTIATING,
    (LockStatus.RENEGOTIATING, Event.CONFIRM): LockStatus.CONFIRMED,
    (LockStatus.RENEGOTIATING, Event.DECLINE): LockStatus.DECLINED,
    (LockStatus.RENEGOTIATING, Event.TERMINATE): LockStatus.TERMINATED,
}

LAPSE: Mapping[LockStatus, Event] = {
    LockStatus.OPEN: Event.EXPIRE,
    LockStatus.RENEGOTIATING: Event.TERMINATE,
}
"""What the clock does to a live lock at its end."""

LIVE = frozenset({LockStatus.OPEN, LockStatus.RENEGOTIATING})


def advance(status: LockStatus, event: Event) -> LockStatus:
    try:
        return NEXT[status, event]
    except KeyError:
        raise Problem(Code.STATE_CONFLICT, state=str(status), event=str(event)) from None


class Timed(Protocol):
    status: str
    expires_at: dt.datetime
    renegotiation_deadline: dt.datetime | None


def ends_at(lock: Timed) -> dt.datetime:
    """The deadline that runs: a renegotiation's, which suspends the lapse (R-53), else the lock's
    own (R-48)."""
    return lock.renegotiation_deadline or lock.expires_at


def status_at(lock: Timed, now: dt.datetime) -> LockStatus:
    """The state as it is, whether or not a sweep came by: a live lock at its end has ended (R-48,
    R-49, R-55)."""
    status = LockStatus(lock.status)
    return advance(status, LAPSE[status]) if status in LIVE and ends_at(lock) <= now else status


def seconds_left(lock: Timed, now: dt.datetime) -> int:
    """Whole seconds of the deadline that runs, rounded up: 0 means that it is too late."""
    if status_at(lock, now) not in LIVE:
        return 0
    return -((now - ends_at(lock)) // dt.timedelta(seconds=1))
