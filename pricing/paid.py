"""What the buyer pays for an order, and how its net amount falls to the commission rates. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import allocate
from pricing.freight import Quote
from pricing.tax import Splitter


@dataclass(frozen=True, slots=True, eq=False)
class Goods:
    """What the fees ask of a line's goods. Made by `goods`, and known by identity: a batch has few, and many lines."""

    category_code: str
    commission_rate: Decimal | None
    ear_controlled: bool


goods = lru_cache(maxsize=4096)(Goods)
"""The same Goods for the same values."""


class OrderToPrice(NamedTuple):
    """Line by line, in one order: its goods, and what the buyer pays for it, its discount taken off (R-46)."""

    goods: tuple[Goods, ...]
    line_totals: tuple[int, ...]
    freight_minor: int  # charged to the buyer
    prices_include_tax: bool
    local_return: bool
    quote: Quote  # what the carrier charges the seller


class Mixture(NamedTuple):
    """The goods of an order by their commission rates: a fee is rounded once a rate, not once a line.

    Rates ascend, so that the order of the lines changes nothing.
    """

    rates: tuple[Decimal, ...]
    categories: tuple[list[str], ...]  # by rate
    places: tuple[int, ...]  # by line, which of the rates it falls to
    ear_controlled: bool  # any of them


class Paid(NamedTuple):
    """`net_goods` and `net_freights`: by commission rate, without tax."""

    line_totals: tuple[int, ...]
    goods_minor: int
    freight_minor: int
    tax_minor: int
    total_minor: int
    net_goods: Sequence[int]
    net_freights: Sequence[int]


def mixture(of: Sequence[Goods], day: dt.date) -> Mixture:
    """ORDER_WITHOUT_LINES, COMMISSION_RATE_MISSING."""
    if not of:
        raise Problem(Code.ORDER_WITHOUT_LINES)
    if unrated := [each.category_code for each in of if each.commission_rate is None]:
        raise Problem(Code.COMMISSION_RATE_MISSING, category=min(unrated), date=day.isoformat())
    rates = sorted({each.commission_rate for each in of})
    return Mixture(
        rates=tuple(rates),
        categories=tuple(
            sorted({x.category_code for x in of if x.commission_rate == rate}) for rate in rates
        ),
        places=tuple(rates.index(each.commission_rate) for each in of),
        ear_controlled=any(each.ear_controlled for each in of),
    )


def what_is_paid(order: OrderToPrice, mixed: Mixture, splitter: Splitter) -> Paid:
    """Tax is rounded once, on the whole order; its net amount goes to the parts by largest remainder."""
    totals, freight = order.line_totals, order.freight_minor
    goods_minor = _by_rate(totals, mixed)
    asked = sum(goods_minor) + freight
    net, tax = splitter.split(asked, prices_include_tax=order.prices_include_tax)
    net_goods, net_freight = goods_minor, freight
    if net != asked:
        *net_goods, net_freight = allocate(net, [*goods_minor, freight])
    freights = [net_freight] if len(net_goods) == 1 else allocate(net_freight, net_goods)
    if net + tax < asked:  # reverse charge on prices that included tax
        totals, freight = _net_lines(totals, mixed, net_goods), net_freight
    return Paid(totals, sum(totals), freight, tax, net + tax, net_goods, freights)


def _by_rate(totals: Sequence[int], mixed: Mixture) -> list[int]:
    if len(mixed.rates) == 1:
        return [sum(totals)]
    sums = [0] * len(mixed.rates)
    for place, total in zip(mixed.places, totals, strict=True):
        sums[place] += total
    return sums


def _net_lines(totals: Sequence[int], mixed: Mixture, net_goods: Sequence[int]) -> tuple[int, ...]:
    """Each rate's net goods among its lines, by largest remainder."""
    net = [0] * len(totals)
    for place, group in enumerate(net_goods):
        lines = [n for n, of in enumerate(mixed.places) if of == place]
        for line, part in zip(lines, allocate(group, [totals[line] for line in lines]), strict=True):
            net[line] = part
    return tuple(net)
