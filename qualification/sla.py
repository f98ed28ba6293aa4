"""The deadline of a review: T+2 working days, standing still while the seller must act (R-42).
Pure."""

import datetime as dt
from dataclasses import dataclass

from marketplace.calendar import Calendar, end_of_day, platform_day


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewDeadline:
    at: dt.datetime  # half open: at this instant it is late
    provisional: bool


def deadline_for(
    submitted: dt.datetime, calendar: Calendar, *, working_days: int
) -> ReviewDeadline:
    """The end of the working day so many after the one of submission."""
    return _deadline_on(calendar.after(platform_day(submitted), working_days), calendar)


def working_days_left(paused: dt.datetime, due_at: dt.datetime, calendar: Calendar) -> int:
    """Working days that are left when the seller has to act; 0 on the last one, and for a review
    that is late."""
    last_day = platform_day(due_at - dt.timedelta(microseconds=1))
    return calendar.between(platform_day(paused), last_day)


def resume(at: dt.datetime, days_left: int, calendar: Calendar) -> ReviewDeadline:
    return _deadline_on(calendar.after(platform_day(at), days_left), calendar)


def _deadline_on(day: dt.date, calendar: Calendar) -> ReviewDeadline:
    return ReviewDeadline(at=end_of_day(day), provisional=calendar.is_provisional(day))
