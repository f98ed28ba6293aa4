"""What the buyer pays for an order, and how its net amount falls to the commission rates. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import allocate
from marketplace.territories import Destination
from pricing.freight import Quote
from pricing.tax import Treatment, split


@dataclass(frozen=True, kw_only=True, slots=True)
class PricedLine:
    """`total_minor`: what the buyer pays for the line, its discount taken off (R-46)."""

    category_code: str
    commission_rate: Decimal | None
    total_minor: int
    ear_controlled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderToPrice:
    currency: str
    destination: Destination
    lines: Sequence[PricedLine]
    freight_minor: int  # charged to the buyer
    prices_include_tax: bool
    treatment: Treatment
    quote: Quote  # what the carrier charges the seller
    local_return: bool


@dataclass(kw_only=True, slots=True)
class Group:
    """The lines of one commission rate: their fee is rounded once."""

    rate: Decimal
    categories: list[str]
    places: list[int]  # of its lines in the order
    minor: int
    net_minor: int = 0
    net_freight_minor: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Paid:
    line_totals: tuple[int, ...]
    freight_minor: int
    tax_minor: int
    total_minor: int
    groups: Sequence[Group]


def what_is_paid(order: OrderToPrice, day: dt.date) -> Paid:
    """Tax is rounded once, on the whole order; its net amount goes to the parts by largest remainder."""
    groups = _by_rate(order.lines, day)
    parts = [*[group.minor for group in groups], order.freight_minor]
    net, tax = split(sum(parts), order.treatment, prices_include_tax=order.prices_include_tax)
    *net_goods, net_freight = allocate(net, parts) if net != sum(parts) else parts
    for group, goods, freight in zip(groups, net_goods, allocate(net_freight, net_goods), strict=True):
        group.net_minor, group.net_freight_minor = goods, freight
    relieved = net + tax < sum(parts)  # reverse charge on prices that included tax
    return Paid(
        line_totals=_net_lines(order, groups) if relieved else tuple([x.total_minor for x in order.lines]),
        freight_minor=net_freight if relieved else order.freight_minor,
        tax_minor=tax,
        total_minor=net + tax,
        groups=groups,
    )


def _by_rate(lines: Sequence[PricedLine], day: dt.date) -> Sequence[Group]:
    """Sorted by rate, so that the order of the lines changes nothing."""
    if not lines:
        raise Problem(Code.ORDER_WITHOUT_LINES)
    groups: dict[Decimal, Group] = {}
    for place, line in enumerate(lines):
        if line.commission_rate is None:
            missing = min(other.category_code for other in lines if other.commission_rate is None)
            raise Problem(Code.COMMISSION_RATE_MISSING, category=missing, date=day.isoformat())
        group = groups.get(line.commission_rate)
        if group is None:
            group = groups[line.commission_rate] = Group(
                rate=line.commission_rate, categories=[], places=[], minor=0
            )
        group.minor += line.total_minor
        group.places.append(place)
        if line.category_code not in group.categories:
            group.categories.append(line.category_code)
    for group in groups.values():
        group.categories.sort()
    return [groups[rate] for rate in sorted(groups)]


def _net_lines(order: OrderToPrice, groups: Sequence[Group]) -> tuple[int, ...]:
    totals = [0] * len(order.lines)
    for group in groups:
        weights = [order.lines[place].total_minor for place in group.places]
        for place, net in zip(group.places, allocate(group.net_minor, weights), strict=True):
            totals[place] = net
    return tuple(totals)
