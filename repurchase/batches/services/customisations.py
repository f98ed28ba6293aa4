"""Recording customised services, until the prices are locked (R-15): from notes, by a member, by a
caller."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import PastOrder, PastOrderLine
from repurchase.batches.customisation_notes import clean_text, digest_text, parse_customisations
from repurchase.models import Batch, Chunk, LineService, ServiceSource
from repurchase.models.batch_states import BatchStatus

UNLOCKED_STATUSES = frozenset({BatchStatus.SCREENING, BatchStatus.PLANNED, BatchStatus.FAILED})
ERRORS_SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomisationRequest:
    """A service as it is asked for: `line_no` None for the whole order."""

    order: str  # the past order's number
    line_no: int | None
    text: str


def record_from_notes(batch: Batch, order_ids: Sequence[int], *, now: dt.datetime) -> None:
    """What the notes ask for, when the batch is made: three queries for any number of orders."""
    notes = dict(
        PastOrder.objects.filter(pk__in=order_ids).exclude(note="").values_list("pk", "note")
    )
    lines = _line_ids_by_order(notes)
    rows = [
        _build_row(
            batch,
            pk,
            lines[pk].get(found.line_no),
            found.text,
            ServiceSource.NOTE,
            "system:note",
            now,
        )
        for pk, note in notes.items()
        for found in parse_customisations(note, line_nos=lines[pk])
    ]
    LineService.objects.bulk_create(rows, ignore_conflicts=True)


def record_requested(
    batch: Batch,
    wanted: Sequence[CustomisationRequest],
    order_ids: Sequence[int],
    *,
    by: str,
    now: dt.datetime,
) -> None:
    """What a caller asks for beside the notes. INPUT_INVALID with a pointer to each place that
    names nothing."""
    orders = (
        dict(PastOrder.objects.filter(pk__in=order_ids).values_list("number", "pk"))
        if wanted
        else {}
    )
    lines = _line_ids_by_order({orders[w.order] for w in wanted if w.order in orders})
    errors = [e for place, w in enumerate(wanted) for e in _request_errors(place, w, orders, lines)]
    if errors:
        raise Problem(Code.INPUT_INVALID, detail=errors[0]["detail"], rows=errors[:ERRORS_SHOWN])
    rows = [
        _build_row(
            batch,
            orders[w.order],
            lines[orders[w.order]].get(w.line_no),
            clean_text(w.text),
            ServiceSource.API,
            by,
            now,
        )
        for w in wanted
    ]
    LineService.objects.bulk_create(rows, ignore_conflicts=True)


def _request_errors(
    place: int,
    wanted: CustomisationRequest,
    orders: Mapping[str, int],
    lines: Mapping[int, Mapping[int, int]],
) -> list[dict[str, str]]:
    here = f"#/custom_services/{place}"
    if wanted.order not in orders:
        return [{"pointer": f"{here}/order", "detail": _("This order is not in the batch.")}]
    if wanted.line_no is not None and wanted.line_no not in lines[orders[wanted.order]]:
        return [{"pointer": f"{here}/line_no", "detail": _("The order has no such line.")}]
    return (
        []
        if clean_text(wanted.text)
        else [{"pointer": f"{here}/text", "detail": _("The text is empty.")}]
    )


@transaction.atomic
def add(*, batch: Batch, wanted: CustomisationRequest, by: str) -> None:
    """A member's own entry. INPUT_INVALID for an order or line that isn't in the batch, or no
    text."""
    batch, now = _get_editable_batch(batch)
    ids = [
        pk
        for (some,) in Chunk.objects.filter(batch=batch).values_list("past_order_ids")
        for pk in some
    ]
    order = PastOrder.objects.filter(store=batch.store_id, pk__in=ids, number=wanted.order).first()
    if order is None:
        raise Problem(Code.INPUT_INVALID, detail=_("This order is not in the batch."))
    row = _build_row(
        batch,
        order.pk,
        _require_line_id(order.pk, wanted.line_no),
        _require_text(wanted.text),
        ServiceSource.MEMBER,
        by,
        now,
    )
    LineService.objects.bulk_create([row], ignore_conflicts=True)
    _record_in_ledger(batch, "services.recorded", by, now, row)


@transaction.atomic
def change(*, batch: Batch, service_id: int, line_no: int | None, text: str, by: str) -> None:
    """Another line or text. The same one twice becomes one."""
    batch, now = _get_editable_batch(batch)
    row = _get_customisation(batch, service_id)
    line_id, words = _require_line_id(row.past_order_id, line_no), _require_text(text)
    same = LineService.objects.filter(
        batch=batch, past_order=row.past_order_id, past_line=line_id, text=words
    )
    if same.exclude(pk=row.pk).exists():
        raise Problem(Code.INPUT_INVALID, detail=_("This service is recorded already."))
    row.past_line_id, row.text = line_id, words
    row.dismissed_at = row.dismissed_by = None
    row.dismissed_why = ""
    row.save()
    _record_in_ledger(batch, "services.recorded", by, now, row)


@transaction.atomic
def dismiss(*, batch: Batch, service_id: int, why: str, by: str) -> None:
    """The buyer isn't asked about it; the reason is kept."""
    batch, now = _get_editable_batch(batch)
    row = _get_customisation(batch, service_id)
    row.dismissed_why = clean_text(why)
    if not row.dismissed_why:
        raise Problem(Code.INPUT_INVALID, detail=_("Say why it is dismissed: the reason is kept."))
    row.dismissed_at, row.dismissed_by = now, by
    row.save()
    _record_in_ledger(batch, "services.dismissed", by, now, row)


