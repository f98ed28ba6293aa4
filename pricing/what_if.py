"""What-if: an order's fees under other circumstances, and backwards: the price for a margin, the
rate to break even (B-7). Pure.

Both answers honour every rounding: the price is the least one that reaches the margin, the rate
the least one, to six digits, at which what is settled covers the cost.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money, Rates, allocate, minor_unit_digits
from pricing import fees
from pricing.order_cost import OrderCost, OrderCostRequest, TariffFacts, calculate_order_cost
from pricing.tax import STANDARD

HIGHEST = 10**13
"""Minor units: a price beyond it is none."""
FAR = 10**40
"""Minor units: so many that freight, charges and roundings are nothing beside them."""
FIRST = 6
"""Minor units: less are tried without asking whether they can be."""
TRIES = 4000
ZERO = Decimal(0)
UNTAXED = frozenset("ZGO")
SUPPOSED = "?"
"""Stands in a tax code for a number that the seller hasn't."""
RATE_DIGITS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """What is supposed to be other than it is; None and the empty mapping leave a rate as it is."""

    commission_rate: Decimal | None = None
    payment_rate: Decimal | None = None
    vat_remittance_rate: Decimal | None = None
    tax_rate: Decimal | None = None
    per_euro: Mapping[str, Decimal] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIfCase:
    """`cost`: what the goods cost the seller, in the currency that they are paid in."""

    wanted: OrderCostRequest
    cost: Money
    wished_margin: Decimal | None


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIfOutcome:
    """`turnover`: what the buyer pays without VAT; `net`: less the fees; `profit`: less the cost
    as well."""

    offer: OrderCost
    turnover_minor: int
    net_minor: int
    cost_minor: int  # in the order's currency
    price_minor: (
        int | None
    )  # goods: the least price that reaches the wished margin; None: not asked, or no price does
    break_even_rate: Decimal | None  # units of the cost's currency for one of the order's

    @property
    def profit_minor(self) -> int:
        return self.net_minor - self.cost_minor

    @property
    def margin(self) -> Fraction | None:
        return Fraction(self.profit_minor, self.turnover_minor) if self.turnover_minor else None


def apply_changes(
    facts: TariffFacts, rates: Rates, changes: Changes, *, category_ids: Collection[int]
) -> tuple[TariffFacts, Rates]:
    """The tariffs and rates in force, but for what is supposed to be other.

    A commission is supposed for each of the categories, also for one that has none in force.
    """
    tariff = facts.tariff
    if changes.payment_rate is not None:
        tariff = replace(tariff, payment_rate=changes.payment_rate)
    if changes.vat_remittance_rate is not None:
        tariff = replace(tariff, vat_remittance_rate=changes.vat_remittance_rate)
    commission = facts.commission
    if changes.commission_rate is not None:
        commission = dict.fromkeys(category_ids, changes.commission_rate)
    facts = replace(facts, tariff=tariff, commission=commission)
    if changes.tax_rate is not None:
        facts = _apply_tax_rate(facts, changes.tax_rate)
    return facts, replace(rates, per_euro={**rates.per_euro, **(changes.per_euro or {})})


def _apply_tax_rate(facts: TariffFacts, rate: Decimal) -> TariffFacts:
    """Where nothing is taxed today (Z, G, O), a rate is the standard one of a registration that is
    supposed as well."""
    untaxed = {
        place for place, rule in facts.tax_rules.items() if rate and rule.category in UNTAXED
    }
    rules = {
        place: replace(rule, rate=rate, category=STANDARD if place in untaxed else rule.category)
        for place, rule in facts.tax_rules.items()
    }
    return replace(
        facts,
        tax_rules=rules,
        registrations=dict.fromkeys(untaxed, SUPPOSED) | dict(facts.registrations),
    )


def simulate(case: WhatIfCase, *, facts: TariffFacts, rates: Rates) -> WhatIfOutcome:
    """Raises what `calculate_order_cost` raises."""
    wanted, cost = case.wanted, case.cost
    made = calculate_order_cost(wanted, facts=facts, rates=rates)
    turnover, net = _turnover_minor(made), _net_minor(made)
    cost_minor = rates.exchange(cost.minor, cost.currency, wanted.currency)
    price = None
    if case.wished_margin is not None:
        price = price_for_margin(
            case.wished_margin, wanted, cost_minor=cost_minor, facts=facts, rates=rates
        )
    return WhatIfOutcome(
        offer=made,
        turnover_minor=turnover,
        net_minor=net,
        cost_minor=cost_minor,
        price_minor=price,
        break_even_rate=break_even_rate(Money(net, wanted.currency), cost),
    )


