"""What an edit comes to: the orders that it names planned again, and the plan before and after. It
writes nothing."""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

from django.db.models import Count, Q, Sum

from diagnostics.codes import Code
from eligibility.facts import OrderFacts
from eligibility.screening import ChunkInputs
from marketplace import clock
from marketplace.calendar import platform_day
from marketplace.gc_control import pause_garbage_collector
from marketplace.money import Money
from repurchase.batches import capacity, edits
from repurchase.batches.capacity import CapacityOverflow, PromisedWork
from repurchase.batches.edits import EditScope, PlanEdit
from repurchase.batches.queries import capacity as capacities
from repurchase.batches.queries.totals import (
    LeftOutLines,
    first_cause_code,
    group_left_out,
    sum_left_out_lines,
)
from repurchase.batches.services import planning
from repurchase.batches.services.planning import PlannedOrders
from repurchase.models import Batch, LineOutcome, RepeatLine, RepeatOrder
from repurchase.models.order_states import OrderStatus

FIELD_BY_SCOPE = {
    EditScope.SKUS: "sku_id",
    EditScope.CATEGORIES: "sku__category_id",
    EditScope.ORDERS: "order__past_order_id",
    EditScope.LINES: "source_line_id",
}
OrderIterator = Callable[[Sequence], Iterable]

