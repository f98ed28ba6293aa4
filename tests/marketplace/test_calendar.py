import datetime as dt

import pytest

from marketplace.calendar import platform_day


class TestThePlatformDay:
    @pytest.mark.parametrize(
        ("instant", "day"), [("2026-11-22T15:59:59.999999", 22), ("2026-11-22T16:00:00", 23)]
    )
    def test_begins_at_midnight_in_shanghai(self, instant, day):
        assert platform_day(dt.datetime.fromisoformat(instant).replace(tzinfo=dt.UTC)).day == day