def price_for_margin(
    margin: Decimal, wanted: OrderCostRequest, *, cost_minor: int, facts: TariffFacts, rates: Rates
) -> int | None:
    """The least price of the goods together, in minor units, at which the profit is `margin` of
    the turnover.

    INPUT_INVALID where fees and margin leave so little of each unit that the search would not end.
    """
    made = calculate_order_cost(wanted, facts=facts, rates=rates)
    order = made.order
    kept, whole = (1 - Fraction(margin)).as_integer_ratio()

    def surplus(price: int) -> int:
        priced = made.prices.price(_reprice_order(price, order))
        turnover = priced.total_minor - priced.tax_minor
        return turnover * kept - (priced.fees_minor + cost_minor) * whole

    return least_price(surplus, bound=surplus_bound(surplus, order, whole))


def reprice_request(price: int, wanted: OrderCostRequest) -> OrderCostRequest:
    """The same order with its goods at another price: each line by its part of today's, by largest
    remainder."""
    parts = allocate(price, [line.total_minor for line in wanted.lines])
    lines = [
        line._replace(total_minor=part) for line, part in zip(wanted.lines, parts, strict=True)
    ]
    return wanted._replace(lines=lines)


def _reprice_order(price: int, order: fees.OrderToPrice) -> fees.OrderToPrice:
    return order._replace(line_totals=tuple(allocate(price, order.line_totals)))


def surplus_bound(
    surplus: Callable[[int], int], order: fees.OrderToPrice, whole: int
) -> Callable[[int], Fraction]:
    """A convex function that `surplus` never exceeds, from FIRST on.

    Without roundings `surplus` is a straight line, told by two prices so high that nothing else
    counts. Beside it lie the roundings, and with several commission rates the freight: few units
    of goods share it out unevenly among the rates, by no more than `uneven` units of the goods'
    net, which is half of their price at the least.
    """
    rates = {goods.commission_rate or ZERO for goods in order.goods}
    lines, groups, top = len(order.goods), len(rates), max(rates)
    rounded = 6 + 2 * groups + Fraction(top) * (lines + groups) / 2
    uneven = (
        Fraction(lines + 2 * groups + 2, 4) * Fraction(top - min(rates)) * (order.freight_minor + 2)
    )
    net = Fraction(1, 2) if order.prices_include_tax else 1
    once, twice = surplus(FAR), surplus(2 * FAR)
    slope, start = Fraction(twice - once, FAR), 2 * once - twice

    def bound(price: int) -> Fraction:
        return start + slope * price + whole * (4 * rounded + uneven / (net * price - 2))

    return bound


def least_price(surplus: Callable[[int], int], *, bound: Callable[[int], Fraction]) -> int | None:
    """The least whole number at which `surplus` is not negative; None where there is none up to
    HIGHEST.

    Roundings make `surplus` go up by steps that may also fall back: tried is each number that
    `bound` leaves open.
    """
    for tried, price in enumerate(_prices_left_open(bound)):
        if tried == TRIES:
            raise Problem(
                Code.INPUT_INVALID,
                detail="wished_margin: fees and margin leave too little to tell a price",
            )
        if surplus(price) >= 0:
            return price
    return None


def _prices_left_open(bound: Callable[[int], Fraction]) -> Iterator[int]:
    """Where a convex bound is not below zero: at the beginning perhaps, and from some number on."""
    yield from range(FIRST)
    turn = _first_true_from(lambda n: bound(n + 1) >= bound(n), FIRST, HIGHEST)
    yield from range(FIRST, _first_true_from(lambda n: bound(n) < 0, FIRST, turn))
    yield from range(_first_true_from(lambda n: bound(n) >= 0, turn, HIGHEST), HIGHEST)


def _first_true_from(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The first number from `low` on where it holds, and goes on to; else `high`."""
    return low + bisect_left(range(low, high), True, key=holds)


def break_even_rate(net: Money, cost: Money) -> Decimal | None:
    """The least rate, to six digits, at which `net` settles to no less than `cost`, rounded half
    up.

    None in one currency, and where nothing is left to settle: no rate is enough.
    """
    if net.currency == cost.currency or net.minor <= 0 or cost.minor <= 0:
        return None
    shift = Fraction(10) ** (minor_unit_digits(cost.currency) - minor_unit_digits(net.currency))
    exact = (cost.minor - Fraction(1, 2)) / (net.minor * shift)
    steps = -(-exact * 10**RATE_DIGITS // 1)
    return Decimal(int(steps)).scaleb(-RATE_DIGITS)


def _turnover_minor(made: OrderCost) -> int:
    return made.priced.total_minor - made.priced.tax_minor


def _net_minor(made: OrderCost) -> int:
    return _turnover_minor(made) - made.priced.fees_minor
