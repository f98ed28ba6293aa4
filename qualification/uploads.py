"""The states of an uploaded document. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from diagnostics.codes import Code
from diagnostics.problem import Problem


class State(StrEnum):
    UPLOADED = "uploaded"
    READING = "reading"
    READ = "read"
    UNREADABLE = "unreadable"
    APPROVED = "approved"
    REJECTED = "rejected"


class Event(StrEnum):
    BEGIN = "begin"
    FINISH = "finish"
    FAIL = "fail"
    APPROVE = "approve"
    REJECT = "reject"


NEXT: Mapping[tuple[State, Event], State] = {
    (State.UPLOADED, Event.BEGIN): State.READING,
    (State.READING, Event.BEGIN): State.READING,  # a worker was lost: another one begins again
    (State.READING, Event.FINISH): State.READ,
    (State.READING, Event.FAIL): State.UNREADABLE,
    (State.READ, Event.APPROVE): State.APPROVED,
    (State.READ, Event.REJECT): State.REJECTED,
}
BEING_READ = (State.UPLOADED, State.READING)
TO_REPLACE = (State.UNREADABLE, State.REJECTED)
"""The seller has to act."""


def advance(state: State, event: Event) -> State:
    try:
        return NEXT[state, event]
    except KeyError:
        raise Problem(Code.STATE_CONFLICT, state=str(state), event=str(event)) from None
