"""A store's standing for bulk repeat orders: its states, what moves them, and what comes before a
lapse (R-27). Pure."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum

from diagnostics.codes import Code, Fixer
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

OWNER: Mapping[Standing, Fixer] = {
    Standing.NOT_OPEN: Fixer.SELLER,
    Standing.DOCUMENTS: Fixer.SELLER,
    Standing.IN_REVIEW: Fixer.PLATFORM,
    Standing.OPEN: Fixer.NOBODY,  # nothing is left to do until it lapses
    Standing.LAPSED: Fixer.SELLER,
}
"""Who has to act in each state."""

NOTICE_DAYS = (60, 30, 7)
"""So many days of 24 h before a lapse the owners are told, the widest first."""


def advance(standing: Standing, event: Event) -> Standing:
    try:
        return NEXT[standing, event]
    except KeyError:
        raise Problem(Code.STATE_CONFLICT, state=str(standing), event=str(event)) from None


def allows(standing: Standing, event: Event) -> bool:
    return (standing, event) in NEXT


def at(stored: Standing, valid_until: dt.datetime | None, now: dt.datetime) -> Standing:
    """The standing at an instant: `[since, valid_until)` is half open, so a lapse needs no
    worker."""
    if stored is Standing.OPEN and valid_until and now >= valid_until:
        return advance(stored, Event.LAPSE)
    return stored


def notice(valid_until: dt.datetime, now: dt.datetime) -> int | None:
    """The days of the notice that holds now: the narrowest begun, so that a late one never comes
    in a burst."""
    begun = [
        days for days in NOTICE_DAYS if valid_until - dt.timedelta(days=days) <= now < valid_until
    ]
    return min(begun, default=None)


def first_due(valid_until: dt.datetime) -> dt.datetime:
    """When the first notice is to be given; long past for a short standing, which then gets one
    notice at once."""
    return valid_until - dt.timedelta(days=max(NOTICE_DAYS))


def next_due(valid_until: dt.datetime, now: dt.datetime) -> dt.datetime:
    """The next instant at which something is to be done: the next narrower notice, or the lapse
    itself."""
    ahead = (valid_until - dt.timedelta(days=days) for days in NOTICE_DAYS)
    return min((instant for instant in ahead if instant > now), default=valid_until)
