import datetime as dt

import pytest

from pricing.reminders import LOCK_STAGES, RENEGOTIATION_STAGES, next_stage_at, stage_at

END = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
TICK = dt.timedelta(microseconds=1)


class TestAReminder:
    @pytest.mark.parametrize(
        ("before", "stage", "following"),
        [
            (72 * HOUR, None, 24 * HOUR),
            (24 * HOUR + TICK, None, 24 * HOUR),
            (24 * HOUR, 24 * HOUR, 6 * HOUR),
            (6 * HOUR + TICK, 24 * HOUR, 6 * HOUR),
            (6 * HOUR, 6 * HOUR, HOUR),
            (3 * HOUR, 6 * HOUR, HOUR),
            (HOUR, HOUR, None),
            (TICK, HOUR, None),
            (0 * HOUR, None, None),
            (-HOUR, None, None),
        ],
    )
    def test_comes_24_6_and_1_hours_before_a_locks_end_and_never_after_it(
        self, before, stage, following
    ):
        now = END - before
        assert stage_at(LOCK_STAGES, ends_at=END, now=now) == stage
        assert next_stage_at(LOCK_STAGES, ends_at=END, now=now) == (
            END - following if following else None
        )

    def test_comes_2_hours_and_30_minutes_before_a_renegotiations_end(self):
        assert (
            next_stage_at(RENEGOTIATION_STAGES, ends_at=END, now=END - 4 * HOUR) == END - 2 * HOUR
        )
        assert (
            next_stage_at(RENEGOTIATION_STAGES, ends_at=END, now=END - 2 * HOUR) == END - HOUR / 2
        )
