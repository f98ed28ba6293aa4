"""What orders come to, from their rows: added up in the database by group, then by
`pricing.totals_by_currency`.

Every sum of orders that is shown anywhere is asked for here, or weighed by the same pure module.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, DecimalField, F, Func, QuerySet, Sum, Value
from django.db.models.functions import Cast, Coalesce, NullIf

from diagnostics import attribution
from diagnostics.attribution import FailureFinding
from diagnostics.codes import Code
from marketplace.models import PastOrderLine
from marketplace.money import Money
from pricing.models import Lock
from pricing.totals import (
    LIVE_GROUPS,
    Amounts,
    CurrencyTotals,
    TotalsGroup,
    TotalsRow,
    totals_by_currency,
)
from repurchase.models import Batch, LineOutcome, OrderFee, RepeatLine, RepeatOrder
from repurchase.models.order_states import MONEY_GROUPS, OrderStatus
from repurchase.models.orders import state_at

UNDECIDED = (OrderStatus.FAILED, OrderStatus.EXCLUDED)
WHOLE_NUMBER = DecimalField(max_digits=60, decimal_places=0)
"""Of the products of two amounts: more digits than a bigint has."""


def _as_whole_number(expression) -> Cast:
    return Cast(expression, WHOLE_NUMBER)


def goods_net() -> Coalesce:
    """`pricing.totals.build_amounts` for a query: an order's goods without tax, by largest
    remainder of two parts."""
    net = _as_whole_number(F("total_minor") - F("tax_minor"))
    parts = NullIf(
        _as_whole_number(F("goods_minor") + F("freight_minor")),
        Value(Decimal(0), output_field=WHOLE_NUMBER),
    )
    twice = Value(Decimal(2), output_field=WHOLE_NUMBER)
    share = Func(
        twice * net * _as_whole_number(F("goods_minor")) + parts,
        twice * parts,
        function="div",
        output_field=WHOLE_NUMBER,
    )
    return Coalesce(share, net)


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOutLines:
    """Lines that are not offered, by the first cause of each: what was paid for them, without
    freight."""

    code: Code
    whole: bool  # their orders are out as a whole; else those go on without them
    lines: int
    money: Money


def order_totals_by_currency(
    orders: QuerySet[RepeatOrder], *, now: dt.datetime, of: frozenset[TotalsGroup] = LIVE_GROUPS
) -> list[CurrencyTotals]:
    """By currency: three queries for any number of orders. What has no row yet isn't in it."""
    return totals_by_currency(
        [*order_rows(orders, now), *line_rows(orders, now), *fee_rows(orders, now)], of=of
    )


def batch_totals(batch: Batch, *, now: dt.datetime) -> list[CurrencyTotals]:
    """Of all that was asked for, what still waits to be planned included: four queries, three more
    while it does."""
    orders = batch.orders.all()
    rows = [*order_rows(orders, now), *line_rows(orders, now), *fee_rows(orders, now)]
    return totals_by_currency([*rows, *_waiting_rows(batch)])


def lot_sums(locks: Collection[Lock], *, now: dt.datetime) -> dict[UUID, tuple[int, int]]:
    """Of each lock: how many of its orders are live, and what they come to in minor units. One
    query."""
    sums = (
        RepeatOrder.objects.filter(lock__in=locks)
        .order_by()
        .annotate(group_state=state_at(now))
        .values_list("lock_id", "group_state")
        .annotate(Count("id"), Sum("total_minor"))
    )
    live = {lock.pk: (0, 0) for lock in locks}
    for lock_id, state, n, minor in sums:
        if _money_group(state) in LIVE_GROUPS:
            orders, total = live[lock_id]
            live[lock_id] = orders + n, total + int(minor)
    return live


def count_orders_by_lock(locks: Collection[Lock]) -> dict[UUID, int]:
    """How many orders each lock holds, or held when it ended. One query.

    `order_count` is what was locked: what was split off since counts for the lock that it is in
    now.
    """
    rows = RepeatOrder.objects.filter(lock__in=locks).order_by().values_list("lock_id")
    return {lock.pk: 0 for lock in locks} | dict(rows.annotate(Count("id")))


