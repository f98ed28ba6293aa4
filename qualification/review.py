"""A store's standing for bulk repeat orders: its states, what moves them, and what comes before a
lapse (R-27). Pure."""

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum

from diagnostics.codes import Code, Fixer
from diagnostics.problem import Problem


class QualificationStatus(StrEnum):
    NOT_OPEN = "not_open"
    DOCUMENTS = "documents"
    IN_REVIEW = "in_review"
    OPEN = "open"
    LAPSED = "lapsed"


class QualificationEvent(StrEnum):
    APPLY = "apply"
    SUBMIT = "submit"
    SEND_BACK = "send_back"
    APPROVE = "approve"
    LAPSE = "lapse"


STATUS_TRANSITIONS: Mapping[tuple[QualificationStatus, QualificationEvent], QualificationStatus] = {
    (QualificationStatus.NOT_OPEN, QualificationEvent.APPLY): QualificationStatus.DOCUMENTS,
    (QualificationStatus.DOCUMENTS, QualificationEvent.SUBMIT): QualificationStatus.IN_REVIEW,
    (QualificationStatus.IN_REVIEW, QualificationEvent.SEND_BACK): QualificationStatus.DOCUMENTS,
    (QualificationStatus.IN_REVIEW, QualificationEvent.APPROVE): QualificationStatus.OPEN,
    (QualificationStatus.OPEN, QualificationEvent.LAPSE): QualificationStatus.LAPSED,
    (QualificationStatus.LAPSED, QualificationEvent.APPLY): QualificationStatus.DOCUMENTS,
}

RESPONSIBLE_PARTY: Mapping[QualificationStatus, Fixer] = {
    QualificationStatus.NOT_OPEN: Fixer.SELLER,
    QualificationStatus.DOCUMENTS: Fixer.SELLER,
    QualificationStatus.IN_REVIEW: Fixer.PLATFORM,
    QualificationStatus.OPEN: Fixer.NOBODY,  # nothing is left to do until it lapses
    QualificationStatus.LAPSED: Fixer.SELLER,
}
"""Who has to act in each state."""

NOTICE_DAYS = (60, 30, 7)
"""So many days of 24 h before a lapse the owners are told, the widest first."""


def next_status(standing: QualificationStatus, event: QualificationEvent) -> QualificationStatus:
    try:
        return STATUS_TRANSITIONS[standing, event]
    except KeyError:
        raise Problem(Code.STATE_CONFLICT, state=str(standing), event=str(event)) from None


def is_event_allowed(standing: QualificationStatus, event: QualificationEvent) -> bool:
    return (standing, event) in STATUS_TRANSITIONS


def status_at(
    stored: QualificationStatus, valid_until: dt.datetime | None, now: dt.datetime
) -> QualificationStatus:
    """The standing at an instant: `[since, valid_until)` is half open, so a lapse needs no
    worker."""
    if stored is QualificationStatus.OPEN and valid_until and now >= valid_until:
        return next_status(stored, QualificationEvent.LAPSE)
    return stored


def current_notice_days(valid_until: dt.datetime, now: dt.datetime) -> int | None:
    """The days of the notice that holds now: the narrowest begun, so that a late one never comes
    in a burst."""
    begun = [
        days for days in NOTICE_DAYS if valid_until - dt.timedelta(days=days) <= now < valid_until
    ]
    return min(begun, default=None)


def first_notice_at(valid_until: dt.datetime) -> dt.datetime:
    """When the first notice is to be given; long past for a short standing, which then gets one
    notice at once."""
    return valid_until - dt.timedelta(days=max(NOTICE_DAYS))


def next_action_at(valid_until: dt.datetime, now: dt.datetime) -> dt.datetime:
    """The next instant at which something is to be done: the next narrower notice, or the lapse
    itself."""
    ahead = (valid_until - dt.timedelta(days=days) for days in NOTICE_DAYS)
    return min((instant for instant in ahead if instant > now), default=valid_until)
