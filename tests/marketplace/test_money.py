from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money, Rates, allocate, apply_rate, decimal_text, round_half_up

RATES = Rates(
    id=1,
    source="test",
    published_on=date(2026, 11, 23),
    per_euro={"USD": Decimal("1.1"), "JPY": Decimal(176)},
)


class TestHalfUp:
    @pytest.mark.parametrize(
        ("value", "whole"),
        [
            ("0.5", 1),
            ("0.4999", 0),
            ("1.5", 2),
            ("2.5", 3),
            ("-0.5", -1),
            ("-0.4999", 0),
            ("-2.5", -3),
            ("7", 7),
        ],
    )
    def test_sends_a_half_away_from_zero(self, value, whole):
        assert round_half_up(Decimal(value)) == whole
        assert round_half_up(Fraction(value)) == whole

    @given(st.fractions(), st.integers(-1000, 1000))
    def test_is_never_more_than_a_half_away(self, value, shift):
        assert abs(round_half_up(value) - value) <= Fraction(1, 2)
        assert round_half_up(-value) == -round_half_up(value)

    def test_of_a_rate_rounds_once(self):
        assert apply_rate(1837, Decimal("0.19")) == 349


class TestMoney:
    @pytest.mark.parametrize(
        ("amount", "currency", "minor", "text"),
        [
            ("12.34", "USD", 1234, "12.34"),
            ("1235", "JPY", 1235, "1235"),
            ("1.234", "KWD", 1234, "1.234"),
            ("-0.05", "EUR", -5, "-0.05"),
        ],
    )
    def test_keeps_the_digits_of_its_currency(self, amount, currency, minor, text):
        money = Money.of(amount, currency)
        assert (money.minor, decimal_text(minor, currency)) == (minor, text)

    @pytest.mark.parametrize(
        "amount",
        [
            "12.345",
            "1e-3",
            "NaN",
            "Infinity",
            "abc",
            "",
            "1e999999",
            "1e30",
            "1_000",
            "٣",
            " 5 ",
            "5\n",
            "+5",
            ".5",
            "5.",
            "1" * 16,
            "1" * 20,
            "0." + "0" * 19,
        ],
    )
    def test_refuses_what_is_no_amount(self, amount):
        with pytest.raises(Problem) as refused:
            Money.of(amount, "USD")
        assert refused.value.code is Code.AMOUNT_INVALID

    def test_refuses_more_than_a_column_holds(self):
        assert Money.of("9" * 15, "KWD").minor == int("9" * 15 + "000")
        with pytest.raises(Problem):
            Money.of("9" * 15, "CLF")  # four digits behind the point

    @pytest.mark.parametrize(
        ("amount", "minor"), [(120, 12_000), (Decimal("2.30"), 230), (Decimal("1E+2"), 10_000)]
    )
    def test_takes_numbers_too(self, amount, minor):
        assert Money.of(amount, "USD").minor == minor

    def test_refuses_a_currency_that_does_not_exist(self):
        with pytest.raises(Problem) as refused:
            Money.of("1", "XYZ")
        assert refused.value.code is Code.CURRENCY_UNKNOWN

    def test_names_its_currency(self):
        assert str(Money(93_120_00, "USD")) == "USD 93,120.00"


class TestRates:
    def test_cross_over_the_euro_and_shift_the_minor_digits(self):
        assert RATES.convert(1100, "USD", "EUR") == 1000
        assert RATES.convert(1100, "USD", "JPY") == 1760
        assert RATES.convert(1760, "JPY", "USD") == 1100

    def test_say_which_currency_is_missing(self):
        with pytest.raises(Problem) as refused:
            RATES.convert(100, "USD", "RUB")
        assert refused.value.code is Code.FX_RATE_MISSING
        assert refused.value.evidence["currency"] == "RUB"

    @given(st.integers(-(10**9), 10**9))
    def test_there_and_back_is_the_same(self, minor):
        there = RATES.convert(minor, "USD", "JPY")
        assert there * RATES.cross("JPY", "USD") * 100 == minor


class TestAllocation:
    @given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
    def test_parts_sum_to_the_whole_and_keep_within_one_unit(self, total, weights):
        parts = allocate(total, weights)
        assert sum(parts) == total
        if sum(weights):
            assert all(
                abs(part - Fraction(total * w, sum(weights))) < 1
                for part, w in zip(parts, weights, strict=True)
            )

    def test_a_tie_goes_to_the_earlier_part(self):
        assert allocate(100, [1, 1, 1]) == [34, 33, 33]
