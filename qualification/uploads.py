"""The states of an uploaded document. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from diagnostics.codes import Code
from diagnostics.problem import Problem


class UploadState(StrEnum):
    UPLOADED = "uploaded"
    READING = "reading"
    READ = "read"
    UNREADABLE = "unreadable"
    APPROVED = "approved"
    REJECTED = "rejected"


class UploadEvent(StrEnum):
    BEGIN = "begin"
    FINISH = "finish"
    FAIL = "fail"
    APPROVE = "approve"
    REJECT = "reject"


STATE_TRANSITIONS: Mapping[tuple[UploadState, UploadEvent], UploadState] = {
    (UploadState.UPLOADED, UploadEvent.BEGIN): UploadState.READING,
    # a worker was lost: another one begins again
    (UploadState.READING, UploadEvent.BEGIN): UploadState.READING,
    (UploadState.READING, UploadEvent.FINISH): UploadState.READ,
    (UploadState.READING, UploadEvent.FAIL): UploadState.UNREADABLE,
    (UploadState.READ, UploadEvent.APPROVE): UploadState.APPROVED,
    (UploadState.READ, UploadEvent.REJECT): UploadState.REJECTED,
}
BEING_READ = (UploadState.UPLOADED, UploadState.READING)
NEEDS_REPLACEMENT = (UploadState.UNREADABLE, UploadState.REJECTED)
"""The seller has to act."""


def next_state(state: UploadState, event: UploadEvent) -> UploadState:
    try:
        return STATE_TRANSITIONS[state, event]
    except KeyError:
        raise Problem(Code.STATE_CONFLICT, state=str(state), event=str(event)) from None
