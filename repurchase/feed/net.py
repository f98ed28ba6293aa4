"""Lines and freight without the tax that is inside them, for formats that know net amounts only. Exact."""

from collections.abc import Sequence

from marketplace.money import allocate
from repurchase.models import LineOutcome, RepeatLine, RepeatOrder


def net_amounts(order: RepeatOrder, lines: Sequence[RepeatLine]) -> tuple[list[int], int]:
    """(of each planned line, of the freight), in minor units; together they are the total less the tax.

    Prices that include tax are split by largest remainder (R-17); others are what they are.
    """
    totals = [line.total_minor for line in lines if line.outcome == LineOutcome.PLANNED]
    if not order.prices_include_tax:
        return totals, order.freight_minor
    *net, freight = allocate(order.total_minor - order.tax_minor, [*totals, order.freight_minor])
    return net, freight
