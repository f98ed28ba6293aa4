"""Fixes applied to a plan: what the product can do it does, then only the touched orders are
screened again (B-4).

The clearance channel and a later promise are edits of the batch, undone like any other; stale
stock is pulled from its source. What is fixed elsewhere (a registration, an HS code) is read anew
with the rest. The decision record of the touched orders is kept under the plan's new version. A
fix of a gate touches every order: the batch is screened again.
"""

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.fixes import Fix
from diagnostics.problem import Problem
from marketplace import clock, policy
from marketplace.mirror import connector
from repurchase.batches import edits
from repurchase.batches.edits import EditScope, PlanEdit
from repurchase.batches.queries.edits import active_edits
from repurchase.batches.queries.failures import FailureCase
from repurchase.batches.queries.fixes import FixableOrders, find_fixable_orders, is_gate_fix
from repurchase.batches.services import batches
from repurchase.batches.services import edits as edit_services
from repurchase.batches.services.edit_preview import OrderIterator, ReplannedEdit, replan_orders
from repurchase.models import Batch, BatchEdit, EditTask


@dataclass(frozen=True, kw_only=True, slots=True)
class FixResult:
    """`screening`: the whole batch is being screened again in the background; what is freed shows
    when it is done."""

    touched: int
    freed: int
    screening: bool


def apply(
    *, batch: Batch, wanted: Collection[Fix], by: str, version: int | None = None
) -> FixResult | EditTask:
    """Raises PLAN_CHANGED, INPUT_INVALID for a fix that this plan does not need,
    CAPACITY_EXCEEDED, and what an edit of the batch raises; then nothing of the plan is changed.
    Stock that was pulled stays pulled.

    Where more than 500 orders are touched, and not all of them by a gate, it is left to a worker,
    as a big edit is.
    """
    found = find_fixable_orders(batch, now=clock.now(batch.store))
    touched = {case.ref for fix in wanted for case in found.touched.get(fix, ())}
    if len(touched) > edit_services.MAX_INLINE_ORDERS and not any(map(is_gate_fix, wanted)):
        return _enqueue_fix_task(batch, wanted, by, version)
    _refresh_stale_stock(batch, wanted)
    return _apply_in_transaction(batch, wanted, by, version)


def carry_out(task: EditTask, *, each: OrderIterator, finish: Callable[[], None]) -> None:
    """Works the fixes of a task out without holding anything, then writes them; `finish` ends the
    task with them."""
    wanted = {Fix(Code(code), subject) for code, subject in task.fixes}
    _refresh_stale_stock(task.batch, wanted)
    cure = _plan_fixes(_find_targets(task.batch, wanted), each)
    with transaction.atomic():
        _write_fixes(
            edit_services.get_editable_for_update(task.batch, task.version, by_task=True),
            cure,
            task.asked_by,
        )
        finish()


def _refresh_stale_stock(batch: Batch, wanted: Collection[Fix]) -> None:
    """Outside of the transaction that holds the batch: the source may be slow (R-80)."""
    stale = [fix for fix in wanted if fix.code is Code.STOCK_SYNC_STALE]
    if not stale:
        return
    now = clock.now(batch.store)
    skus = {
        str(cause.found.evidence["sku"])
        for case in find_fixable_orders(batch, now=now).cases
        for cause in case.causes
        if cause.code is Code.STOCK_SYNC_STALE and "sku" in cause.found.evidence
    }
    seconds = float(policy.in_force(now)["strong_sync_seconds"])
    connector.refresh(store=batch.store, sku_codes=sorted(skus), seconds=seconds)


@transaction.atomic
def _enqueue_fix_task(
    batch: Batch, wanted: Collection[Fix], by: str, version: int | None
) -> EditTask:
    batch = edit_services.get_editable_for_update(batch, version)
    look = _find_targets(batch, wanted)
    kept = [[str(fix.code), fix.subject] for fix in sorted(wanted)]
    return edit_services.enqueue_edit_task(
        batch, by=by, orders=len(look.touched), changes=[], fixes=kept
    )


@transaction.atomic
def _apply_in_transaction(
    batch: Batch, wanted: Collection[Fix], by: str, version: int | None
) -> FixResult:
    batch = edit_services.get_editable_for_update(batch, version)
    look = _find_targets(batch, wanted)
    if any(map(is_gate_fix, wanted)):
        return _rescreen_batch(
            batch, wanted, look.changes, look.touched, by, clock.now(batch.store)
        )
    return _write_fixes(batch, _plan_fixes(look, iter), by)


@dataclass(frozen=True, kw_only=True, slots=True)
class FixTargets:
    """What the fixes are of a plan: the orders that they touch, the edits among them."""

    batch: Batch
    wanted: Collection[Fix]
    touched: Mapping[str, FailureCase]
    changes: Sequence[PlanEdit]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedFixes:
    look: FixTargets
    work: ReplannedEdit


