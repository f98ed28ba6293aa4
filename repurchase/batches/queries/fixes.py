"""What a batch's orders need to be freed, from its rows (B-4)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from diagnostics import fixes, search
from diagnostics.attribution import STAGE_BY_CODE, OrderStage
from diagnostics.fixes import Fix, FixSearchResult, StoppedLine, StoppedOrder
from repurchase.batches.queries.failures import FailureCase, failure_cases
from repurchase.models import Batch
from repurchase.models.order_states import OrderStatus

FIXABLE_STATUSES = (OrderStatus.PLANNED, OrderStatus.FAILED, OrderStatus.EXCLUDED)
GATE_STAGES = (OrderStage.STORE, OrderStage.BUYER)


@dataclass(frozen=True, kw_only=True, slots=True)
class FixableOrders:
    """The orders with something to fix, and which of them a fix touches."""

    cases: Sequence[FailureCase]
    cure: FixSearchResult
    touched: Mapping[Fix, Sequence[FailureCase]]


def find_fixable_orders(batch: Batch, *, now: dt.datetime) -> FixableOrders:
    """Two queries, then the search."""
    marked = batch.orders.filter(status__in=FIXABLE_STATUSES, codes__len__gt=0)
    found = failure_cases(marked, now=now, failing=False)
    stopped, hopeless = [], 0
    touched: dict[Fix, list[FailureCase]] = defaultdict(list)
    for case in found:
        order = build_stopped_order(case)
        if order is None:
            hopeless += case.state != OrderStatus.PLANNED
            continue
        stopped.append(order)
        for fix in fixes.collect_fix_needs(case.causes).all:
            touched[fix].append(case)
    return FixableOrders(
        cases=found, cure=search.find_smallest_fixes(stopped, hopeless=hopeless), touched=touched
    )


def build_stopped_order(case: FailureCase) -> StoppedOrder | None:
    """None for an order that nothing cures."""
    needs = fixes.collect_fix_needs(case.causes)
    none: frozenset[Fix] = frozenset()
    lines = tuple(
        StoppedLine(needs=needs.lines.get(no, none), minor=minor)
        for no, minor in case.lines.items()
        if no not in needs.dead
    )
    if not needs.curable or not lines:
        return None
    ready = case.state == OrderStatus.PLANNED
    return StoppedOrder(
        ref=case.ref,
        currency=case.currency,
        needs=needs.whole,
        lines=lines,
        freight_minor=0 if ready else case.freight_minor,
        ready=ready,
    )


def is_gate_fix(fix: Fix) -> bool:
    """Whether it is about the store or the buyer: then every order is touched, and the gates are
    asked again."""
    return STAGE_BY_CODE.get(fix.code) in GATE_STAGES
