"""The deadline of a review: T+2 working days, standing still while the seller must act (R-42).
Pure."""

import datetime as dt
from dataclasses import dataclass

from marketplace.calendar import Calendar, end_of, platform_day


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    at: dt.datetime  # half open: at this instant it is late
    provisional: bool


def due(submitted: dt.datetime, calendar: Calendar, *, working_days: int) -> Due:
    """The end of the working day so many after the one of submission."""
    return _due(calendar.after(platform_day(submitted), working_days), calendar)


def left(paused: dt.datetime, due_at: dt.datetime, calendar: Calendar) -> int:
    """Working days that are left when the seller has to act; 0 on the last one, and for a review
    that is late."""
    last_day = platform_day(due_at - dt.timedelta(microseconds=1))
    return calendar.between(platform_day(paused), last_day)


def resume(at: dt.datetime, days_left: int, calendar: Calendar) -> Due:
    return _due(calendar.after(platform_day(at), days_left), calendar)


def _due(day: dt.date, calendar: Calendar) -> Due:
    return Due(at=end_of(day), provisional=calendar.is_provisional(day))
