"""The platform's day, and the working days of mainland China (R-42): weekends, holidays, the
weekend days worked for them. Pure.

A year whose make-up days nobody has published yet is reckoned by what is known and said to be
provisional (rule 16).
"""

import datetime as dt
from collections.abc import Set
from dataclasses import dataclass
from zoneinfo import ZoneInfo

PLATFORM_ZONE = ZoneInfo("Asia/Shanghai")
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    days_off: Set[dt.date]
    worked: Set[dt.date]  # weekend days that are worked
    known_years: Set[int]

    def is_working(self, day: dt.date) -> bool:
        return day in self.worked or (day.weekday() < 5 and day not in self.days_off)

    def is_provisional(self, day: dt.date) -> bool:
        return day.year not in self.known_years

    def after(self, day: dt.date, count: int) -> dt.date:
        """The working day so many after a day, which need not be one; 0: the day itself or the
        next that is."""
        while count or not self.is_working(day):
            day += DAY
            count -= bool(count) and self.is_working(day)
        return day

    def between(self, day: dt.date, end: dt.date) -> int:
        """How many working days lie after `day`, up to and with `end`."""
        return sum(self.is_working(day + DAY * n) for n in range(1, (end - day).days + 1))


def platform_day(at: dt.datetime) -> dt.date:
    """The date in the platform's zone: certificates end, tariffs change and promises count from
    its midnight."""
    return at.astimezone(PLATFORM_ZONE).date()


def end_of_day(day: dt.date) -> dt.datetime:
    """The first instant after a day."""
    return dt.datetime.combine(day + DAY, dt.time(), PLATFORM_ZONE)
