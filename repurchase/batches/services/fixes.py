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
from repurchase.batches.edits import By, Edit
from repurchase.batches.queries.edits import edits_of
from repurchase.batches.queries.failures import Case
from repurchase.batches.queries.fixes import Fixable, fixable, is_of_a_gate
from repurchase.batches.services import batches
from repurchase.batches.services import edits as edit_services
from repurchase.batches.services.edit_preview import Each, Rework, replanned
from repurchase.models import Batch, BatchEdit, EditTask


@dataclass(frozen=True, kw_only=True, slots=True)
class Cured:
    """`screening`: the whole batch is being screened again in the background; what is freed shows
    when it is done."""

    touched: int
    freed: int
    screening: bool


def apply(
    *, batch: Batch, wanted: Collection[Fix], by: str, version: int | None = None
) -> Cured | EditTask:
    """Raises PLAN_CHANGED, INPUT_INVALID for a fix that this plan does not need,
    CAPACITY_EXCEEDED, and what an edit of the batch raises; then nothing of the plan is changed.
    Stock that was pulled stays pulled.

    Where more than 500 orders are touched, and not all of them by a gate, it is left to a worker,
    as a big edit is.
    """
    found = fixable(batch, now=clock.now(batch.store))
    touched = {case.ref for fix in wanted for case in found.touched.get(fix, ())}
    if len(touched) > edit_services.AT_ONCE and not any(map(is_of_a_gate, wanted)):
        return _leave_to_a_worker(batch, wanted, by, version)
    _pull_stock(batch, wanted)
    return _apply(batch, wanted, by, version)


def carry_out(task: EditTask, *, each: Each, finish: Callable[[], None]) -> None:
    """Works the fixes of a task out without holding anything, then writes them; `finish` ends the
    task with them."""
    wanted = {Fix(Code(code), subject) for code, subject in task.fixes}
    _pull_stock(task.batch, wanted)
    cure = _worked(_looked_at(task.batch, wanted), each)
    with transaction.atomic():
        _write(edit_services.held(task.batch, task.version, by_task=True), cure, task.asked_by)
        finish()


def _pull_stock(batch: Batch, wanted: Collection[Fix]) -> None:
    """Outside of the transaction that holds the batch: the source may be slow (R-80)."""
    stale = [fix for fix in wanted if fix.code is Code.STOCK_SYNC_STALE]
    if not stale:
        return
    now = clock.now(batch.store)
    skus = {
        str(cause.found.evidence["sku"])
        for case in fixable(batch, now=now).cases
        for cause in case.causes
        if cause.code is Code.STOCK_SYNC_STALE and "sku" in cause.found.evidence
    }
    seconds = float(policy.in_force(now)["strong_sync_seconds"])
    connector.refresh(store=batch.store, sku_codes=sorted(skus), seconds=seconds)


@transaction.atomic
def _leave_to_a_worker(
    batch: Batch, wanted: Collection[Fix], by: str, version: int | None
) -> EditTask:
    batch = edit_services.held(batch, version)
    look = _looked_at(batch, wanted)
    kept = [[str(fix.code), fix.subject] for fix in sorted(wanted)]
    return edit_services.leave_to_a_worker(
        batch, by=by, orders=len(look.touched), changes=[], fixes=kept
    )