def _find_targets(batch: Batch, wanted: Collection[Fix]) -> FixTargets:
    """INPUT_INVALID for a fix that this plan does not need, and for none at all."""
    edit_services.require_same_terms(batch)
    found = find_fixable_orders(batch, now=clock.now(batch.store))
    unknown = [f"{fix.code} {fix.subject}".strip() for fix in wanted if fix not in found.touched]
    if unknown or not wanted:
        raise Problem(Code.INPUT_INVALID, detail=f"fixes: {', '.join(unknown) or '—'}")
    touched = {case.ref: case for fix in wanted for case in found.touched[fix]}
    return FixTargets(
        batch=batch, wanted=wanted, touched=touched, changes=list(_edits_of_fixes(wanted, found))
    )


def _plan_fixes(look: FixTargets, each: OrderIterator) -> PlannedFixes:
    """The touched orders, and those that share their scarce stock, planned again."""
    names = PlanEdit(by=EditScope.ORDERS, ids=_past_order_ids(look.touched.values()))
    after = [*active_edits(look.batch), *look.changes]
    return PlannedFixes(
        look=look, work=replan_orders(look.batch, [*look.changes, names], after=after, each=each)
    )


def _write_fixes(batch: Batch, cure: PlannedFixes, by: str) -> FixResult:
    """Into this version of the batch, whose row is held."""
    look, preview, now = cure.look, cure.work.preview, clock.now(batch.store)
    if preview.overflow:
        raise edit_services.capacity_problem(preview.overflow)
    batch.version += 1
    _save_edits(batch, look.changes, look.touched, by, now)
    edit_services.replace_orders(batch, cure.work, now)
    freed = preview.planned_now - preview.planned_then
    _record_in_ledger(
        batch,
        look.wanted,
        look.touched,
        by,
        now,
        orders=len(cure.work.made),
        freed=freed,
        digest=preview.digest,
    )
    return FixResult(touched=len(look.touched), freed=freed, screening=False)


def _rescreen_batch(
    batch: Batch,
    wanted: Collection[Fix],
    changes: Sequence[PlanEdit],
    touched: Mapping[str, FailureCase],
    by: str,
    now: dt.datetime,
) -> FixResult:
    batch.version += 1
    batch.save(update_fields=["version"])
    _save_edits(batch, changes, touched, by, now)
    _record_in_ledger(batch, wanted, touched, by, now, orders=batch.asked)
    batches.rescreen(batch=batch, by=by)
    return FixResult(touched=batch.asked, freed=0, screening=True)


# --- What the product does itself
# ----------------------------------------------------------------------------


def _special_clearance_edits(of: Sequence[FailureCase]) -> Iterator[PlanEdit]:
    yield PlanEdit(by=EditScope.ORDERS, ids=_past_order_ids(of), special_clearance=True)


def _later_promise_edits(of: Sequence[FailureCase]) -> Iterator[PlanEdit]:
    """As many days as the fastest carrier needs, which the finding says."""
    by_days: dict[int, list[FailureCase]] = defaultdict(list)
    for case in of:
        for cause in case.causes:
            if cause.code is Code.TRANSIT_TOO_SLOW:
                by_days[int(cause.found.evidence["value"])].append(case)
    for days, some in sorted(by_days.items()):
        yield PlanEdit(by=EditScope.ORDERS, ids=_past_order_ids(some), promise_days=days)


EDITS_BY_CODE: Mapping[Code, Callable[[Sequence[FailureCase]], Iterator[PlanEdit]]] = {
    Code.LANE_UNREACHABLE: _special_clearance_edits,
    Code.TRANSIT_TOO_SLOW: _later_promise_edits,
}
SELF_APPLIED_CODES = frozenset({*EDITS_BY_CODE, Code.STOCK_SYNC_STALE})
"""Codes that a press cures; every other fix is done where its code says, then the press looks
again."""


def _edits_of_fixes(wanted: Iterable[Fix], found: FixableOrders) -> Iterator[PlanEdit]:
    for fix in sorted(wanted):
        if fix.code in EDITS_BY_CODE:
            yield from EDITS_BY_CODE[fix.code](found.touched[fix])


def _past_order_ids(of: Iterable[FailureCase]) -> frozenset[int]:
    return frozenset(case.past_order_id for case in of)


# --- What is kept
# --------------------------------------------------------------------------------------------


def _save_edits(
    batch: Batch,
    changes: Sequence[PlanEdit],
    touched: Mapping[str, FailureCase],
    by: str,
    now: dt.datetime,
) -> None:
    """The edits among the fixes are the batch's, so that its next screening and its undo know
    them."""
    if not changes:
        return
    rows = [edits.serialize_edit(change) for change in changes]
    BatchEdit.objects.create(
        store=batch.store,
        batch=batch,
        version=batch.version,
        changes=rows,
        lines=sum(len(case.lines) for case in touched.values()),
        orders=len(touched),
        digest=hashlib.sha256(json.dumps(rows).encode()).hexdigest(),
        applied_at=now,
        applied_by=by,
    )


def _record_in_ledger(
    batch: Batch,
    wanted: Collection[Fix],
    touched: Mapping[str, FailureCase],
    by: str,
    now: dt.datetime,
    **facts: object,
) -> None:
    ledger.record(
        store_id=batch.store_id,
        kind="batch.cured",
        subject=f"batch:{batch.ref}",
        by=by,
        at=now,
        attempt=batch.attempt,
        version=batch.version,
        touched=len(touched),
        fixes=[f"{fix.code} {fix.subject}".strip() for fix in sorted(wanted)],
        **facts,
    )
