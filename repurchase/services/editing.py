"""Bulk edit of quantities and delivery promises: previewed, applied as previewed, undone, until the lock (R-16 to R-19).

The batch's row settles who comes first: an edit, a lock, a cancel. What was previewed is bound to the plan's version
and to a digest of what it came to; anything else is refused as PLAN_CHANGED. A price is never an edit's to change.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility.models import Part
from marketplace import clock
from pricing.queries import tariffs_changed_since
from repurchase import batching, copying, edits
from repurchase.batching import BatchStatus
from repurchase.capacity import Overflow
from repurchase.models import Batch, BatchEdit, RepeatOrder
from repurchase.queries import capacity as capacities
from repurchase.queries.batches import counts_of
from repurchase.queries.edits import edits_of, last_edit, order_refs, source_lines
from repurchase.services import failing, generating, naming, telling
from repurchase.services.naming import Asked
from repurchase.services.reworking import Preview, Rework, replanned

EDITABLE = (BatchStatus.PLANNED, BatchStatus.FAILED)
FROZEN = (BatchStatus.LOCKED, BatchStatus.CLOSED)


def preview(*, batch: Batch, asked: Sequence[Asked]) -> Preview:
    """What the edit would come to. STATE_CONFLICT, PRICE_LOCKED, EDIT_EMPTY, MOQ_NOT_MET, SKU_UNKNOWN, ORDER_UNKNOWN."""
    _require_editable(batch)
    return _worked(batch, asked).preview


@transaction.atomic
def apply(
    *, batch: Batch, asked: Sequence[Asked], by: str, version: int | None = None, digest: str = ""
) -> Preview:
    """Applies an edit. With `version` and `digest`: exactly what was previewed, else PLAN_CHANGED.

    Beside what `preview` raises: CAPACITY_EXCEEDED, with the first day that overflows and the earliest promise.
    """
    batch = held(batch, version)
    work = _worked(batch, asked)
    if digest and digest != work.preview.digest:
        raise Problem(Code.PLAN_CHANGED, value=version, limit=batch.version)
    if work.preview.overflow:
        raise exceeded(work.preview.overflow)
    now = clock.now(batch.store)
    batch.version += 1
    row = BatchEdit.objects.create(
        store=batch.store, batch=batch, version=batch.version, changes=[edits.kept(e) for e in work.changes],
        lines=work.preview.lines, orders=work.preview.orders, digest=work.preview.digest, applied_at=now,
        applied_by=by,
    )  # fmt: skip
    write(batch, work, now)
    _record(batch, "batch.edited", row, work.preview, by, now)
    return replace(work.preview, version=batch.version)


@transaction.atomic
def undo(*, batch: Batch, by: str, version: int | None = None) -> BatchEdit:
    """Takes the last edit back: its lines are planned again without it. EDIT_EMPTY when there is none."""
    batch = held(batch, version)
    row = last_edit(batch)
    if row is None:
        raise Problem(Code.EDIT_EMPTY)
    require_same_terms(batch)
    now = clock.now(batch.store)
    work = replanned(batch, [edits.read(each) for each in row.changes], after=edits_of(batch, without=row))
    row.undone_at, row.undone_by = now, by
    row.save(update_fields=["undone_at", "undone_by"])
    batch.version += 1
    write(batch, work, now)
    _record(batch, "batch.edit_undone", row, work.preview, by, now)
    return row


def exceeded(overflow: Overflow) -> Problem:
    """R-18: the first day that overflows and the earliest promise that works."""
    return Problem(
        Code.CAPACITY_EXCEEDED, group=overflow.group.name, day=overflow.day.isoformat(), needed=overflow.needed,
        limit=overflow.capacity, earliest=overflow.earliest.isoformat() if overflow.earliest else "—",
    )  # fmt: skip


def require_same_terms(batch: Batch) -> None:
    """One plan is priced by one set of tariffs and one treatment of its buyer (pitfall 1): PLAN_STALE else."""
    checked = batch.buyer.tax_number_checked_at
    later = checked is not None and checked > batch.screened_at
    if later or tariffs_changed_since(store=batch.store, at=batch.screened_at):
        hours = int(batch.policies["plan_max_age_hours"])
        raise Problem(Code.PLAN_STALE, value=batch.screened_at.isoformat(), limit=hours)


def _require_editable(batch: Batch) -> None:
    if batch.status in FROZEN:
        raise Problem(Code.PRICE_LOCKED)
    unfinished = batch.status == BatchStatus.FAILED and batch.chunks.filter(done_at__isnull=True).exists()
    if batch.status not in EDITABLE or unfinished:
        raise Problem(Code.STATE_CONFLICT, state=batch.status, event=str(batching.Event.EDIT))


def held(batch: Batch, version: int | None) -> Batch:
    """The batch under its row's lock, still editable and, with `version`, still the plan that was looked at."""
    held = (
        Batch.objects.select_for_update(of=("self",))
        .select_related("store", "buyer", "rate_set")
        .get(pk=batch.pk)
    )
    _require_editable(held)
    if version is not None and version != held.version:
        raise Problem(Code.PLAN_CHANGED, value=version, limit=held.version)
    return held


def _worked(batch: Batch, asked: Sequence[Asked]) -> Rework:
    require_same_terms(batch)
    before = edits_of(batch)
    refs = order_refs(batch)
    sources = source_lines(batch.store, list(refs.values()), refs=refs)
    changes = naming.resolved(asked, sources, before=before, today=capacities.day_of(batch))
    return replanned(batch, changes, after=[*before, *changes])


def write(batch: Batch, work: Rework, now: dt.datetime) -> None:
    """The orders are made again by COPY, as a screening makes them; their references and positions stay."""
    generating.keep(batch, Part.EDIT, batch.version, work.made, work.inputs)
    RepeatOrder.objects.filter(batch=batch, past_order__in=work.positions).only("pk").delete()
    copying.write(batch, [(work.positions[order.id], plan) for order, plan in work.made], now=now)
    failing.note(batch, batch.orders.filter(past_order__in=work.positions), at=now)
    ready = generating.is_ready(batch, counts_of(batch, now=now))
    was = BatchStatus(batch.status)
    if ready:
        batch.status = batching.advance(was, batching.Event.EDIT)
    elif was is BatchStatus.PLANNED:
        batch.status = batching.advance(was, batching.Event.FAIL)
    batch.save(update_fields=["status", "version"])
    telling.batch(batch, at=now)


def _record(batch: Batch, kind: str, row: BatchEdit, told: Preview, by: str, now: dt.datetime) -> None:
    ledger.record(
        store_id=batch.store_id, kind=kind, subject=f"batch:{batch.ref}", by=by, at=now, attempt=batch.attempt,
        version=batch.version, edit=row.version, digest=told.digest, orders=told.orders, lines=told.lines,
        raised=told.raised, lowered=told.lowered, promises=told.promises, planned=told.planned_now,
        totals={each.currency: each.now_minor for each in told.sums},
    )  # fmt: skip
