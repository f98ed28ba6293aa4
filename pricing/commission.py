"""The commission on orders of the same goods: which rates they fall to, and what each is taken of
(R-59). Pure."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import allocate
from pricing.fee_lines import Charge, FeeLine


@dataclass(frozen=True, slots=True, eq=False)
class CommissionGoods:
    """What the fees ask of a line's goods. Made by `intern_goods`, and known by identity: a batch
    has few, and many lines."""

    category_code: str
    commission_rate: Decimal | None
    ear_controlled: bool


intern_goods = lru_cache(maxsize=4096)(CommissionGoods)
"""The same Goods for the same values."""


class Commission:
    """Goods by their commission rates: a fee is rounded once a rate, not once a line.

    `places`: by rate, which lines fall to it. Rates ascend, so that the order of the lines changes
    nothing.
    """

    def __init__(
        self, charges: Sequence[Charge], places: Sequence[Sequence[int]], *, ear_controlled: bool
    ) -> None:
        self.charges, self.places, self.ear_controlled = charges, places, ear_controlled
        self._picks = [_line_picker(some) for some in places]

    def lines(self, totals: Sequence[int], freight: int) -> tuple[FeeLine, ...]:
        """On line totals and freight without tax."""
        return self.lines_on(self.by_rate(totals), freight)

    def lines_on(self, goods_minor: Sequence[int], freight: int) -> tuple[FeeLine, ...]:
        """On goods by rate: freight falls to the rates in proportion to them, by largest
        remainder."""
        return tuple(
            map(Charge.on_goods, self.charges, goods_minor, allocate(freight, goods_minor))
        )

    def by_rate(self, totals: Sequence[int]) -> list[int]:
        return [sum(pick(totals)) for pick in self._picks]

    def net_lines(self, totals: Sequence[int], net_goods: Sequence[int]) -> tuple[int, ...]:
        """Each rate's net goods among its lines, by largest remainder."""
        net = [0] * len(totals)
        for places, pick, minor in zip(self.places, self._picks, net_goods, strict=True):
            for place, part in zip(places, allocate(minor, pick(totals)), strict=True):
                net[place] = part
        return tuple(net)


class _OneRateCommission(Commission):
    """Most orders': the same without sharing out, in a third of the time."""

    def lines(self, totals: Sequence[int], freight: int) -> tuple[FeeLine, ...]:
        return (self.charges[0].on_goods(sum(totals), freight),)


class _TwoRateCommission(Commission):
    """The next most orders': of two parts the larger remainder is the first one's, from a half
    on."""

    def lines(self, totals: Sequence[int], freight: int) -> tuple[FeeLine, ...]:
        whole, first = sum(totals), sum(self._picks[0](totals))
        if whole <= 0:
            return self.lines_on([first, whole - first], freight)
        with_first = (2 * freight * first + whole) // (2 * whole)
        one, other = self.charges
        return one.on_goods(first, with_first), other.on_goods(whole - first, freight - with_first)


def build_commission(
    of: Sequence[CommissionGoods], *, charge: Callable[[Decimal, list[str]], Charge], day: dt.date
) -> Commission:
    """`charge`: the one of a rate and the categories that fall to it. ORDER_WITHOUT_LINES,
    COMMISSION_RATE_MISSING."""
    if not of:
        raise Problem(Code.ORDER_WITHOUT_LINES)
    if unrated := [each.category_code for each in of if each.commission_rate is None]:
        raise Problem(Code.COMMISSION_RATE_MISSING, category=min(unrated), date=day.isoformat())
    rates = sorted({each.commission_rate for each in of})
    places = [
        tuple(n for n, each in enumerate(of) if each.commission_rate == rate) for rate in rates
    ]
    categories = [sorted({of[n].category_code for n in some}) for some in places]
    kind = {1: _OneRateCommission, 2: _TwoRateCommission}.get(len(rates), Commission)
    charges = [charge(rate, some) for rate, some in zip(rates, categories, strict=True)]
    return kind(charges, places, ear_controlled=any(each.ear_controlled for each in of))


def _line_picker(places: Sequence[int]) -> Callable[[Sequence[int]], Sequence[int]]:
    """Those of a line-by-line sequence; quicker than picking them one by one."""
    return itemgetter(*places) if len(places) > 1 else itemgetter(slice(places[0], places[0] + 1))
