"""Bulk edit of quantities and delivery promises: previewed, applied as previewed, undone, until
the lock (R-16 to R-19).

The batch's row settles who comes first: an edit, a lock, a cancel. What was previewed is bound to
the plan's version and to a digest of what it came to; anything else is refused as PLAN_CHANGED. A
price is never an edit's to change.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility.models import ScreeningPart
from marketplace import clock
from outbox.task_queue import enqueue_task
from pricing.queries import tariffs_changed_since
from repurchase.batches import bulk_insert, edits
from repurchase.batches.capacity import CapacityOverflow
from repurchase.batches.edits import PlanEdit
from repurchase.batches.queries import capacity as capacities
from repurchase.batches.queries.batches import count_batch_orders
from repurchase.batches.queries.edits import (
    active_edits,
    last_edit,
    order_ids_by_ref,
    running_edit_task,
    source_lines,
)
from repurchase.batches.services import edit_targets, event_publishing, failures, planning
from repurchase.batches.services.edit_preview import (
    EditPreview,
    OrderIterator,
    ReplannedEdit,
    count_named_lines,
    replan_orders,
)
from repurchase.batches.services.edit_targets import EditRequest
from repurchase.models import Batch, BatchEdit, EditTask, RepeatOrder, batch_states
from repurchase.models.batch_states import BatchStatus

EDITABLE_STATUSES = (BatchStatus.PLANNED, BatchStatus.FAILED)
TASK = "repurchase.carry_out_edit"
MAX_INLINE_ORDERS = batch_states.CHUNK_ORDERS
"""An edit of so many orders is worked out and written while the caller waits: about half a
second."""

FROZEN_STATUSES = (BatchStatus.LOCKED, BatchStatus.CLOSED)


def preview(*, batch: Batch, asked: Sequence[EditRequest]) -> EditPreview:
    """What the edit would come to. STATE_CONFLICT, PRICE_LOCKED, EDIT_AT_WORK, EDIT_EMPTY,
    MOQ_NOT_MET, SKU_UNKNOWN, ORDER_UNKNOWN."""
    _require_editable(batch)
    require_idle(batch)
    return plan_edit(batch, _resolve_changes(batch, asked)).preview


@transaction.atomic
def apply(
    *,
    batch: Batch,
    asked: Sequence[EditRequest],
    by: str,
    version: int | None = None,
    digest: str = "",
) -> EditPreview | EditTask:
    """Applies an edit. With `version` and `digest`: exactly what was previewed, else PLAN_CHANGED.

    One of more than 500 orders is left to a worker: the task tells how far it is and what it came
    to. Sent again while at work, the same edit is answered by the same task. Beside what `preview`
    raises: CAPACITY_EXCEEDED, with the first day that overflows and the earliest promise.
    """
    if (
        (same := running_edit_task(batch))
        and digest
        and (same.version, same.digest) == (version, digest)
    ):
        return same
    batch = get_editable_for_update(batch, version)
    changes = _resolve_changes(batch, asked)
    if (orders := len(count_named_lines(batch, changes))) > MAX_INLINE_ORDERS:
        kept = [edits.serialize_edit(each) for each in changes]
        return enqueue_edit_task(batch, by=by, orders=orders, changes=kept, digest=digest)
    return save_edit(batch, plan_edit(batch, changes), by=by, digest=digest)


@transaction.atomic
def undo(*, batch: Batch, by: str, version: int | None = None) -> BatchEdit | EditTask:
    """Takes the last edit back: its lines are planned again without it. EDIT_EMPTY when there is
    none."""
    batch = get_editable_for_update(batch, version)
    row = last_edit(batch)
    if row is None:
        raise Problem(Code.EDIT_EMPTY)
    if row.orders > MAX_INLINE_ORDERS:
        return enqueue_edit_task(batch, by=by, orders=row.orders, changes=[], undoes=row)
    return save_undo(batch, row, plan_without_edit(batch, row), by=by)


def stop(*, batch: Batch, by: str) -> None:
    """Ends a big edit before it is applied; one that just was is too late to stop
    (STATE_CONFLICT)."""
    now = clock.now(batch.store)
    evidence = {"by": by}
    if not batch.edit_tasks.unfinished().update(
        done_at=now, code=Code.EDIT_STOPPED, evidence=evidence
    ):
        raise Problem(Code.STATE_CONFLICT, state=batch.status, event="stop")


def save_edit(batch: Batch, work: ReplannedEdit, *, by: str, digest: str = "") -> EditPreview:
    """Writes an edit that was worked out for this version of the batch, whose row is held."""
    if digest and digest != work.preview.digest:
        raise Problem(Code.PLAN_CHANGED, value=batch.version, limit=batch.version)
    if work.preview.overflow:
        raise capacity_problem(work.preview.overflow)
    now = clock.now(batch.store)
    batch.version += 1
    row = BatchEdit.objects.create(
        store=batch.store,
        batch=batch,
        version=batch.version,
        changes=[edits.serialize_edit(e) for e in work.changes],
        lines=work.preview.lines,
        orders=work.preview.orders,
        digest=work.preview.digest,
        applied_at=now,
        applied_by=by,
    )
    replace_orders(batch, work, now)
    _record_in_ledger(batch, "batch.edited", row, work.preview, by, now)
    return replace(work.preview, version=batch.version)


def plan_without_edit(batch: Batch, row: BatchEdit, *, each: OrderIterator = iter) -> ReplannedEdit:
    """The orders that an edit named, as they are planned without it."""
    require_same_terms(batch)
    changes = [edits.parse_edit(kept) for kept in row.changes]
    return replan_orders(batch, changes, after=active_edits(batch, without=row), each=each)


def save_undo(batch: Batch, row: BatchEdit, work: ReplannedEdit, *, by: str) -> BatchEdit:
    """Writes what `plan_without_edit` worked out for this version of the batch, whose row is
    held."""
    now = clock.now(batch.store)
    row.undone_at, row.undone_by = now, by
    row.save(update_fields=["undone_at", "undone_by"])
    batch.version += 1
    replace_orders(batch, work, now)
    _record_in_ledger(batch, "batch.edit_undone", row, work.preview, by, now)
    return row


def enqueue_edit_task(batch: Batch, *, by: str, orders: int, **what: Any) -> EditTask:
    """`what`: `changes`, `undoes` or `fixes`. The batch's row is held."""
    task = EditTask.objects.create(
        store=batch.store,
        batch=batch,
        version=batch.version,
        orders=orders,
        rung_at=clock.now(),
        asked_at=clock.now(batch.store),
        asked_by=by,
        **what,
    )
    enqueue_task(TASK, task_id=task.pk)
    return task


