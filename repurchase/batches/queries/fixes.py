"""What a batch's orders need to be freed, from its rows (B-4)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from diagnostics import fixes, search
from diagnostics.attribution import STAGES, Stage
from diagnostics.fixes import Cure, Fix, Line, Stopped
from repurchase.batches.queries.failures import Case, cases
from repurchase.models import Batch
from repurchase.models.order_states import OrderStatus

OPEN = (OrderStatus.PLANNED, OrderStatus.FAILED, OrderStatus.EXCLUDED)
GATES = (Stage.STORE, Stage.BUYER)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fixable:
    """The orders with something to fix, and which of them a fix touches."""

    cases: Sequence[Case]
    cure: Cure
    touched: Mapping[Fix, Sequence[Case]]


def fixable(batch: Batch, *, now: dt.datetime) -> Fixable:
    """Two queries, then the search."""
    marked = batch.orders.filter(status__in=OPEN, codes__len__gt=0)
    found = cases(marked, now=now, failing=False)
    stopped, hopeless = [], 0
    touched: dict[Fix, list[Case]] = defaultdict(list)
    for case in found:
        order = stopped_of(case)
        if order is None:
            hopeless += case.state != OrderStatus.PLANNED
            continue
        stopped.append(order)
        for fix in fixes.needs_of(case.causes).all:
            touched[fix].append(case)
    return Fixable(cases=found, cure=search.cure(stopped, hopeless=hopeless), touched=touched)


def stopped_of(case: Case) -> Stopped | None:
    """None for an order that nothing cures."""
    needs = fixes.needs_of(case.causes)
    none: frozenset[Fix] = frozenset()
    lines = tuple(
        Line(needs=needs.lines.get(no, none), minor=minor)
        for no, minor in case.lines.items()
        if no not in needs.dead
    )
    if not needs.curable or not lines:
        return None
    ready = case.state == OrderStatus.PLANNED
    return Stopped(
        ref=case.ref,
        currency=case.currency,
        needs=needs.whole,
        lines=lines,
        freight_minor=0 if ready else case.freight_minor,
        ready=ready,
    )


def is_of_a_gate(fix: Fix) -> bool:
    """Whether it is about the store or the buyer: then every order is touched, and the gates are
    asked again."""
    return STAGES.get(fix.code) in GATES
