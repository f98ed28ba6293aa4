"""Making a batch, screening it again, cancelling it."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility import gates, recording
from eligibility.queries import CRB, PLATFORM_ZONE, gate_facts, limits_of
from eligibility.screening import GateInputs
from marketplace import clock, policy
from marketplace.models import Buyer, PastOrder, Store, User
from marketplace.queries import latest_close, latest_rates
from outbox import letters
from outbox.bells import ring
from pricing import services as pricing
from pricing.models import Grant, Renegotiation
from qualification.queries import require_open
from repurchase import batching
from repurchase.batching import BatchStatus
from repurchase.edits import kept
from repurchase.lifecycle import OrderStatus
from repurchase.models import Batch, BatchEdit, Chunk, RepeatOrder, Selection
from repurchase.queries.capacity import day_of
from repurchase.queries.edits import source_lines
from repurchase.queries.selections import order_ids as ids_of
from repurchase.services import customising, naming, telling
from repurchase.services.naming import Asked

POLICIES = ("partial", "all_or_nothing")
SHOWN = 20
"""At most so many rows are named in a refusal."""


@transaction.atomic
def create_from_selection(*, store: Store, user: User) -> Batch:
    """A batch of what the member has ticked; the selection is used up, so a second press makes no second batch."""
    selection = Selection.objects.select_for_update().filter(store=store, user=user).first()
    if selection is None or selection.buyer is None:
        raise Problem(Code.BATCH_EMPTY)
    order_ids = ids_of(selection, now=clock.now(store))
    batch = _create(store=store, buyer=selection.buyer, order_ids=order_ids, by=f"user:{user.pk}")
    selection.delete()
    return batch


@transaction.atomic
def create(
    *,
    store: Store,
    numbers: Sequence[str],
    by: str,
    buyer_external_id: str | None = None,
    policy: str = "partial",
    special_clearance: bool = False,
    custom_services: Sequence[customising.Wanted] = (),
    edits: Sequence[Asked] = (),
    quoted_after: Renegotiation | None = None,
) -> Batch:
    """A batch of past orders named by their numbers. Nothing is written when it is refused.

    `edits` set quantities and promises from its first screening on (R-16, R-17); whether they can be made in time is
    shown with the plan and decided at the lock. `quoted_after`: the renegotiation that a fresh quote follows. Beside what `naming.resolved` raises:
    Raises QUALIFICATION_REQUIRED, BATCH_EMPTY, BATCH_TOO_LARGE, ORDER_UNKNOWN, MIXED_BUYERS, FX_RATE_STALE;
    INPUT_INVALID for a customised service of an order or line that isn't there.
    """
    if policy not in POLICIES:
        raise Problem(Code.INPUT_INVALID, detail=f"policy: {policy}")
    buyer, order_ids = named(store=store, numbers=numbers, buyer_external_id=buyer_external_id)
    return _create(
        store=store, buyer=buyer, order_ids=order_ids, by=by, policy_name=policy,
        special_clearance=special_clearance, custom_services=custom_services, asked=edits, quoted_after=quoted_after,
    )  # fmt: skip


def named(
    *, store: Store, numbers: Sequence[str], buyer_external_id: str | None = None
) -> tuple[Buyer, list[int]]:
    """The one buyer and the ids of past orders named by their numbers.

    Raises BATCH_EMPTY, BATCH_TOO_LARGE, ORDER_UNKNOWN, MIXED_BUYERS.
    """
    numbers = list(dict.fromkeys(numbers))
    _check_size(len(numbers), store)
    rows = {
        number: (pk, buyer_id, external_id)
        for pk, number, buyer_id, external_id in PastOrder.objects.filter(
            store=store, number__in=numbers
        ).values_list("id", "number", "buyer_id", "buyer__external_id")
    }
    if unknown := [number for number in numbers if number not in rows]:
        raise Problem(Code.ORDER_UNKNOWN, orders=unknown[:SHOWN])
    wanted = buyer_external_id or rows[numbers[0]][2]
    if others := [number for number in numbers if rows[number][2] != wanted]:
        raise Problem(Code.MIXED_BUYERS, orders=others[:SHOWN])
    return Buyer.objects.get(pk=rows[numbers[0]][1]), [rows[number][0] for number in numbers]


def _check_size(n: int, store: Store) -> None:
    limit = policy.in_force(clock.now(store))["batch_max_orders"]
    if not n:
        raise Problem(Code.BATCH_EMPTY)
    if n > limit:
        raise Problem(Code.BATCH_TOO_LARGE, value=n, limit=limit)


def _create(
    *,
    store: Store,
    buyer: Buyer,
    order_ids: Sequence[int],
    by: str,
    policy_name: str = "partial",
    special_clearance: bool = False,
    custom_services: Sequence[customising.Wanted] = (),
    asked: Sequence[Asked] = (),
    quoted_after: Renegotiation | None = None,
) -> Batch:
    now = clock.now(store)
    require_open(store, now)
    _check_size(len(order_ids), store)
    batch = Batch(
        store=store, buyer=buyer, policy=policy_name, special_clearance=special_clearance, asked=len(order_ids),
        created_at=now, created_by=by, quoted_after=quoted_after,
    )  # fmt: skip
    _take_stock(batch, now)
    batch.save()
    edit = {"edits_digest": _edit(batch, order_ids, asked, by=by, now=now)} if asked else {}
    chunks = Chunk.objects.bulk_create(
        Chunk(store=store, batch=batch, first_position=first, past_order_ids=list(ids), rung_at=now)
        for first, ids in batching.chunks(order_ids)
    )
    customising.take_from_notes(batch, order_ids, now=now)
    customising.take(batch, custom_services, order_ids, by=by, now=now)
    telling.batch(batch, at=now, asked=batch.asked)
    digest = hashlib.sha256(",".join(map(str, order_ids)).encode()).hexdigest()
    ledger.record(
        store_id=store.pk, kind="batch.created", subject=f"batch:{batch.ref}", by=by, at=now,
        asked=batch.asked, orders_digest=digest, gates=batch.gates, rate_set=batch.rate_set_id, **edit,
    )  # fmt: skip
    for chunk in chunks:
        ring("repurchase.generate_chunk", chunk_id=chunk.pk)
    return batch


def _edit(
    batch: Batch, order_ids: Sequence[int], asked: Sequence[Asked], *, by: str, now: dt.datetime
) -> str:
    """Keeps the edits that come with the batch, for its chunks to find; their digest goes into the ledger."""
    sources = source_lines(batch.store, order_ids, refs={})
    changes = naming.resolved(asked, sources, before=(), today=day_of(batch))
    orders = [line.order_id for line in sources.lines if any(naming.names(e, line) for e in changes)]
    rows = [kept(each) for each in changes]
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    BatchEdit.objects.create(
        store=batch.store, batch=batch, version=batch.version, changes=rows, lines=len(orders),
        orders=len(set(orders)), digest=digest, applied_at=now, applied_by=by,
    )  # fmt: skip
    return digest


def _take_stock(batch: Batch, now) -> None:
    """Fixes what an attempt is decided by: the instant, the ⚙ values, the rates, the gates (R-26)."""
    values = policy.in_force(now)
    limits = limits_of(values)
    rates = latest_rates(now, store=batch.store, max_age_days=int(values["fx_max_age_days"]))
    facts = gate_facts(store=batch.store, buyers=[batch.buyer], limits=limits, now=now)
    inputs = GateInputs(
        facts=facts[batch.buyer_id], limits=limits, today=now.astimezone(PLATFORM_ZONE).date()
    )
    verdicts = gates.gates(inputs.facts, limits=limits, today=inputs.today)
    batch.screened_at = now
    batch.policies = {name: str(value) for name, value in values.items()}
    batch.rate_set_id = rates.id
    batch.index_close = latest_close(CRB, now, store=batch.store)
    batch.gates = [gates.kept(gate) for gate in verdicts]
    recording.keep_gates(
        store=batch.store, subject=f"batch:{batch.ref}", attempt=batch.attempt, inputs=inputs, policies=batch.policies
    )  # fmt: skip


@transaction.atomic
def rescreen(*, batch: Batch, by: str, special_clearance: bool | None = None) -> Batch:
    """Plans the batch anew from today's facts: its rows are made again, what was asked for stays.

    `special_clearance` ticks or unticks the 专线清关通道 for all its orders (R-71).
    """
    batch = _locked(batch)
    batch.status = batching.advance(BatchStatus(batch.status), batching.Event.RESCREEN)
    if special_clearance is not None:
        batch.special_clearance = special_clearance
    now = clock.now(batch.store)
    batch.attempt += 1
    batch.version += 1
    batch.planned_at = None
    _take_stock(batch, now)
    batch.save()
    RepeatOrder.objects.filter(batch=batch).delete()
    Chunk.objects.filter(batch=batch).update(done_at=None, tries=0, rung_at=now)
    telling.batch(batch, at=now, asked=batch.asked)
    ledger.record(
        store_id=batch.store_id, kind="batch.rescreened", subject=f"batch:{batch.ref}", by=by, at=now,
        attempt=batch.attempt, special_clearance=batch.special_clearance, gates=batch.gates,
    )  # fmt: skip
    for chunk_id in Chunk.objects.filter(batch=batch).values_list("pk", flat=True):
        ring("repurchase.generate_chunk", chunk_id=chunk_id)
    return batch


@transaction.atomic
def cancel(*, batch: Batch, by: str) -> Batch:
    """Ends a batch: at any time before the lock, and after it until the buyer's first act.

    The locks' rows are taken before the batch's, as the buyer's act and the sweep take them.
    """
    was = BatchStatus(Batch.objects.values_list("status", flat=True).get(pk=batch.pk))
    if was is BatchStatus.LOCKED:
        pricing.cancel(store=batch.store, subject=batch.ref, by=by)
    batch = _locked(batch)
    if batch.status != was:
        raise Problem(Code.STATE_CONFLICT, state=batch.status, event=str(batching.Event.CANCEL))
    batch.status = batching.advance(was, batching.Event.CANCEL)
    now = clock.now(batch.store)
    batch.ended_at = now
    batch.save()
    leaving = batch.orders.filter(status__in=[OrderStatus.PLANNED, OrderStatus.LOCKED])
    leaving.update(status=OrderStatus.CANCELLED, changed_at=now)
    telling.batch(batch, at=now)
    telling.orders(batch.orders.filter(status=OrderStatus.CANCELLED, changed_at=now), at=now)
    if was is BatchStatus.LOCKED:
        _withdraw(batch)
    ledger.record(
        store_id=batch.store_id, kind="batch.cancelled", subject=f"batch:{batch.ref}", by=by, at=now, was=was
    )
    return batch


def _withdraw(batch: Batch) -> None:
    grant = Grant.objects.get(store=batch.store, subject=batch.ref)
    letters.write(
        kind="repurchase.cancelled",
        store_id=batch.store_id,
        dedupe=f"cancelled:{batch.ref}",
        grant=str(grant.pk),
    )


def _locked(batch: Batch) -> Batch:
    return Batch.objects.select_for_update(of=("self",)).select_related("store", "buyer").get(pk=batch.pk)
