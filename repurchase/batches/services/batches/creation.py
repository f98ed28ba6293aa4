"""Making a batch: once for one wish, its chunks in the ledger, its edits and services kept for
them to find."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Buyer, Store, User
from marketplace.policy import PolicyNumber, in_force
from pricing.models import Renegotiation
from qualification.queries import require_open
from repurchase.batches.edits import serialize_edit
from repurchase.batches.queries.capacity import screening_day
from repurchase.batches.queries.edits import source_lines
from repurchase.batches.queries.selections import selected_order_ids as ids_of
from repurchase.batches.services import (
    chunks,
    customisations,
    edit_targets,
    event_publishing,
    selections,
)
from repurchase.batches.services.batches import attempts, order_choice
from repurchase.batches.services.edit_targets import EditRequest
from repurchase.batches.services.selections import SelectionFilter
from repurchase.models import Batch, BatchEdit, Chunk, Selection, batch_states
from repurchase.models.batch_states import BatchStatus

BATCH_POLICIES = ("partial", "all_or_nothing")
AT_ONCE = dt.timedelta(seconds=2)
"""The same wish by several within this time, or while its batch is screened, is one: two members,
a program beside them."""

DOUBLE_PRESS_WINDOW = dt.timedelta(seconds=30)
"""A member who presses again with nothing ticked means the batch that the first press made."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRequest:
    """What a batch is asked for, beside its orders."""

    policy: str = "partial"
    dry_run: bool = False
    special_clearance: bool = False
    custom_services: Sequence[customisations.CustomisationRequest] = ()
    asked: Sequence[EditRequest] = ()
    quoted_after: Renegotiation | None = None  # the renegotiation that a fresh quote follows

    def fingerprint(self, order_ids: Sequence[int]) -> str:
        """The same for the same orders in any sequence."""
        told = (
            sorted(order_ids),
            self.policy,
            self.dry_run,
            self.special_clearance,
            list(self.custom_services),
            list(self.asked),
        )
        return hashlib.sha256(repr(told).encode()).hexdigest()


@transaction.atomic
def create_from_selection(
    *, store: Store, user: User, policy: str = "partial", dry_run: bool = False
) -> Batch:
    """A batch of what the member has ticked; the selection is used up, so a second press makes no
    second batch.

    The second press, in this window or another, is answered by the batch of the first.
    """
    # Its row alone: what a joined row says would be as old as the wait for this one is long.
    selection = Selection.objects.select_for_update().filter(store=store, user=user).first()
    now = clock.now(store)
    if selection and selection.made and now - selection.made.created_at < DOUBLE_PRESS_WINDOW:
        selection.made.fresh = False
        return selection.made
    if selection is None or selection.buyer is None:
        raise Problem(Code.BATCH_EMPTY)
    wish = BatchRequest(policy=_require_known_policy(policy), dry_run=dry_run)
    ids, values = ids_of(selection, now=now), in_force(now)
    order_choice.check_size(len(ids), int(values["batch_max_orders"]))
    batch = _create_batch(
        store=store,
        buyer=selection.buyer,
        order_ids=ids,
        by=f"user:{user.pk}",
        wish=wish,
        values=values,
        now=now,
        once=True,
    )
    selections.mark_used(selection, batch)
    return batch


@transaction.atomic
def create(
    *,
    store: Store,
    numbers: Sequence[str] = (),
    by: str,
    buyer_external_id: str | None = None,
    ticked: SelectionFilter | None = None,
    policy: str = "partial",
    dry_run: bool = False,
    special_clearance: bool = False,
    custom_services: Sequence[customisations.CustomisationRequest] = (),
    edits: Sequence[EditRequest] = (),
    once: bool = False,
    quoted_after: Renegotiation | None = None,
) -> Batch:
    """A batch of past orders named by their numbers, or `ticked` by a filter. Nothing is written
    when it is refused.

    A `dry_run` is planned to be looked at and can't be locked. With `once`, who asks for exactly
    what is being screened already, or was asked for a moment ago, by whomever, gets that batch
    (its `fresh` is False).

    `edits` set quantities and promises from its first screening on (R-16, R-17); whether they can
    be made in time is shown with the plan and decided at the lock. `quoted_after`: the
    renegotiation that a fresh quote follows. Beside what `naming.resolve_edits` raises: Raises
    QUALIFICATION_REQUIRED, BATCH_EMPTY, BATCH_TOO_LARGE, ORDER_UNKNOWN, MIXED_BUYERS,
    FX_RATE_STALE; INPUT_INVALID for a customised service of an order or line that isn't there.
    """
    wish = BatchRequest(
        policy=_require_known_policy(policy),
        dry_run=dry_run,
        special_clearance=special_clearance,
        custom_services=custom_services,
        asked=edits,
        quoted_after=quoted_after,
    )
    now = clock.now(store)
    values = in_force(now)
    buyer, order_ids = order_choice.choose_orders(
        store=store,
        numbers=numbers,
        buyer_external_id=buyer_external_id,
        ticked=ticked,
        limit=int(values["batch_max_orders"]),
        now=now,
    )
    return _create_batch(
        store=store,
        buyer=buyer,
        order_ids=order_ids,
        by=by,
        wish=wish,
        values=values,
        now=now,
        once=once,
    )


