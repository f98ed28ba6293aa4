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


@dataclass(slots=True)
class Group:
    """The lines of one commission rate: their fee is rounded once."""

    rate: Decimal
    categories: list[str]
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
    asked = sum(parts)
    net, tax = split(asked, order.treatment, prices_include_tax=order.prices_include_tax)
    *net_goods, net_freight = parts if net == asked else allocate(net, parts)
    freights = allocate(net_freight, net_goods) if len(groups) > 1 else [net_freight]
    for group, goods, freight in zip(groups, net_goods, freights, strict=True):
        group.net_minor, group.net_freight_minor = goods, freight
    relieved = net + tax < asked  # reverse charge on prices that included tax
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
    for line in lines:
        rate, category = line.commission_rate, line.category_code
        if rate is None:
            missing = min(other.category_code for other in lines if other.commission_rate is None)
            raise Problem(Code.COMMISSION_RATE_MISSING, category=missing, date=day.isoformat())
        group = groups.get(rate)
        if group is None:
            groups[rate] = Group(rate, [category], line.total_minor)
            continue
        group.minor += line.total_minor
        if category not in group.categories:
            group.categories.append(category)
            group.categories.sort()
    return [groups[rate] for rate in sorted(groups)] if len(groups) > 1 else list(groups.values())


def _net_lines(order: OrderToPrice, groups: Sequence[Group]) -> tuple[int, ...]:
    totals = [0] * len(order.lines)
    for group in groups:
        places = [n for n, line in enumerate(order.lines) if line.commission_rate == group.rate]
        weights = [order.lines[place].total_minor for place in places]
        for place, net in zip(places, allocate(group.net_minor, weights), strict=True):
            totals[place] = net
    return tuple(totals)
