"""Lines and freight without the tax that is inside them, for formats that know net amounts only.
Exact."""

from collections.abc import Sequence

from marketplace.money import allocate
from pricing.totals import amounts_of
from repurchase.models import LineOutcome, RepeatLine, RepeatOrder


def net_amounts(order: RepeatOrder, lines: Sequence[RepeatLine]) -> tuple[list[int], int]:
    """(of each planned line, of the freight), in minor units; together they are the total less the
    tax.

    Freight is that of every total (`pricing.totals`); the rest goes to the lines by largest
    remainder (R-17).
    """
    amounts = amounts_of(order)
    totals = [line.total_minor for line in lines if line.outcome == LineOutcome.PLANNED]
    return allocate(amounts.goods_net, totals), amounts.freight_net