@transaction.atomic
def _apply(batch: Batch, wanted: Collection[Fix], by: str, version: int | None) -> Cured:
    batch = edit_services.held(batch, version)
    look = _looked_at(batch, wanted)
    if any(map(is_of_a_gate, wanted)):
        return _all_again(batch, wanted, look.changes, look.touched, by, clock.now(batch.store))
    return _write(batch, _worked(look, iter), by)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What the fixes are of a plan: the orders that they touch, the edits among them."""

    batch: Batch
    wanted: Collection[Fix]
    touched: Mapping[str, Case]
    changes: Sequence[Edit]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cure:
    look: Look
    work: Rework


def _looked_at(batch: Batch, wanted: Collection[Fix]) -> Look:
    """INPUT_INVALID for a fix that this plan does not need, and for none at all."""
    edit_services.require_same_terms(batch)
    found = fixable(batch, now=clock.now(batch.store))
    unknown = [f"{fix.code} {fix.subject}".strip() for fix in wanted if fix not in found.touched]
    if unknown or not wanted:
        raise Problem(Code.INPUT_INVALID, detail=f"fixes: {', '.join(unknown) or '—'}")
    touched = {case.ref: case for fix in wanted for case in found.touched[fix]}
    return Look(batch=batch, wanted=wanted, touched=touched, changes=list(_changes(wanted, found)))


def _worked(look: Look, each: Each) -> Cure:
    """The touched orders, and those that share their scarce stock, planned again."""
    names = Edit(by=By.ORDERS, ids=_ids(look.touched.values()))
    after = [*edits_of(look.batch), *look.changes]
    return Cure(
        look=look, work=replanned(look.batch, [*look.changes, names], after=after, each=each)
    )


def _write(batch: Batch, cure: Cure, by: str) -> Cured:
    """Into this version of the batch, whose row is held."""
    look, preview, now = cure.look, cure.work.preview, clock.now(batch.store)
    if preview.overflow:
        raise edit_services.exceeded(preview.overflow)
    batch.version += 1
    _keep(batch, look.changes, look.touched, by, now)
    edit_services.write(batch, cure.work, now)
    freed = preview.planned_now - preview.planned_then
    _record(
        batch,
        look.wanted,
        look.touched,
        by,
        now,
        orders=len(cure.work.made),
        freed=freed,
        digest=preview.digest,
    )
    return Cured(touched=len(look.touched), freed=freed, screening=False)


def _all_again(
    batch: Batch,
    wanted: Collection[Fix],
    changes: Sequence[Edit],
    touched: Mapping[str, Case],
    by: str,
    now: dt.datetime,
) -> Cured:
    batch.version += 1
    batch.save(update_fields=["version"])
    _keep(batch, changes, touched, by, now)
    _record(batch, wanted, touched, by, now, orders=batch.asked)
    batches.rescreen(batch=batch, by=by)
    return Cured(touched=batch.asked, freed=0, screening=True)


# --- What the product does itself
# ----------------------------------------------------------------------------


def _tick_the_channel(of: Sequence[Case]) -> Iterator[Edit]:
    yield Edit(by=By.ORDERS, ids=_ids(of), special_clearance=True)


def _promise_later(of: Sequence[Case]) -> Iterator[Edit]:
    """As many days as the fastest carrier needs, which the finding says."""
    by_days: dict[int, list[Case]] = defaultdict(list)
    for case in of:
        for cause in case.causes:
            if cause.code is Code.TRANSIT_TOO_SLOW:
                by_days[int(cause.found.evidence["value"])].append(case)
    for days, some in sorted(by_days.items()):
        yield Edit(by=By.ORDERS, ids=_ids(some), promise_days=days)


ACTS: Mapping[Code, Callable[[Sequence[Case]], Iterator[Edit]]] = {
    Code.LANE_UNREACHABLE: _tick_the_channel,
    Code.TRANSIT_TOO_SLOW: _promise_later,
}
DONE_HERE = frozenset({*ACTS, Code.STOCK_SYNC_STALE})
"""Codes that a press cures; every other fix is done where its code says, then the press looks
again."""


def _changes(wanted: Iterable[Fix], found: Fixable) -> Iterator[Edit]:
    for fix in sorted(wanted):
        if fix.code in ACTS:
            yield from ACTS[fix.code](found.touched[fix])


def _ids(of: Iterable[Case]) -> frozenset[int]:
    return frozenset(case.past_order_id for case in of)


# --- What is kept
# --------------------------------------------------------------------------------------------


def _keep(
    batch: Batch, changes: Sequence[Edit], touched: Mapping[str, Case], by: str, now: dt.datetime
) -> None:
    """The edits among the fixes are the batch's, so that its next screening and its undo know
    them."""
    if not changes:
        return
    rows = [edits.kept(change) for change in changes]
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


def _record(
    batch: Batch,
    wanted: Collection[Fix],
    touched: Mapping[str, Case],
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
