"""The order history: buyers as groups, their orders with a verdict each, and what is ticked."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, F, Max, Q, QuerySet

from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility import gates as gate_table
from eligibility.findings import Finding
from eligibility.queries import (
    gate_facts,
    limits_of,
    order_facts,
    repeatable_order_filter,
    world_facts,
)
from eligibility.screener import screen_each
from marketplace import policy
from marketplace.calendar import platform_day
from marketplace.models import Buyer, PastOrder, Store
from marketplace.money import Money, Rates
from marketplace.queries import latest_rates
from repurchase.batches.queries.batch_of_past_order import PastOrderBatch, batches_by_past_order
from repurchase.batches.queries.pagination import (
    PAGE_SIZE,
    CursorPage,
    decode_cursor,
    encode_cursor,
)
from repurchase.batches.queries.prior_repeats import (
    PriorRepeat,
    accepted_repeats,
    find_prior_repeats,
)
from repurchase.batches.queries.selections import search_condition, totals_by_buyer

GROUPS_A_PAGE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class BuyerGroup:
    buyer: Buyer
    count: int
    totals: list[Money]
    latest: dt.datetime
    codes: list[str]  # the gates that fail, "" when none
    repeated: int = 0  # of the orders, those that were repeated already

    @property
    def tickable(self) -> bool:
        return may_be_selected(self.codes)

    @property
    def fresh(self) -> int:
        return self.count - self.repeated


def buyer_groups(
    store: Store, *, now: dt.datetime, repeatable: bool = True, q: str = "", offset: int = 0
) -> list[BuyerGroup]:
    """Buyers by the number of their orders under the filter that were not repeated yet, most
    first: a page of 50."""
    orders = _filter_orders(store, now=now, only_repeatable=repeatable, q=q)
    again = accepted_repeats(store).values("past_order")
    top = (
        orders.values("buyer_id")
        .annotate(
            n=Count("id"), latest=Max("completed_at"), again=Count("id", filter=Q(pk__in=again))
        )
        .order_by(F("again") - F("n"), "buyer_id")[offset : offset + GROUPS_A_PAGE]
    )
    top = list(top)
    buyers = Buyer.objects.in_bulk([row["buyer_id"] for row in top])
    totals = totals_by_buyer(orders.filter(buyer__in=buyers))
    gates = _failing_gates(store, list(buyers.values()), now)
    return [
        BuyerGroup(
            buyer=buyers[row["buyer_id"]],
            count=row["n"],
            totals=totals[row["buyer_id"]],
            latest=row["latest"],
            codes=[str(f.code) for f in gates[row["buyer_id"]]],
            repeated=row["again"],
        )
        for row in top
    ]


def _filter_orders(
    store: Store,
    *,
    now: dt.datetime,
    only_repeatable: bool | None,
    q: str,
    buyer: Buyer | None = None,
) -> QuerySet[PastOrder]:
    orders = PastOrder.objects.filter(store=store)
    if buyer:
        orders = orders.filter(buyer=buyer)
    if only_repeatable:
        orders = orders.filter(
            repeatable_order_filter(store, limits=limits_of(policy.in_force(now)), now=now)
        )
    return orders.filter(search_condition(q)) if q else orders


@dataclass(frozen=True, kw_only=True, slots=True)
class PastOrderRow:
    order: PastOrder
    buyer: Buyer
    repeatable: bool
    codes: list[Finding]
    standing: PastOrderBatch | None = None  # the batch that holds it or wants it too
    repeated: PriorRepeat | None = None

    @property
    def tickable(self) -> bool:
        return may_be_selected(str(finding.code) for finding in self.codes)


def may_be_selected(codes: Iterable[str]) -> bool:
    """A store that is not open yet may tick: its first 创建回购订单 leads to the opening (R-27)."""
    return set(codes) <= {str(Code.QUALIFICATION_REQUIRED)}


def past_order_page(
    store: Store,
    *,
    now: dt.datetime,
    buyer: Buyer | None = None,
    repeatable: bool | None = None,
    q: str = "",
    cursor: str = "",
) -> CursorPage:
    """A page of 50 past orders, newest first, each with the verdict of a dry screening."""
    orders = _filter_orders(store, now=now, only_repeatable=repeatable, q=q, buyer=buyer)
    if repeatable:  # completed ones only, which the partial index holds in this order
        orders = orders.order_by("-completed_at", "-id")
        if cursor:
            at, pk = _decode_position(cursor)
            orders = orders.filter(Q(completed_at__lt=at) | Q(completed_at=at, id__lt=pk))
    else:
        orders = orders.order_by("-ordered_at", "-id")
        if cursor:
            at, pk = _decode_position(cursor)
            orders = orders.filter(Q(ordered_at__lt=at) | Q(ordered_at=at, id__lt=pk))
    found = list(orders.select_related("buyer")[: PAGE_SIZE + 1])
    rows = _screen_rows(store, found[:PAGE_SIZE], now)
    if len(found) <= PAGE_SIZE:
        return CursorPage(rows=rows)
    last = found[PAGE_SIZE - 1]
    return CursorPage(
        rows=rows,
        next_cursor=encode_cursor(last.completed_at if repeatable else last.ordered_at, last.pk),
    )


def _decode_position(cursor: str) -> tuple[dt.datetime, int]:
    at, pk = decode_cursor(cursor, str, int)
    try:
        instant = dt.datetime.fromisoformat(at)
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail="cursor") from None
    return instant, pk


def _screen_rows(store: Store, orders: Sequence[PastOrder], now: dt.datetime) -> list[PastOrderRow]:
    facts = order_facts(store=store, order_ids=[order.pk for order in orders], now=now)
    gates = _failing_gates(store, list({order.buyer for order in orders}), now)
    values = policy.in_force(now)
    rates, stale = rates_or_none(store, values, now)
    around = world_facts(store=store, orders=facts, limits=limits_of(values), rates=rates, now=now)
    findings = {buyer_id: [*stale, *found] for buyer_id, found in gates.items()}
    verdicts = {v.order.id: v for v in screen_each(facts, world=around, gates=findings)}
    stands = batches_by_past_order(store, [order.pk for order in orders], now=now)
    again = find_prior_repeats(store, [order.pk for order in orders])
    return [
        PastOrderRow(
            order=order,
            buyer=order.buyer,
            repeatable=verdicts[order.pk].outcome == "planned",
            codes=list(verdicts[order.pk].findings),
            standing=stands.get(order.pk),
            repeated=again.get(order.pk),
        )
        for order in orders
    ]


def rates_or_none(store: Store, values: Mapping, now: dt.datetime) -> tuple[Rates, list[Finding]]:
    """The latest rates; without fresh ones the history still shows, and every row says why it
    can't be ticked."""
    try:
        return latest_rates(now, store=store, max_age_days=int(values["fx_max_age_days"])), []
    except Problem as problem:
        none = Rates(id=0, source="", published_on=now.date(), per_euro={})
        return none, [Finding(code=problem.code, evidence=problem.evidence)]


def _failing_gates(
    store: Store, buyers: Sequence[Buyer], now: dt.datetime
) -> dict[int, list[Finding]]:
    """The failing gates of each buyer."""
    limits = limits_of(policy.in_force(now))
    today = platform_day(now)
    facts = gate_facts(store=store, buyers=buyers, limits=limits, now=now)
    return {
        pk: [
            gate.finding
            for gate in gate_table.evaluate_gates(f, limits=limits, today=today)
            if gate.finding
        ]
        for pk, f in facts.items()
    }