def order_rows(orders: QuerySet[RepeatOrder], now: dt.datetime) -> list[TotalsRow]:
    names = ("goods_minor", "freight_minor", "tax_minor", "total_minor")
    sums = (
        orders.order_by()
        .annotate(group_state=state_at(now), net=goods_net())
        .values_list("currency", "group_state", "prices_include_tax")
        .annotate(Count("id"), *(Sum(name) for name in names), Sum("net"))
    )
    return [
        TotalsRow(
            group=_money_group(state),
            currency=currency,
            orders=n,
            prices_include_tax=included,
            amounts=_build_amounts(*map(int, minor)),
        )
        for currency, state, included, n, *minor in sums
        if _money_group(state) is not TotalsGroup.LEFT_OUT
    ]


def _build_amounts(goods: int, freight: int, tax: int, total: int, net: int) -> Amounts:
    return Amounts(goods, freight, tax, total, net, total - tax - net)


def _money_group(state: str) -> TotalsGroup | None:
    return MONEY_GROUPS.get(OrderStatus(state))


def line_rows(orders: QuerySet[RepeatOrder], now: dt.datetime) -> list[TotalsRow]:
    """Source lines as they were paid; one that is left out counts as that, whatever became of its
    order."""
    sums = (
        RepeatLine.objects.filter(order__in=orders.order_by().values("pk"))
        .order_by()
        .annotate(group_state=state_at(now, "order__"))
        .values_list("order__currency", "group_state", "outcome")
        .annotate(Count("pk"), Sum("source_line__total_minor"))
    )
    return [
        TotalsRow(
            group=_money_group(state) if outcome == LineOutcome.PLANNED else TotalsGroup.LEFT_OUT,
            currency=currency,
            as_paid=int(minor),
            lines=n,
        )
        for currency, state, outcome, n, minor in sums
    ]


def fee_rows(orders: QuerySet[RepeatOrder], now: dt.datetime) -> list[TotalsRow]:
    sums = (
        OrderFee.objects.filter(order__in=orders.order_by().values("pk"))
        .order_by()
        .annotate(group_state=state_at(now, "order__"))
        .values_list("currency", "group_state", "part")
        .annotate(Sum("amount_minor"))
    )
    return [
        TotalsRow(group=_money_group(state), currency=currency, fees={part: int(minor)})
        for currency, state, part, minor in sums
    ]


def _waiting_rows(batch: Batch) -> list[TotalsRow]:
    """Source lines of orders that are not planned yet."""
    if batch.orders.count() == batch.asked:
        return []
    asked = {pk for ids in batch.chunks.values_list("past_order_ids", flat=True) for pk in ids}
    waiting = asked - set(batch.orders.values_list("past_order_id", flat=True))
    sums = (
        PastOrderLine.objects.filter(order__in=waiting)
        .order_by()
        .values_list("order__currency")
        .annotate(Count("pk"), Sum("total_minor"))
    )
    return [
        TotalsRow(group=None, currency=currency, as_paid=int(minor), lines=n)
        for currency, n, minor in sums
    ]


def sum_left_out_lines(orders: QuerySet[RepeatOrder]) -> list[LeftOutLines]:
    """What is not offered and why, the dearest first: one query for any number of lines."""
    sums = (
        RepeatLine.objects.filter(order__in=orders.order_by().values("pk"))
        .exclude(outcome=LineOutcome.PLANNED)
        .order_by()
        .values_list("order__currency", "order__status", "order__codes", "codes")
        .annotate(Count("pk"), Sum("source_line__total_minor"))
    )
    return group_left_out(
        (
            first_cause_code(of_order if status in UNDECIDED else of_line),
            status in UNDECIDED,
            currency,
            n,
            int(minor),
        )
        for currency, status, of_order, of_line, n, minor in sums
    )


def first_cause_code(codes: Sequence[str]) -> Code:
    """The one that a failure is counted by (R-76)."""
    causes = attribution.attribute([FailureFinding(code=Code(code)) for code in codes])
    first = attribution.find_first_cause(causes)
    if first is None:
        raise ValueError("a line is left out without a code")
    return first.code


def group_left_out(found: Iterable[tuple[Code, bool, str, int, int]]) -> list[LeftOutLines]:
    """Of (code, whether the whole order is out, currency, lines, minor units): added up, the
    dearest first."""
    sums: dict[tuple[Code, bool, str], list[int]] = defaultdict(lambda: [0, 0])
    for code, whole, currency, n, minor in found:
        of = sums[code, whole, currency]
        of[0], of[1] = of[0] + n, of[1] + minor
    told = [
        LeftOutLines(code=code, whole=whole, lines=n, money=Money(minor, currency))
        for (code, whole, currency), (n, minor) in sums.items()
    ]
    return sorted(
        told, key=lambda each: (each.money.currency, -each.money.minor, each.code, each.whole)
    )
