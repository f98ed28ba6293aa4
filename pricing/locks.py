"""The states of a lock and what moves them (R-48 to R-55). Pure."""

from collections.abc import Mapping
from enum import StrEnum

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

LIVE = frozenset({LockStatus.OPEN, LockStatus.RENEGOTIATING})


def advance(status: LockStatus, event: Event) -> LockStatus:
    try:
        return NEXT[status, event]
    except KeyError:
        raise Problem(Code.STATE_CONFLICT, state=str(status), event=str(event)) from None
