"""What-if: an order's fees under other circumstances, and backwards: the price for a margin, the rate to break even
(B-7). Pure.

Both answers honour every rounding: the price is the least one that reaches the margin, the rate the least one, to six
digits, at which what is settled covers the cost.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import count

from marketplace.money import Money, Rates, allocate, exponent
from pricing.offering import Offer, TariffFacts, Wanted, offer

HIGHEST = 10**13
"""Minor units: a price beyond it is none."""
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
class Case:
    """`cost`: what the goods cost the seller, in the currency that they are paid in."""

    wanted: Wanted
    cost: Money
    wished_margin: Decimal | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """`turnover`: what the buyer pays without VAT; `net`: less the fees; `profit`: less the cost as well."""

    offer: Offer
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


def supposed(facts: TariffFacts, rates: Rates, changes: Changes) -> tuple[TariffFacts, Rates]:
    """The tariffs and rates in force, but for what is supposed to be other."""
    tariff = facts.tariff
    if changes.payment_rate is not None:
        tariff = replace(tariff, payment_rate=changes.payment_rate)
    if changes.vat_remittance_rate is not None:
        tariff = replace(tariff, vat_remittance_rate=changes.vat_remittance_rate)
    commission, tax_rules = facts.commission, facts.tax_rules
    if changes.commission_rate is not None:
        commission = dict.fromkeys(commission, changes.commission_rate)
    if changes.tax_rate is not None:
        tax_rules = {place: replace(rule, rate=changes.tax_rate) for place, rule in tax_rules.items()}
    facts = replace(facts, tariff=tariff, commission=commission, tax_rules=tax_rules)
    return facts, replace(rates, per_euro={**rates.per_euro, **(changes.per_euro or {})})


def simulate(case: Case, *, facts: TariffFacts, rates: Rates) -> Outcome:
    """Raises what `offer` raises."""
    wanted, cost = case.wanted, case.cost
    made = offer(wanted, facts=facts, rates=rates)
    turnover, net = _turnover(made), _net(made)
    cost_minor = rates.exchange(cost.minor, cost.currency, wanted.currency)
    price = None
    if case.wished_margin is not None:
        price = price_for(case.wished_margin, wanted, cost_minor=cost_minor, facts=facts, rates=rates)
    return Outcome(
        offer=made,
        turnover_minor=turnover,
        net_minor=net,
        cost_minor=cost_minor,
        price_minor=price,
        break_even_rate=break_even_rate(Money(net, wanted.currency), cost),
    )


def price_for(
    margin: Decimal, wanted: Wanted, *, cost_minor: int, facts: TariffFacts, rates: Rates
) -> int | None:
    """The least price of the goods together, in minor units, at which the profit is `margin` of the turnover."""
    kept = 1 - Fraction(margin)

    def surplus(price: int) -> Fraction:
        made = offer(priced_at(price, wanted), facts=facts, rates=rates)
        return _turnover(made) * kept - (_turnover(made) - _net(made)) - cost_minor

    lines = len(wanted.lines)
    slack = 2 + 2 * len(offer(wanted, facts=facts, rates=rates).priced.fees) + lines
    spread = _spread(wanted, facts)
    return least(
        surplus,
        slack=slack,
        loose=slack + -int(-wanted.freight_minor * spread // 1),
        loose_until=-int(-lines * wanted.freight_minor * spread // 1),
    )


def priced_at(price: int, wanted: Wanted) -> Wanted:
    """The same order with its goods at another price: each line by its part of today's, by largest remainder."""
    parts = allocate(price, [line.total_minor for line in wanted.lines])
    lines = [replace(line, total_minor=part) for line, part in zip(wanted.lines, parts, strict=True)]
    return replace(wanted, lines=lines)


def least(surplus: Callable[[int], Fraction], *, slack: int, loose: int, loose_until: int) -> int | None:
    """The least whole number at which `surplus` is not negative; None where there is none up to HIGHEST.

    Roundings make `surplus` go up by steps that may also fall back. It stays within `slack` of a straight line that
    rises (`loose` up to `loose_until`, where few units are shared out among the lines): where it lies more than twice
    that below zero, nothing smaller reaches zero. Bisection finds such a place, the rest is tried one by one.
    """
    if surplus(0) >= 0:
        return 0
    top = 1
    while surplus(top) < 0:
        top *= 2
        if top > HIGHEST:
            return None
    low = _below(surplus, 0, top, 2 * loose)
    start = min(max(low, loose_until), top)
    for price in range(low + 1, start + 1):
        if surplus(price) >= 0:
            return price
    low = _below(surplus, start, top, 2 * slack)
    return next(price for price in count(low + 1) if surplus(price) >= 0)


def _below(surplus: Callable[[int], Fraction], low: int, high: int, depth: int) -> int:
    """A place from `low` on where the surplus lies more than `depth` below zero, the last one that bisection meets."""
    if surplus(low) >= -depth:
        return low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if surplus(middle) < -depth else (low, middle)
    return low


def break_even_rate(net: Money, cost: Money) -> Decimal | None:
    """The least rate, to six digits, at which `net` settles to no less than `cost`, rounded half up.

    None in one currency, and where nothing is left to settle: no rate is enough.
    """
    if net.currency == cost.currency or net.minor <= 0 or cost.minor <= 0:
        return None
    shift = Fraction(10) ** (exponent(cost.currency) - exponent(net.currency))
    exact = (cost.minor - Fraction(1, 2)) / (net.minor * shift)
    steps = -(-exact * 10**RATE_DIGITS // 1)
    return Decimal(int(steps)).scaleb(-RATE_DIGITS)


def _turnover(made: Offer) -> int:
    return made.priced.total_minor - made.priced.tax_minor


def _net(made: Offer) -> int:
    return _turnover(made) - made.priced.fees_minor


def _spread(wanted: Wanted, facts: TariffFacts) -> Fraction:
    rates = [Fraction(facts.commission.get(line.category_id, 0)) for line in wanted.lines]
    return max(rates) - min(rates)
