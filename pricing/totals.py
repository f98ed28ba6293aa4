"""The one definition of what orders come to, by currency. Pure.

Rows are added up, each of one group: a sum of orders (with or without its lines and fees), of
lines, or of fee lines. The net parts are rounded an order, before anything is added (pitfall 5):
goods_net + freight_net + tax = total.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol

from marketplace.money import Money, allocate
from pricing.fee_lines import FeePart


class TotalsGroup(StrEnum):
    LEFT_OUT = "left_out"  # asked for, and not offered
    OFFERED = "offered"  # waits for the buyer, or for the lock before him
    ACCEPTED = "accepted"
    ENDED = "ended"  # declined, expired, cancelled, terminated


LIVE_GROUPS = frozenset({TotalsGroup.OFFERED, TotalsGroup.ACCEPTED})


class Amounts(NamedTuple):
    """What the buyer pays for orders, in minor units. goods and freight hold the tax where prices
    include it."""

    goods: int = 0
    freight: int = 0
    tax: int = 0
    total: int = 0
    goods_net: int = 0
    freight_net: int = 0


NO_AMOUNTS = Amounts()


class OrderAmounts(Protocol):
    """A repeat order, or what one is priced at."""

    @property
    def goods_minor(self) -> int: ...
    @property
    def freight_minor(self) -> int: ...
    @property
    def tax_minor(self) -> int: ...
    @property
    def total_minor(self) -> int: ...


def build_amounts(goods: int, freight: int, tax: int, total: int) -> Amounts:
    """Of one order: what is left without the tax goes to goods and freight by largest remainder
    (R-17)."""
    goods_net, freight_net = allocate(total - tax, [goods, freight])
    return Amounts(goods, freight, tax, total, goods_net, freight_net)


def amounts_of(order: OrderAmounts) -> Amounts:
    return build_amounts(order.goods_minor, order.freight_minor, order.tax_minor, order.total_minor)


def sum_amounts(each: Iterable[Amounts]) -> Amounts:
    columns = list(zip(*each, strict=True))
    return Amounts(*map(sum, columns)) if columns else NO_AMOUNTS


class TaxIncluded(StrEnum):
    """Whether goods and freight hold the tax already: then they come to the total without it."""

    YES = "true"
    NO = "false"
    MIXED = "mixed"


def combine_tax_included(flags: Iterable[bool]) -> TaxIncluded:
    """Of nothing at all: no."""
    found = set(flags)
    if len(found) > 1:
        return TaxIncluded.MIXED
    return TaxIncluded.YES if True in found else TaxIncluded.NO


@dataclass(frozen=True, kw_only=True, slots=True)
class TotalsRow:
    """Part of what is added up. `as_paid`: what was paid for its source lines, in minor units,
    without freight.

    `lines` are counted with `as_paid`, `prices_include_tax` with `amounts`; None: the row
    tells no amounts.
    """

    group: TotalsGroup | None  # None: nothing is known of it yet
    currency: str
    amounts: Amounts = NO_AMOUNTS
    orders: int = 0
    prices_include_tax: bool | None = None
    as_paid: int = 0
    lines: int = 0
    fees: Mapping[str, int] = field(default_factory=dict)  # by part


@dataclass(frozen=True, kw_only=True, slots=True)
class CurrencyTotals:
    """`goods` to `net` are of what is live: offered or accepted. net: what the seller keeps, total
    − tax − fees.

    `asked` and `left_out` are source lines as they were paid, without freight; the other groups
    everything that the buyer pays.
    """

    currency: str
    orders: int
    goods: Money
    freight: Money
    goods_net: Money
    freight_net: Money
    tax: Money
    total: Money
    tax_included: TaxIncluded
    fees: Mapping[str, Money]
    net: Money
    asked: Money
    offered: Money
    accepted: Money
    ended: Money
    left_out: Money
    asked_lines: int = 0
    left_out_lines: int = 0

    @property
    def fees_total(self) -> Money:
        return Money(sum(fee.minor for fee in self.fees.values()), self.currency)

    @property
    def live(self) -> bool:
        return bool(self.orders)


def totals_by_currency(
    rows: Iterable[TotalsRow], *, of: frozenset[TotalsGroup] = LIVE_GROUPS
) -> list[CurrencyTotals]:
    """By currency, sorted. `of`: the groups that goods, freight, tax, total, fees and net are told
    of."""
    by_currency: dict[str, list[TotalsRow]] = defaultdict(list)
    for row in rows:
        by_currency[row.currency].append(row)
    return [_totals_of(currency, found, of) for currency, found in sorted(by_currency.items())]


def _totals_of(
    currency: str, rows: Sequence[TotalsRow], of: frozenset[TotalsGroup]
) -> CurrencyTotals:
    told = [row for row in rows if row.group in of]
    sums = sum_amounts(row.amounts for row in told)
    fees: Counter[str] = Counter()
    for row in told:
        fees.update(row.fees)
    left_out = [row for row in rows if row.group is TotalsGroup.LEFT_OUT]
    by_group = {
        group: Money(sum(row.amounts.total for row in rows if row.group is group), currency)
        for group in (TotalsGroup.OFFERED, TotalsGroup.ACCEPTED, TotalsGroup.ENDED)
    }
    return CurrencyTotals(
        currency=currency,
        orders=sum(row.orders for row in told),
        **{name: Money(minor, currency) for name, minor in sums._asdict().items()},
        tax_included=_tax_included_of_rows(told) or _tax_included_of_rows(rows) or TaxIncluded.NO,
        fees={part.value: Money(fees[part], currency) for part in FeePart},
        net=Money(sums.total - sums.tax - fees.total(), currency),
        asked=Money(sum(row.as_paid for row in rows), currency),
        offered=by_group[TotalsGroup.OFFERED],
        accepted=by_group[TotalsGroup.ACCEPTED],
        ended=by_group[TotalsGroup.ENDED],
        left_out=Money(sum(row.as_paid for row in left_out), currency),
        asked_lines=sum(row.lines for row in rows),
        left_out_lines=sum(row.lines for row in left_out),
    )


def _tax_included_of_rows(rows: Sequence[TotalsRow]) -> TaxIncluded | None:
    flags = {row.prices_include_tax for row in rows} - {None}
    return combine_tax_included(flags) if flags else None