MAX_DROPPED_SHOWN = 50
"""So many orders that drop out are named in a preview."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EditSums:
    """`left_out`: source lines as they were paid, without freight."""

    currency: str
    then_minor: int  # everything the buyer pays for the plan as it is
    now_minor: int  # and as it would be
    left_out_then: Money
    left_out_now: Money


@dataclass(frozen=True, kw_only=True, slots=True)
class DroppedOrder:
    """An order that is ready now and would not be."""

    ref: str
    number: str
    codes: Sequence[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class EditPreview:
    """What an edit comes to; nothing is written by it."""

    version: int
    digest: str
    orders: int  # named by the edit
    lines: int
    raised: int  # lines with a larger quantity than in the plan as it is
    lowered: int
    promises: int  # orders with another promise than in the plan as it is
    sums: Sequence[EditSums]
    lines_left_out_then: int
    lines_left_out_now: int
    leaving: Sequence[LeftOutLines]  # lines that are in the plan and would not be, and why
    planned_then: int
    planned_now: int
    drop_outs: Sequence[DroppedOrder]  # the first ones
    dropped: int  # how many
    overflow: CapacityOverflow | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplannedEdit:
    """A preview with what it takes to apply it."""

    preview: EditPreview
    changes: Sequence[PlanEdit]
    positions: Mapping[int, int]  # of every order planned again, by past order id
    made: PlannedOrders
    inputs: ChunkInputs


@pause_garbage_collector()
def replan_orders(
    batch: Batch,
    changes: Sequence[PlanEdit],
    *,
    after: Sequence[PlanEdit],
    each: OrderIterator = iter,
) -> ReplannedEdit:
    """The orders that the changes name planned anew under the edits `after`, with those that share
    their scarce stock.

    Those bring SKUs of their own along, which may be scarce in turn: it goes on until nothing is
    added.
    """
    positions = dict(batch.orders.values_list("past_order_id", "position"))
    lines = count_named_lines(batch, changes)
    facts = {order.id: order for order in planning.planning_facts(batch, sorted(lines), after)}
    while ids := set(_orders_drawing_on(batch, scarce := _scarce_sku_ids(batch, facts))) - set(
        facts
    ):
        facts |= {order.id: order for order in planning.planning_facts(batch, sorted(ids), after)}
    orders = sorted(facts.values(), key=lambda order: positions[order.id])
    made, inputs = planning.plan_orders(batch, orders, Counter() if scarce else None, each=each)
    return ReplannedEdit(
        preview=_build_preview(batch, changes, lines, made),
        changes=changes,
        positions={order.id: positions[order.id] for order in orders},
        made=made,
        inputs=inputs,
    )


def count_named_lines(batch: Batch, changes: Sequence[PlanEdit]) -> Counter[int]:
    """How many lines of each past order the changes name: one query."""
    lines = RepeatLine.objects.filter(order__batch=batch)
    if not any(edit.by is EditScope.ALL for edit in changes):
        lines = lines.filter(
            reduce(or_, (Q(**{f"{FIELD_BY_SCOPE[e.by]}__in": e.ids}) for e in changes))
        )
    return Counter(lines.values_list("order__past_order_id", flat=True))


def _scarce_sku_ids(batch: Batch, facts: Mapping) -> set[int]:
    """SKUs of the edited orders that the whole batch wants more of than there is (R-10), left-out
    lines included."""
    wanted: Counter[int] = Counter()
    available: dict[int, int] = {}
    for order in facts.values():
        for line in order.lines:
            wanted[line.sku.id] += line.quantity
            available[line.sku.id] = line.sku.available
    rows = (
        RepeatLine.objects.filter(order__batch=batch, sku__in=available)
        .exclude(order__past_order__in=facts)
        .order_by("sku_id")
    )
    for sku_id, pieces in rows.values_list("sku_id").annotate(Sum("quantity")):
        wanted[sku_id] += pieces
    short = RepeatLine.objects.filter(
        order__batch=batch, sku__in=available, codes__contains=[str(Code.STOCK_TOO_LOW)]
    )
    lacking = set(
        short.order_by().values_list("sku_id", flat=True).distinct()
    )  # the edit may free what they lack
    return lacking | {sku_id for sku_id, pieces in wanted.items() if pieces > available[sku_id]}


def _orders_drawing_on(batch: Batch, sku_ids: set[int]) -> list[int]:
    lines = RepeatLine.objects.filter(order__batch=batch, sku__in=sku_ids)
    return list(lines.order_by().values_list("order__past_order_id", flat=True).distinct())


# --- What it comes to
# --------------------------------------------------------------------------------------


def _build_preview(
    batch: Batch, changes: Sequence[PlanEdit], named: Counter[int], made: PlannedOrders
) -> EditPreview:
    before = _orders_as_planned(batch, [order.id for order, _ in made])
    dropped = [
        DroppedOrder(ref=before[order.id].ref, number=order.number, codes=plan.codes)
        for order, plan in made
        if before[order.id].status == OrderStatus.PLANNED and plan.outcome != "planned"
    ]
    lines = _lines_before(batch, made)
    raised, lowered = _count_quantity_changes(lines, made)
    totals, planned = _planned_sums(batch)
    money = _left_out_money(batch, before, lines, made)
    return EditPreview(
        version=batch.version,
        digest=_preview_digest(batch, changes, made),
        orders=len(named),
        lines=named.total(),
        raised=raised,
        lowered=lowered,
        promises=sum(before[order.id].promise_days != order.promise_days for order, _ in made),
        sums=_compare_sums(totals, before, made, money),
        lines_left_out_then=money.lines_then,
        lines_left_out_now=money.lines_now,
        leaving=group_left_out(_lines_leaving(lines, made)),
        planned_then=planned,
        planned_now=planned
        + _count_ready(made)
        - sum(b.status == OrderStatus.PLANNED for b in before.values()),
        drop_outs=dropped[:MAX_DROPPED_SHOWN],
        dropped=len(dropped),
        overflow=_edit_overflow(batch, named, made),
    )


def _orders_as_planned(batch: Batch, past_order_ids: Sequence[int]) -> dict[int, RepeatOrder]:
    rows = batch.orders.filter(past_order__in=past_order_ids)
    fields = (
        "batch_id",
        "past_order_id",
        "ref",
        "status",
        "promise_days",
        "currency",
        "total_minor",
    )
    return {row.past_order_id: row for row in rows.only(*fields)}


class LineBefore(NamedTuple):
    """A line in the plan as it is. `paid_minor`: for its source line."""

    quantity: int
    planned: bool
    paid_minor: int


def _lines_before(batch: Batch, made: PlannedOrders) -> dict[int, LineBefore]:
    """By source line id: one query."""
    rows = RepeatLine.objects.filter(
        order__batch=batch, order__past_order__in=[o.id for o, _ in made]
    )
    return {
        pk: LineBefore(quantity, outcome == LineOutcome.PLANNED, paid)
        for pk, quantity, outcome, paid in rows.values_list(
            "source_line_id", "quantity", "outcome", "source_line__total_minor"
        )
    }


def _count_quantity_changes(
    before: Mapping[int, LineBefore], made: PlannedOrders
) -> tuple[int, int]:
    changes = [
        line.quantity - before[line.id].quantity for order, _ in made for line in order.lines
    ]
    return sum(n > 0 for n in changes), sum(n < 0 for n in changes)


def _left_out_after(made: PlannedOrders) -> Iterable[tuple[OrderFacts, int, Code, bool]]:
    """(order, source line id, first cause, whether the whole order is out) of each line that would
    be left out."""
    for order, plan in made:
        whole = plan.outcome != LineOutcome.PLANNED
        of_order = first_cause_code(plan.codes) if whole else None
        for verdict in plan.verdict.lines:
            if whole or verdict.findings:
                code = of_order or first_cause_code(
                    [str(finding.code) for finding in verdict.findings]
                )
                yield order, verdict.line.id, code, whole


def _lines_leaving(
    before: Mapping[int, LineBefore], made: PlannedOrders
) -> Iterable[tuple[Code, bool, str, int, int]]:
    for order, line, code, whole in _left_out_after(made):
        if before[line].planned:
            yield code, whole, order.currency, 1, before[line].paid_minor


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOutMoney:
    lines_then: int
    lines_now: int
    then: Counter[str]  # by currency
    now: Counter[str]


def _left_out_money(
    batch: Batch,
    orders: Mapping[int, RepeatOrder],
    lines: Mapping[int, LineBefore],
    made: PlannedOrders,
) -> LeftOutMoney:
    """What is left out of the whole batch, as it is and as it would be: one query."""
    found = sum_left_out_lines(batch.orders.all())
    then: Counter[str] = Counter()
    for each in found:
        then[each.money.currency] += each.money.minor
    n, now = sum(each.lines for each in found), Counter(then)
    changed = 0
    for order, _ in made:
        for line in order.lines:
            if not lines[line.id].planned:
                changed -= 1
                now[orders[order.id].currency] -= lines[line.id].paid_minor
    for order, line, _, _ in _left_out_after(made):
        changed += 1
        now[order.currency] += lines[line].paid_minor
    return LeftOutMoney(lines_then=n, lines_now=n + changed, then=then, now=now)


def _planned_sums(batch: Batch) -> tuple[Counter[str], int]:
    rows = batch.orders.filter(status=OrderStatus.PLANNED).order_by().values_list("currency")
    sums = list(rows.annotate(Sum("total_minor"), Count("id")))
    return Counter({currency: int(total) for currency, total, _ in sums}), sum(n for *_, n in sums)


def _compare_sums(
    totals: Counter[str], before: Mapping[int, RepeatOrder], made: PlannedOrders, left: LeftOutMoney
) -> list[EditSums]:
    now = Counter(totals)
    for order, plan in made:
        old = before[order.id]
        now[old.currency] -= old.total_minor if old.status == OrderStatus.PLANNED else 0
        now[order.currency] += plan.offer.priced.total_minor if plan.offer else 0
    return [
        EditSums(
            currency=currency,
            then_minor=totals[currency],
            now_minor=now[currency],
            left_out_then=Money(left.then[currency], currency),
            left_out_now=Money(left.now[currency], currency),
        )
        for currency in sorted({*totals, *now, *left.then, *left.now})
        if totals[currency] or now[currency] or left.then[currency] or left.now[currency]
    ]


def _count_ready(made: PlannedOrders) -> int:
    return sum(plan.outcome == "planned" for _, plan in made)


def _preview_digest(batch: Batch, changes: Sequence[PlanEdit], made: PlannedOrders) -> str:
    """SHA-256 over the version, the edit, and outcome, promise, quantities and total of every
    order planned again."""
    orders = [
        [
            order.id,
            plan.outcome,
            plan.codes,
            order.promise_days,
            [x.quantity for x in order.lines],
            plan.offer.priced.total_minor if plan.offer else 0,
        ]
        for order, plan in made
    ]
    content = [batch.pk, batch.version, [edits.serialize_edit(e) for e in changes], orders]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()


def _edit_overflow(
    batch: Batch, named: Counter[int], made: PlannedOrders
) -> CapacityOverflow | None:
    """Whether the orders that the edit names can be made beside everything else, which stays as
    promised (R-18)."""
    groups = capacities.list_group_capacities(batch.store)
    if not groups:
        return None
    now = clock.now(batch.store)
    kept = [
        *_promised_work(batch, [each for each in made if each[0].id not in named]),
        *capacities.work_of_the_plan(batch, groups=groups, without=[order.id for order, _ in made]),
        *capacities.work_of_others(batch, groups=groups, now=now),
    ]
    asked = _promised_work(batch, [each for each in made if each[0].id in named])
    return capacity.find_overflow(groups, asked=asked, kept=kept, after=platform_day(now))


def _promised_work(batch: Batch, made: PlannedOrders) -> list[PromisedWork]:
    """What the ready ones of these orders draw on: one query."""
    day = capacities.screening_day(batch)
    in_group = capacities.group_id_by_sku(
        {line.sku.id for order, _ in made for line in order.lines}
    )
    pieces: Counter[tuple] = Counter()
    for order, plan in made:
        if plan.outcome != "planned":
            continue
        promised = day + dt.timedelta(days=order.promise_days)
        for sku_id, n in planning.pieces_by_sku(plan).items():
            if sku_id in in_group:
                pieces[in_group[sku_id], promised, plan.offer.lane.transit_days] += n
    return [
        PromisedWork(group_id=group, promised=promised, transit_days=transit, pieces=n)
        for (group, promised, transit), n in pieces.items()
    ]
