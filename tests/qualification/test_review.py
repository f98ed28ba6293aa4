import datetime as dt
from itertools import product

import pytest

from diagnostics.codes import Code
from diagnostics.problem import Problem
from qualification.review import (
    RESPONSIBLE_PARTY,
    STATUS_TRANSITIONS,
    QualificationEvent,
    QualificationStatus,
    current_notice_days,
    first_notice_at,
    is_event_allowed,
    next_action_at,
    next_status,
    status_at,
)

END = dt.datetime(2027, 3, 1, 8, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
S, E = QualificationStatus, QualificationEvent
PATH = {
    (S.NOT_OPEN, E.APPLY): S.DOCUMENTS,
    (S.DOCUMENTS, E.SUBMIT): S.IN_REVIEW,
    (S.IN_REVIEW, E.SEND_BACK): S.DOCUMENTS,
    (S.IN_REVIEW, E.APPROVE): S.OPEN,
    (S.OPEN, E.LAPSE): S.LAPSED,
    (S.LAPSED, E.APPLY): S.DOCUMENTS,
}


def days(n: int) -> dt.timedelta:
    return dt.timedelta(days=n)


class TestAStanding:
    @pytest.mark.parametrize(
        ("standing", "event"), list(product(QualificationStatus, QualificationEvent))
    )
    def test_moves_along_the_path_and_nowhere_else(self, standing, event):
        """R-27, every state with every event."""
        assert is_event_allowed(standing, event) is ((standing, event) in PATH)
        if (standing, event) in PATH:
            assert next_status(standing, event) is PATH[standing, event]
        else:
            with pytest.raises(Problem) as refused:
                next_status(standing, event)
            assert refused.value.code is Code.STATE_CONFLICT

    def test_has_a_way_out_of_every_state_and_somebody_to_take_it(self):
        assert (
            {standing for standing, _ in STATUS_TRANSITIONS}
            == set(QualificationStatus)
            == set(RESPONSIBLE_PARTY)
        )

    @pytest.mark.parametrize(
        ("now", "standing"), [(END - SECOND, S.OPEN), (END, S.LAPSED), (END + SECOND, S.LAPSED)]
    )
    def test_lapses_at_its_end_without_any_worker(self, now, standing):
        assert status_at(S.OPEN, END, now) is standing

    @pytest.mark.parametrize("standing", [s for s in QualificationStatus if s is not S.OPEN])
    def test_lapses_only_from_open(self, standing):
        assert status_at(standing, END, END + SECOND) is standing

    def test_without_an_end_never_lapses(self):
        assert status_at(S.OPEN, None, END + days(9999)) is S.OPEN


class TestANotice:
    @pytest.mark.parametrize(
        ("before", "given"),
        [
            (days(60) + SECOND, None),
            (days(60), 60),
            (days(30) + SECOND, 60),
            (days(30), 30),
            (days(7) + SECOND, 30),
            (days(7), 7),
            (SECOND, 7),
            (days(0), None),
        ],
    )
    def test_is_the_narrowest_that_has_begun(self, before, given):
        assert current_notice_days(END, END - before) == given

    @pytest.mark.parametrize(
        ("before", "due_before"),
        [(days(60), 30), (days(31), 30), (days(30), 7), (days(8), 7), (days(7), 0), (SECOND, 0)],
    )
    def test_is_followed_by_the_next_narrower_one_or_the_end(self, before, due_before):
        assert next_action_at(END, END - before) == END - days(due_before)

    def test_comes_first_60_days_ahead(self):
        assert first_notice_at(END) == END - days(60)
