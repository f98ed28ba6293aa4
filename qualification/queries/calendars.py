"""The working calendar of mainland China as it is published, overruled by the days that staff
entered."""

import datetime as dt

from holidays.countries import China

from marketplace.calendar import Calendar
from qualification.models import Workday


def working_calendar(around: dt.date | None = None) -> Calendar:
    """Three years around a day. A year is known once its make-up days are, by publication or by
    hand."""
    year = (around or dt.datetime.now(dt.UTC).date()).year
    published = China(years=range(year - 1, year + 2), language="en_US")
    made_up = {day for day in published.weekend_workdays if abs(day.year - year) <= 1}
    own = dict(Workday.objects.values_list("day", "is_worked"))
    return Calendar(
        days_off=({*published} - made_up | {d for d, worked in own.items() if not worked})
        - {d for d, worked in own.items() if worked},
        worked=(made_up | {d for d, worked in own.items() if worked})
        - {d for d, worked in own.items() if not worked},
        known_years={day.year for day in made_up}
        | {day.year for day, worked in own.items() if worked},
    )
