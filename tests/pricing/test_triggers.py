import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from pricing.triggers import (
    TriggerKind,
    exact_change,
    format_change,
    is_beyond_limit,
    is_close_after_lock,
)

FX, INDEX = Decimal("0.025"), Decimal("0.03")
TINY = Fraction(1, 10**12)
LOCKED = dt.datetime(2026, 11, 23, 23, 0, tzinfo=dt.UTC)


class TestAnExchangeRate:
    @pytest.mark.parametrize(
        ("new", "triggers"),
        [
            (Fraction("102.5"), False),
            (Fraction("102.5") + TINY, True),
            (Fraction("97.5"), False),
            (Fraction("97.5") - TINY, True),
            (Fraction(100), False),
            (Fraction(103), True),
            (Fraction(97), True),
        ],
    )
    def test_triggers_strictly_beyond_the_limit_in_either_direction(self, new, triggers):
        """R-50: exactly 2.5 % does not fire."""
        assert is_beyond_limit(TriggerKind.FX, Fraction(100), new, limit=FX) is triggers

    def test_is_held_against_the_frozen_rate_and_not_against_yesterdays(self):
        """Cumulative: three steps of 1 % are 3.03 %."""
        rate = Fraction(100)
        for _ in range(3):
            before, rate = rate, rate * Fraction("1.01")
            assert not is_beyond_limit(TriggerKind.FX, before, rate, limit=FX)
        assert is_beyond_limit(TriggerKind.FX, Fraction(100), rate, limit=FX)

    def test_is_judged_exactly_where_a_quotient_of_28_digits_would_round(self):
        base = Fraction("7.12345678") / Fraction("1.08765432")
        edge = base * Fraction("1.025")
        assert not is_beyond_limit(TriggerKind.FX, base, edge, limit=FX)
        assert is_beyond_limit(TriggerKind.FX, base, edge + Fraction(1, 10**40), limit=FX)

    @pytest.mark.parametrize(
        ("new", "triggers"), [("0.82", False), ("0.8201", True), ("0.7799", True)]
    )
    def test_is_judged_below_one_as_above(self, new, triggers):
        """A rate of 0.80: exactly 2.5 % is 0.02."""
        assert (
            is_beyond_limit(TriggerKind.FX, Fraction("0.80"), Fraction(new), limit=FX) is triggers
        )


class TestAnIndex:
    @pytest.mark.parametrize(
        ("new", "triggers"),
        [
            ("309", False),
            ("309.0001", True),
            ("310", True),
            ("291", False),
            ("1", False),
            ("300", False),
        ],
    )
    def test_triggers_when_it_has_risen_strictly_beyond_the_limit(self, new, triggers):
        """R-51: exactly 3 % does not fire, and no fall does."""
        assert (
            is_beyond_limit(TriggerKind.INDEX, Fraction(300), Fraction(new), limit=INDEX)
            is triggers
        )


@pytest.mark.parametrize(("base", "new"), [(0, 1), (1, 0), (-1, 1), (1, -1)])
@pytest.mark.parametrize("kind", list(TriggerKind))
def test_an_observation_that_is_not_positive_decides_nothing(kind, base, new):
    with pytest.raises(ValueError, match="positive"):
        is_beyond_limit(kind, Fraction(base), Fraction(new), limit=FX)


class TestAChange:
    def test_is_kept_exactly_and_rounded_only_to_be_shown(self):
        exact = exact_change(Fraction("7.1"), Fraction("7.3"))
        assert exact == "2/71"
        assert (
            format_change(exact),
            format_change("-1/40"),
            format_change("0/1"),
            format_change("5/1000000"),
        ) == ("+2.817 %", "−2.500 %", "+0.000 %", "+0.001 %")


class TestAClose:
    @pytest.mark.parametrize(
        ("closed_on", "row", "counts"),
        [
            ("2026-11-23", 8, True),  # arrived after the lock, of its own day
            ("2026-11-20", 8, True),  # arrived late
            ("2026-11-23", 7, False),  # was there
            # of a day that had not come: a sandbox store's clock was moved
            ("2026-11-24", 5, True),
        ],
    )
    def test_counts_when_it_reached_us_after_the_lock(self, closed_on, row, counts):
        """R-51."""
        day = dt.date.fromisoformat(closed_on)
        assert (
            is_close_after_lock(closed_on=day, close_id=row, locked_at=LOCKED, closes_seen=7)
            is counts
        )