def _get_editable_batch(batch: Batch) -> tuple[Batch, dt.datetime]:
    """The batch's row, held: a lock waits for it, and after the lock the services are part of its
    terms."""
    held = Batch.objects.select_for_update(of=("self",)).select_related("store").get(pk=batch.pk)
    if held.status not in UNLOCKED_STATUSES:
        raise Problem(Code.STATE_CONFLICT, state=held.status, event="customise")
    return held, clock.now(held.store)


def _get_customisation(batch: Batch, service_id: int) -> LineService:
    return get_object_or_404(LineService, store=batch.store_id, batch=batch, pk=service_id)


def _require_line_id(order_id: int, line_no: int | None) -> int | None:
    if line_no is None:
        return None
    found = (
        PastOrderLine.objects.filter(order=order_id, line_no=line_no)
        .values_list("pk", flat=True)
        .first()
    )
    if found is None:
        raise Problem(Code.INPUT_INVALID, detail=_("The order has no such line."))
    return found


def _require_text(text: str) -> str:
    if words := clean_text(text):
        return words
    raise Problem(Code.INPUT_INVALID, detail=_("The text is empty."))


def _line_ids_by_order(order_ids) -> dict[int, dict[int, int]]:
    """Line id by line number, by order."""
    lines: dict[int, dict[int, int]] = defaultdict(dict)
    rows = PastOrderLine.objects.filter(order__in=order_ids)
    for order_id, line_no, pk in rows.values_list("order_id", "line_no", "pk"):
        lines[order_id][line_no] = pk
    return lines


def _build_row(
    batch: Batch,
    order_id: int,
    line_id: int | None,
    text: str,
    source: str,
    by: str,
    now: dt.datetime,
) -> LineService:
    return LineService(
        store_id=batch.store_id,
        batch=batch,
        past_order_id=order_id,
        past_line_id=line_id,
        text=text,
        source=source,
        recorded_at=now,
        recorded_by=by,
    )


def _record_in_ledger(batch: Batch, kind: str, by: str, now: dt.datetime, row: LineService) -> None:
    ledger.record(
        store_id=batch.store_id,
        kind=kind,
        subject=f"batch:{batch.ref}",
        by=by,
        at=now,
        services=1,
        text_digest=digest_text(row.text),
    )
