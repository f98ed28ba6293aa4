from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.money import Money, round_half_up
from pricing.totals import (
    Amounts,
    TaxIncluded,
    TotalsGroup,
    TotalsRow,
    build_amounts,
    combine_tax_included,
    sum_amounts,
    totals_by_currency,
)

INCLUSIVE = Amounts(11900, 1190, 2090, 13090, 10000, 1000)
EXCLUSIVE = Amounts(10000, 1000, 2090, 13090, 10000, 1000)


def row(
    group: TotalsGroup | None = TotalsGroup.OFFERED,
    of: Amounts = EXCLUSIVE,
    *,
    currency="EUR",
    **told,
) -> TotalsRow:
    told = {"orders": 1, "prices_include_tax": of is INCLUSIVE, **told}
    return TotalsRow(group=group, currency=currency, amounts=of, **told)


def lines(group: TotalsGroup, as_paid: int, n: int = 1, *, currency="EUR") -> TotalsRow:
    return TotalsRow(group=group, currency=currency, as_paid=as_paid, lines=n)


def fees(group: TotalsGroup, **minor: int) -> TotalsRow:
    return TotalsRow(group=group, currency="EUR", fees=minor)


class TestTheNetPartsOfAnOrder:
    """R-17."""

    @pytest.mark.parametrize(
        ("goods", "freight", "tax", "total", "goods_net", "freight_net"),
        [
            (10000, 1000, 2090, 13090, 10000, 1000),  # tax comes on top
            (11900, 1190, 2090, 13090, 10000, 1000),  # it is inside
            (5000, 0, 798, 5000, 4202, 0),
            (0, 5000, 798, 5000, 0, 4202),
            (1, 1, 1, 2, 1, 0),  # one unit for two equal parts: the earlier takes it
            (333, 667, 160, 1000, 280, 560),  # 279.72 and 560.28
            (10000, 1000, 0, 11000, 10000, 1000),  # reverse charge: it came out net
            (0, 0, 0, 0, 0, 0),
        ],
    )
    def test_are(self, goods, freight, tax, total, goods_net, freight_net):
        found = build_amounts(goods, freight, tax, total)
        assert found == Amounts(goods, freight, tax, total, goods_net, freight_net)

    @given(st.integers(0, 10**12), st.integers(0, 10**9), st.integers(0, 5000))
    def test_add_up_to_the_total_with_the_tax(self, goods, freight, rate):
        tax = round_half_up(Fraction((goods + freight) * rate, 10000 + rate))
        found = build_amounts(goods, freight, tax, goods + freight)
        assert found.goods_net + found.freight_net + found.tax == found.total
        exact = Fraction((found.total - tax) * goods, goods + freight or 1)
        assert abs(found.goods_net - exact) <= Fraction(1, 2) or not goods + freight