def _require_known_policy(policy: str) -> str:
    if policy not in BATCH_POLICIES:
        raise Problem(Code.INPUT_INVALID, detail=f"policy: {policy[:40]}")
    return policy


def _create_batch(
    *,
    store: Store,
    buyer: Buyer,
    order_ids: Sequence[int],
    by: str,
    wish: BatchRequest,
    values: Mapping[str, PolicyNumber],
    now: dt.datetime,
    once: bool = False,
) -> Batch:
    require_open(store, now)
    fingerprint = wish.fingerprint(order_ids)
    if once and (batch := _find_same_request(store, fingerprint, now)):
        return batch
    batch = Batch(
        store=store,
        buyer=buyer,
        policy=wish.policy,
        dry_run=wish.dry_run,
        asked=len(order_ids),
        special_clearance=wish.special_clearance,
        created_at=now,
        created_by=by,
        fingerprint=fingerprint,
        quoted_after=wish.quoted_after,
    )
    attempts.freeze_inputs(batch, values, now)
    batch.save()
    edit = (
        {"edits_digest": _record_edits(batch, order_ids, wish.asked, by=by, now=now)}
        if wish.asked
        else {}
    )
    rung_at = clock.now()
    made = Chunk.objects.bulk_create(
        Chunk(
            store=store,
            batch=batch,
            first_position=first,
            past_order_ids=list(ids),
            rung_at=rung_at,
        )
        for first, ids in batch_states.chunks(order_ids)
    )
    customisations.record_from_notes(batch, order_ids, now=now)
    customisations.record_requested(batch, wish.custom_services, order_ids, by=by, now=now)
    event_publishing.publish_batch(batch, at=now, asked=batch.asked)
    digest = hashlib.sha256(",".join(map(str, order_ids)).encode()).hexdigest()
    ledger.record(
        store_id=store.pk,
        kind="batch.created",
        subject=f"batch:{batch.ref}",
        by=by,
        at=now,
        asked=batch.asked,
        orders_digest=digest,
        policy=batch.policy,
        dry_run=batch.dry_run,
        gates=batch.gates,
        rate_set=batch.rate_set_id,
        **edit,
    )
    chunks.enqueue_workers(len(made))
    return batch


def _find_same_request(store: Store, fingerprint: str, now: dt.datetime) -> Batch | None:
    """Who asks for the same at the same time waits here for the first, and gets its batch."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [store.pk % 2**31, fingerprint]
        )
    just_now = Q(created_at__gt=now - AT_ONCE, created_at__lte=clock.now(store))
    same = Batch.objects.filter(
        just_now | Q(status=BatchStatus.SCREENING), store=store, fingerprint=fingerprint
    ).exclude(status=BatchStatus.CANCELLED)
    found = same.select_related("store", "buyer").order_by("pk").last()
    if found:
        found.fresh = False
    return found


def _record_edits(
    batch: Batch,
    order_ids: Sequence[int],
    asked: Sequence[EditRequest],
    *,
    by: str,
    now: dt.datetime,
) -> str:
    """Keeps the edits that come with the batch, for its chunks to find; their digest goes into the
    ledger."""
    sources = source_lines(batch.store, order_ids, refs={})
    changes = edit_targets.resolve_edits(asked, sources, before=(), today=screening_day(batch))
    orders = [
        line.order_id
        for line in sources.lines
        if any(edit_targets.is_line_in_edit(e, line) for e in changes)
    ]
    rows = [serialize_edit(each) for each in changes]
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    BatchEdit.objects.create(
        store=batch.store,
        batch=batch,
        version=batch.version,
        changes=rows,
        lines=len(orders),
        orders=len(set(orders)),
        digest=digest,
        applied_at=now,
        applied_by=by,
    )
    return digest
