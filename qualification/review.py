"""A store's standing for bulk repeat orders: its states and what moves them (R-27). Pure."""

from collections.abc import Mapping
from enum import StrEnum

from diagnostics.codes import Code
from diagnostics.problem import Problem


class Standing(StrEnum):
    NOT_OPEN = "not_open"
    DOCUMENTS = "documents"
    IN_REVIEW = "in_review"
    OPEN = "open"
    LAPSED = "lapsed"


class Event(StrEnum):
    APPLY = "apply"
    SUBMIT = "submit"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    LAPSE = "lapse"


NEXT: Mapping[tuple[Standing, Event], Standing] = {
    (Standing.NOT_OPEN, Event.APPLY): Standing.DOCUMENTS,
    (Standing.DOCUMENTS, Event.SUBMIT): Standing.IN_REVIEW,
    (Standing.IN_REVIEW, Event.SEND_BACK): Standing.DOCUMENTS,
    (Standing.IN_REVIEW, Event.APPROVE): Standing.OPEN,
    (Standing.OPEN, Event.LAPSE): Standing.LAPSED,
    (Standing.LAPSED, Event.APPLY): Standing.DOCUMENTS,
}


def advance(standing: Standing, event: Event) -> Standing:
    try:
        return NEXT[standing, event]
    except KeyError:
        raise Problem(Code.STATE_CONFLICT, state=str(standing), event=str(event)) from None