def require_idle(batch: Batch) -> None:
    """EDIT_AT_WORK: what a lock or another edit would go by is about to change."""
    if task := running_edit_task(batch):
        raise Problem(Code.EDIT_AT_WORK, value=task.planned, limit=task.orders)


def capacity_problem(overflow: CapacityOverflow) -> Problem:
    return Problem(Code.CAPACITY_EXCEEDED, **overflow.evidence)


def require_same_terms(batch: Batch) -> None:
    """One plan is priced by one set of tariffs and one treatment of its buyer (pitfall 1):
    PLAN_STALE else."""
    checked = batch.buyer.tax_number_checked_at
    later = checked is not None and checked > batch.screened_at
    if later or tariffs_changed_since(store=batch.store, at=batch.screened_at):
        hours = int(batch.policies["plan_max_age_hours"])
        raise Problem(Code.PLAN_STALE, value=batch.screened_at.isoformat(), limit=hours)


def _require_editable(batch: Batch) -> None:
    if batch.status in FROZEN_STATUSES:
        raise Problem(Code.PRICE_LOCKED)
    unfinished = (
        batch.status == BatchStatus.FAILED and batch.chunks.filter(done_at__isnull=True).exists()
    )
    if batch.status not in EDITABLE_STATUSES or unfinished:
        raise Problem(
            Code.STATE_CONFLICT, state=batch.status, event=str(batch_states.BatchEvent.EDIT)
        )


def get_editable_for_update(batch: Batch, version: int | None, *, by_task: bool = False) -> Batch:
    """The batch, its row held, editable still, and of this version; `by_task`: for the big edit
    that is at work."""
    rows = Batch.objects.select_for_update(of=("self",), no_key=True)
    found = rows.select_related("store", "buyer", "rate_set").get(pk=batch.pk)
    _require_editable(found)
    if not by_task:
        require_idle(found)
    if version is not None and version != found.version:
        raise Problem(Code.PLAN_CHANGED, value=version, limit=found.version)
    return found


def _resolve_changes(batch: Batch, asked: Sequence[EditRequest]) -> list[PlanEdit]:
    refs = order_ids_by_ref(batch)
    sources = source_lines(batch.store, list(refs.values()), refs=refs)
    return edit_targets.resolve_edits(
        asked, sources, before=active_edits(batch), today=capacities.screening_day(batch)
    )


def plan_edit(
    batch: Batch, changes: Sequence[PlanEdit], *, each: OrderIterator = iter
) -> ReplannedEdit:
    require_same_terms(batch)
    return replan_orders(batch, changes, after=[*active_edits(batch), *changes], each=each)


def replace_orders(batch: Batch, work: ReplannedEdit, now: dt.datetime) -> None:
    """The orders are made again by COPY, as a screening makes them; their references and positions
    stay."""
    planning.record_screening(batch, ScreeningPart.EDIT, batch.version, work.made, work.inputs)
    RepeatOrder.objects.filter(batch=batch, past_order__in=work.positions).only("pk").delete()
    bulk_insert.write(
        batch, [(work.positions[order.id], plan) for order, plan in work.made], now=now
    )
    failures.record_changes([batch], batch.orders.filter(past_order__in=work.positions), at=now)
    ready = planning.is_ready(batch, count_batch_orders(batch, now=now))
    was = BatchStatus(batch.status)
    if ready:
        batch.status = batch_states.advance(was, batch_states.BatchEvent.EDIT)
    elif was is BatchStatus.PLANNED:
        batch.status = batch_states.advance(was, batch_states.BatchEvent.FAIL)
    batch.save(update_fields=["status", "version"])
    event_publishing.publish_batch(batch, at=now)


def _record_in_ledger(
    batch: Batch, kind: str, row: BatchEdit, told: EditPreview, by: str, now: dt.datetime
) -> None:
    ledger.record(
        store_id=batch.store_id,
        kind=kind,
        subject=f"batch:{batch.ref}",
        by=by,
        at=now,
        attempt=batch.attempt,
        version=batch.version,
        edit=row.version,
        digest=told.digest,
        orders=told.orders,
        lines=told.lines,
        raised=told.raised,
        lowered=told.lowered,
        promises=told.promises,
        planned=told.planned_now,
        totals={each.currency: each.now_minor for each in told.sums},
    )
