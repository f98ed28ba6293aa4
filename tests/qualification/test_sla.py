"""T+2 working days of mainland China, make-up days included (R-42)."""

import datetime as dt

import pytest

from marketplace.calendar import Calendar
from qualification import sla

D = dt.date
# 2026: National Day off from 1 to 7 October, worked on Saturday the 10th and Sunday, 20 September.
CALENDAR = Calendar(
    days_off={D(2026, 10, n) for n in range(1, 8)},
    worked={D(2026, 9, 20), D(2026, 10, 10)},
    known_years={2026},
)
CST = dt.timezone(dt.timedelta(hours=8))


def at(month: int, day: int, hour: int = 10, year: int = 2026) -> dt.datetime:
    return dt.datetime(year, month, day, hour, tzinfo=CST)


class TestTheDeadline:
    @pytest.mark.parametrize(
        ("submitted", "last_day"),
        [
            (at(11, 23), D(2026, 11, 25)),  # Monday → Wednesday
            (at(11, 23, 23), D(2026, 11, 25)),
            (at(11, 26), D(2026, 11, 30)),  # Thursday → Monday
            (at(11, 28), D(2026, 12, 1)),  # Saturday → Tuesday
            (at(9, 18), D(2026, 9, 21)),  # Friday → worked Sunday, Monday
            (at(9, 30), D(2026, 10, 9)),  # over the National Day
            (at(10, 8), D(2026, 10, 10)),  # Thursday → worked Saturday
        ],
    )
    def test_is_the_end_of_the_second_working_day(self, submitted, last_day):
        due = sla.deadline_for(submitted, CALENDAR, working_days=2)
        assert due.at == dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time(), CST)
        assert not due.provisional

    def test_in_an_unknown_year_is_provisional(self):
        assert sla.deadline_for(at(12, 30), CALENDAR, working_days=2).provisional
        assert not sla.deadline_for(at(12, 29), CALENDAR, working_days=2).provisional


class TestAPause:
    @pytest.mark.parametrize(
        ("paused", "days"), [(at(11, 23), 2), (at(11, 24), 1), (at(11, 25), 0), (at(11, 27), 0)]
    )
    def test_keeps_the_days_that_are_left(self, paused, days):
        due = sla.deadline_for(at(11, 23), CALENDAR, working_days=2)
        assert sla.working_days_left(paused, due.at, CALENDAR) == days

    @pytest.mark.parametrize(
        ("days", "last_day"), [(2, D(2026, 12, 2)), (1, D(2026, 12, 1)), (0, D(2026, 11, 30))]
    )
    def test_goes_on_with_them(self, days, last_day):
        """Handed in again on a Monday."""
        due = sla.resume(at(11, 30), days, CALENDAR)
        assert due.at == dt.datetime.combine(last_day + dt.timedelta(days=1), dt.time(), CST)


class TestTheCalendar:
    def test_knows_the_published_days_of_2026(self, db):
        from qualification import queries

        calendar = queries.working_calendar(D(2026, 11, 23))
        assert calendar.is_working(D(2026, 10, 10))
        assert not calendar.is_working(D(2026, 10, 7))
        assert not calendar.is_provisional(D(2026, 12, 31))

    def test_does_not_know_2027_until_somebody_enters_its_make_up_days(self, db):
        from qualification import queries
        from qualification.models import Workday

        assert queries.working_calendar(D(2026, 11, 23)).is_provisional(D(2027, 1, 4))
        Workday.objects.create(day=D(2027, 2, 20), is_worked=True, reason="State Council")
        Workday.objects.create(day=D(2027, 3, 3), is_worked=False, reason="State Council")
        calendar = queries.working_calendar(D(2026, 11, 23))
        assert not calendar.is_provisional(D(2027, 1, 4))
        assert calendar.is_working(D(2027, 2, 20))
        assert not calendar.is_working(D(2027, 3, 3))
