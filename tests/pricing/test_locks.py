import datetime as dt
from dataclasses import dataclass

import pytest

from diagnostics.codes import Code
from diagnostics.problem import Problem
from pricing.locks import (
    LIVE_LOCK_STATUSES,
    LOCK_TRANSITIONS,
    LockEvent,
    LockStatus,
    next_lock_status,
    seconds_left,
    status_at,
)

END = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
SECOND = dt.timedelta(seconds=1)


@dataclass
class Timed:
    status: str = "open"
    expires_at: dt.datetime = END
    renegotiation_deadline: dt.datetime | None = None


class TestAnOpenLock:
    @pytest.mark.parametrize(
        ("now", "status", "left"),
        [
            (END - 72 * 3600 * SECOND, "open", 259_200),
            (END - SECOND - MICROSECOND, "open", 2),
            (END - SECOND, "open", 1),
            (END - MICROSECOND, "open", 1),
            (END, "expired", 0),
            (END + MICROSECOND, "expired", 0),
            (END + 72 * 3600 * SECOND, "expired", 0),
        ],
    )
    def test_has_expired_at_its_end_whether_or_not_a_sweep_came_by(self, now, status, left):
        """R-48, R-49: half open."""
        assert (status_at(Timed(), now), seconds_left(Timed(), now)) == (status, left)


class TestALockUnderRenegotiation:
    @pytest.mark.parametrize("end", [END - 3600 * SECOND, END + 3600 * SECOND])
    @pytest.mark.parametrize(
        ("before", "status", "left"),
        [
            (SECOND, "renegotiating", 1),
            (MICROSECOND, "renegotiating", 1),
            (0 * SECOND, "terminated", 0),
        ],
    )
    def test_ends_at_its_own_deadline_whatever_the_locks_end_was(self, end, before, status, left):
        """R-53, R-55: half open, also beyond hour 72."""
        lock = Timed("renegotiating", renegotiation_deadline=end)
        assert (status_at(lock, end - before), seconds_left(lock, end - before)) == (status, left)


@pytest.mark.parametrize("status", sorted(set(LockStatus) - LIVE_LOCK_STATUSES))
def test_any_other_lock_stays_what_it_is_and_counts_no_seconds(status):
    for now in (END - SECOND, END + SECOND):
        assert (status_at(Timed(status), now), seconds_left(Timed(status), now)) == (status, 0)


class TestTheStates:
    @pytest.mark.parametrize("status", list(LockStatus))
    @pytest.mark.parametrize("event", list(LockEvent))
    def test_move_by_the_table_or_not_at_all(self, status, event):
        if (status, event) in LOCK_TRANSITIONS:
            assert next_lock_status(status, event) is LOCK_TRANSITIONS[status, event]
        else:
            with pytest.raises(Problem) as refused:
                next_lock_status(status, event)
            assert refused.value.code == Code.STATE_CONFLICT
            assert refused.value.evidence == {"state": status, "event": event}

    def test_that_have_ended_lead_nowhere_and_the_others_lead_on(self):
        assert {status for status, _ in LOCK_TRANSITIONS} == LIVE_LOCK_STATUSES
