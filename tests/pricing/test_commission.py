"""R-59: the commission on goods of one rate, of two and of many."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.money import ExactRate, allocate, rate_as_ratio
from pricing.commission import Commission, build_commission, intern_goods
from pricing.fee_lines import Charge, FeeKind, FeePart

RATES = [Decimal("0.05"), Decimal("0.08"), Decimal("0.12345"), Decimal(0)]


def charge(rate: Decimal, categories: list[str]) -> Charge:
    return Charge(
        part=FeePart.COMMISSION,
        kind=FeeKind.COMMISSION,
        currency="USD",
        rate=rate,
        told={"categories": categories},
        share=ExactRate(*rate_as_ratio(rate)),
    )


def of(*rates: Decimal) -> Commission:
    return build_commission(
        [intern_goods(f"c{rate}", rate, False) for rate in rates],
        charge=charge,
        day=dt.date(2026, 11, 23),
    )


class TestACommission:
    @given(
        st.lists(st.tuples(st.sampled_from(RATES), st.integers(0, 10**9)), min_size=1, max_size=9),
        st.integers(0, 10**7),
    )
    def test_of_one_or_two_rates_comes_out_as_of_any_number(self, lines, freight):
        """The common cases are worked out without sharing out: they must not come to other
        amounts."""
        found = of(*[rate for rate, _ in lines])
        totals = tuple(total for _, total in lines)
        assert found.lines(totals, freight) == Commission.lines(found, totals, freight)

    @given(st.lists(st.integers(0, 10**9), min_size=2, max_size=2), st.integers(-(10**6), 10**7))
    def test_of_two_rates_shares_freight_out_by_largest_remainder(self, totals, freight):
        lines = of(*RATES[:2]).lines(tuple(totals), freight)
        assert [line.freight_minor for line in lines] == allocate(freight, totals)

    def test_gives_each_line_its_part_of_its_own_rates_net_goods(self):
        """By largest remainder, in the order of the lines: 100 to 302 of the first rate, 200 alone
        of the second."""
        found = of(RATES[0], RATES[1], RATES[0])
        assert found.net_lines((100, 200, 302), (303, 151)) == (75, 151, 228)

    def test_holds_the_lines_of_each_rate_in_ascending_order(self):
        found = of(RATES[1], RATES[0], RATES[1])
        assert [line.rate for line in found.lines((1, 2, 3), 0)] == RATES[:2]
        assert [line.base_minor for line in found.lines((1, 2, 3), 0)] == [2, 4]

    @pytest.mark.parametrize(("ear", "due"), [((False, False), False), ((False, True), True)])
    def test_knows_whether_goods_are_controlled(self, ear, due):
        found = build_commission(
            [intern_goods("a", RATES[0], each) for each in ear], charge=charge, day=dt.date.min
        )
        assert found.ear_controlled is due
