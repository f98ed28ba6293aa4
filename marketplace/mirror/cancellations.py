"""Which earlier sale a cancellation takes back. Pure.

The rule: a cancellation refunds the same customer's earlier sales of the same SKU at the same unit
price, the newest first, piece by piece, until its quantity is used up. What finds no sale cancels
nothing.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from marketplace.money import round_half_up

SaleKey = tuple[str, str, Decimal]
"""(customer, SKU, unit price)"""


@dataclass(slots=True)
class Sale:
    key: SaleKey
    at: dt.datetime
    number: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Cancellation:
    key: SaleKey
    at: dt.datetime
    quantity: int
    row_no: int


@dataclass(frozen=True, slots=True)
class CancellationRefunds:
    refunds: Mapping[str, int]  # minor units by order number
    found: Mapping[int, int]  # pieces found by row number of the cancellation


def match_cancellations(
    sales: Iterable[Sale], cancellations: Iterable[Cancellation]
) -> CancellationRefunds:
    by_key: dict[SaleKey, list[Sale]] = defaultdict(list)
    for sale in sorted(sales, key=lambda s: s.at):
        by_key[sale.key].append(sale)
    owed: dict[str, Fraction] = defaultdict(Fraction)
    found: dict[int, int] = {}
    for cancellation in sorted(cancellations, key=lambda c: (c.at, c.row_no)):
        taken = list(_match_to_sales(by_key[cancellation.key], cancellation))
        found[cancellation.row_no] = sum(pieces for _, pieces in taken)
        for number, pieces in taken:
            owed[number] += Fraction(cancellation.key[2]) * pieces * 100
    return CancellationRefunds(
        {number: round_half_up(minor) for number, minor in owed.items()}, found
    )


def _match_to_sales(sales: list[Sale], cancellation: Cancellation) -> Iterable[tuple[str, int]]:
    left = cancellation.quantity
    for sale in reversed(sales):
        if left and sale.quantity and sale.at <= cancellation.at:
            pieces = min(left, sale.quantity)
            sale.quantity -= pieces
            left -= pieces
            yield sale.number, pieces