class TestTotals:
    """One row of the table a group of states: what is live, and what the rest is told as."""

    def only(self, rows: Sequence[TotalsRow], **how):
        (found,) = totals_by_currency(rows, **how)
        return found

    def test_of_nothing_are_none(self):
        assert totals_by_currency([]) == []

    @pytest.mark.parametrize(
        ("group", "live", "named"),
        [
            (TotalsGroup.OFFERED, 13090, "offered"),
            (TotalsGroup.ACCEPTED, 13090, "accepted"),
            (TotalsGroup.ENDED, 0, "ended"),
            (None, 0, None),
        ],
    )
    def test_count_what_is_offered_or_accepted(self, group, live, named):
        found = self.only([row(group)])
        assert found.total == Money(live, "EUR")
        told = {name: getattr(found, name).minor for name in ("offered", "accepted", "ended")}
        assert told == {"offered": 0, "accepted": 0, "ended": 0} | ({named: 13090} if named else {})

    def test_keep_a_currency_of_which_nothing_is_live(self):
        found = self.only(
            [
                row(TotalsGroup.ENDED),
                lines(TotalsGroup.ENDED, 10000),
                fees(TotalsGroup.ENDED, payment=92),
            ]
        )
        assert (found.total.minor, found.net.minor, found.fees_total.minor) == (0, 0, 0)
        assert (found.asked.minor, found.ended.minor, found.orders) == (10000, 13090, 0)

    @pytest.mark.parametrize("of", [INCLUSIVE, EXCLUSIVE])
    def test_the_seller_keeps_the_total_less_tax_and_fees(self, of):
        found = self.only(
            [row(of=of), fees(TotalsGroup.OFFERED, commission=550, payment=92, logistics=800)]
        )
        assert found.net == Money(13090 - 2090 - 1442, "EUR")
        assert (
            found.goods_net.minor + found.freight_net.minor - found.fees_total.minor
            == found.net.minor
        )

    def test_asked_is_every_source_line_as_paid_whatever_became_of_it(self):
        groups = [None, *TotalsGroup]
        found = self.only([lines(group, 10 ** (n + 1), n + 1) for n, group in enumerate(groups)])
        assert (found.asked.minor, found.asked_lines) == (111110, 15)
        assert (found.left_out.minor, found.left_out_lines) == (100, 2)

    def test_are_by_currency(self):
        found = totals_by_currency([row(), row(currency="CNY"), row(currency="EUR")])
        assert [(each.currency, each.total.minor, each.orders) for each in found] == [
            ("CNY", 13090, 1),
            ("EUR", 26180, 2),
        ]

    def test_of_other_groups_are_told_where_they_are_asked_for(self):
        found = self.only(
            [row(TotalsGroup.ENDED), row(TotalsGroup.OFFERED)], of=frozenset({TotalsGroup.ENDED})
        )
        assert (found.total.minor, found.offered.minor, found.orders) == (13090, 13090, 1)

    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            ([row(of=INCLUSIVE)], "true"),
            ([row()], "false"),
            ([row(), row(of=INCLUSIVE)], "mixed"),
            ([row(), row(TotalsGroup.ENDED, INCLUSIVE)], "false"),  # of what is live
            ([row(TotalsGroup.ENDED, INCLUSIVE)], "true"),  # nothing is live: of what was
            ([lines(TotalsGroup.LEFT_OUT, 5)], "false"),
        ],
    )
    def test_say_whether_tax_is_included(self, rows, said):
        assert self.only(rows).tax_included == said


SUMS = st.builds(
    row,
    st.sampled_from(list(TotalsGroup)),
    st.sampled_from([INCLUSIVE, EXCLUSIVE]),
    currency=st.sampled_from(["EUR", "JPY"]),
)


def added_up(*parts: Money) -> Money:
    return Money(sum(part.minor for part in parts), parts[0].currency)


@given(
    st.lists(
        SUMS | st.builds(lines, st.sampled_from(list(TotalsGroup)), st.integers(0, 10**9)),
        max_size=20,
    )
)
def test_parts_and_groups_always_add_up(rows):
    for found in totals_by_currency(rows):
        assert added_up(found.goods_net, found.freight_net, found.tax) == found.total
        assert added_up(found.offered, found.accepted) == found.total
        if found.tax_included is TaxIncluded.YES and found.live:
            assert added_up(found.goods, found.freight) == found.total
        if found.tax_included is TaxIncluded.NO:
            assert added_up(found.goods, found.freight, found.tax) == found.total


def test_nothing_added_is_nothing():
    assert sum_amounts([]) == Amounts()
    assert sum_amounts([INCLUSIVE, EXCLUSIVE]) == Amounts(21900, 2190, 4180, 26180, 20000, 2000)


@pytest.mark.parametrize(
    ("flags", "said"),
    [([], "false"), ([True], "true"), ([False], "false"), ([True, False], "mixed")],
)
def test_tax_included(flags, said):
    assert combine_tax_included(flags) == said
