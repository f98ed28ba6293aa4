"""Making a batch, screening it again, cancelling it."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility import gates, recording
from eligibility.queries import CRB, gate_facts, limits_of
from eligibility.screening import GateInputs
from marketplace import clock, policy
from marketplace.calendar import platform_day
from marketplace.models import Buyer, PastOrder, Store, User
from marketplace.policy import DEFAULTS, typed
from marketplace.queries import latest_close, latest_rates
from outbox import letters
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
from repurchase.services import chunks, customising, editing, naming, selecting, telling
from repurchase.services.editing import require_idle
from repurchase.services.naming import Asked
from repurchase.services.selecting import Ticked

POLICIES = ("partial", "all_or_nothing")
AT_ONCE = dt.timedelta(seconds=2)
"""The same wish by several within this time, or while its batch is screened, is one: two members, a program beside them."""

PRESSED_AGAIN = dt.timedelta(seconds=30)
"""A member who presses again with nothing ticked means the batch that the first press made."""

SHOWN = 20
"""At most so many rows are named in a refusal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a batch is asked for, beside its orders."""

    policy: str = "partial"
    dry_run: bool = False
    special_clearance: bool = False
    custom_services: Sequence[customising.Wanted] = ()
    asked: Sequence[Asked] = ()
    quoted_after: Renegotiation | None = None  # the renegotiation that a fresh quote follows

    def fingerprint(self, order_ids: Sequence[int]) -> str:
        """The same for the same orders in any sequence."""
        told = (
            sorted(order_ids), self.policy, self.dry_run, self.special_clearance, list(self.custom_services),
            list(self.asked),
        )  # fmt: skip
        return hashlib.sha256(repr(told).encode()).hexdigest()


@transaction.atomic
def create_from_selection(
    *, store: Store, user: User, policy: str = "partial", dry_run: bool = False
) -> Batch:
    """A batch of what the member has ticked; the selection is used up, so a second press makes no second batch.

    The second press, in this window or another, is answered by the batch of the first.
    """
    # Its row alone: what a joined row says would be as old as the wait for this one is long.
    selection = Selection.objects.select_for_update().filter(store=store, user=user).first()
    now = clock.now(store)
    if selection and selection.made and now - selection.made.created_at < PRESSED_AGAIN:
        selection.made.fresh = False
        return selection.made
    if selection is None or selection.buyer is None:
        raise Problem(Code.BATCH_EMPTY)
    wish = Wish(policy=_known(policy), dry_run=dry_run)
    ids = ids_of(selection, now=now)
    batch = _create(
        store=store, buyer=selection.buyer, order_ids=ids, by=f"user:{user.pk}", wish=wish, once=True
    )
    selecting.use_up(selection, batch)
    return batch


@transaction.atomic
def create(
    *,
    store: Store,
    numbers: Sequence[str] = (),
    by: str,
    buyer_external_id: str | None = None,
    ticked: Ticked | None = None,
    policy: str = "partial",
    dry_run: bool = False,
    special_clearance: bool = False,
    custom_services: Sequence[customising.Wanted] = (),
    edits: Sequence[Asked] = (),
    once: bool = False,
    quoted_after: Renegotiation | None = None,
) -> Batch:
    """A batch of past orders named by their numbers, or `ticked` by a filter. Nothing is written when it is refused.

    A `dry_run` is planned to be looked at and can't be locked. With `once`, who asks for exactly what is being screened
    already, or was asked for a moment ago, by whomever, gets that batch (its `fresh` is False).

    `edits` set quantities and promises from its first screening on (R-16, R-17); whether they can be made in time is
    shown with the plan and decided at the lock. `quoted_after`: the renegotiation that a fresh quote follows. Beside what `naming.resolved` raises:
    Raises QUALIFICATION_REQUIRED, BATCH_EMPTY, BATCH_TOO_LARGE, ORDER_UNKNOWN, MIXED_BUYERS, FX_RATE_STALE;
    INPUT_INVALID for a customised service of an order or line that isn't there.
    """
    wish = Wish(
        policy=_known(policy), dry_run=dry_run, special_clearance=special_clearance,
        custom_services=custom_services, asked=edits, quoted_after=quoted_after,
    )  # fmt: skip
    buyer, order_ids = chosen(
        store=store, numbers=numbers, buyer_external_id=buyer_external_id, ticked=ticked
    )
    return _create(store=store, buyer=buyer, order_ids=order_ids, by=by, wish=wish, once=once)


def _known(policy: str) -> str:
    if policy not in POLICIES:
        raise Problem(Code.INPUT_INVALID, detail=f"policy: {policy[:40]}")
    return policy


def chosen(
    *, store: Store, numbers: Sequence[str], buyer_external_id: str | None, ticked: Ticked | None
) -> tuple[Buyer, list[int]]:
    """The one buyer and the ids of past orders, by numbers or by a filter with exceptions.

    Raises BATCH_EMPTY, BATCH_TOO_LARGE, ORDER_UNKNOWN, MIXED_BUYERS, NOT_FOUND for an unknown buyer.
    """
    if ticked is None:
        return named(store=store, numbers=numbers, buyer_external_id=buyer_external_id)
    selection = selecting.of_filter(store=store, buyer_external_id=buyer_external_id or "", ticked=ticked)
    order_ids = ids_of(selection, now=clock.now(store))
    _check_size(len(order_ids), store)
    return selection.buyer, order_ids


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
    wish: Wish,
    once: bool = False,
) -> Batch:
    now = clock.now(store)
    require_open(store, now)
    _check_size(len(order_ids), store)
    fingerprint = wish.fingerprint(order_ids)
    if once and (batch := _same_at_once(store, fingerprint, now)):
        return batch
    batch = Batch(
        store=store, buyer=buyer, policy=wish.policy, dry_run=wish.dry_run, asked=len(order_ids),
        special_clearance=wish.special_clearance, created_at=now, created_by=by, fingerprint=fingerprint,
        quoted_after=wish.quoted_after,
    )  # fmt: skip
    _take_stock(batch, now)
    batch.save()
    edit = {"edits_digest": _edit(batch, order_ids, wish.asked, by=by, now=now)} if wish.asked else {}
    rung_at = clock.now()
    made = Chunk.objects.bulk_create(
        Chunk(store=store, batch=batch, first_position=first, past_order_ids=list(ids), rung_at=rung_at)
        for first, ids in batching.chunks(order_ids)
    )
    customising.take_from_notes(batch, order_ids, now=now)
    customising.take(batch, wish.custom_services, order_ids, by=by, now=now)
    telling.batch(batch, at=now, asked=batch.asked)
    digest = hashlib.sha256(",".join(map(str, order_ids)).encode()).hexdigest()
    ledger.record(
        store_id=store.pk, kind="batch.created", subject=f"batch:{batch.ref}", by=by, at=now,
        asked=batch.asked, orders_digest=digest, policy=batch.policy, dry_run=batch.dry_run, gates=batch.gates, rate_set=batch.rate_set_id, **edit,
    )  # fmt: skip
    chunks.ring_for(chunk.pk for chunk in made)
    return batch


def _same_at_once(store: Store, fingerprint: str, now: dt.datetime) -> Batch | None:
    """Who asks for the same at the same time waits here for the first, and gets its batch."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [store.pk % 2**31, fingerprint])
    just_now = Q(created_at__gt=now - AT_ONCE, created_at__lte=clock.now(store))
    same = Batch.objects.filter(
        just_now | Q(status=BatchStatus.SCREENING), store=store, fingerprint=fingerprint
    ).exclude(status=BatchStatus.CANCELLED)
    found = same.select_related("store", "buyer").order_by("pk").last()
    if found:
        found.fresh = False
    return found


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
    rates = latest_rates(now, store=batch.store, max_age_days=int(values["fx_max_age_days"]))
    batch.screened_at = batch.attempt_at = now
    batch.policies = {name: str(value) for name, value in values.items()}
    batch.rate_set_id = rates.id
    batch.index_close = latest_close(CRB, now, store=batch.store)
    _look_at_gates(batch, now)


def _look_at_gates(batch: Batch, now: dt.datetime) -> None:
    """The gates as they stand, by the batch's own policies; kept with what decided them."""
    limits = limits_of({name: typed(name, text) for name, text in batch.policies.items() if name in DEFAULTS})
    facts = gate_facts(store=batch.store, buyers=[batch.buyer], limits=limits, now=now)
    inputs = GateInputs(facts=facts[batch.buyer_id], limits=limits, today=platform_day(now))
    batch.gates = [gates.kept(gate) for gate in gates.gates(inputs.facts, limits=limits, today=inputs.today)]
    recording.keep_gates(
        store=batch.store, subject=f"batch:{batch.ref}", attempt=batch.attempt, inputs=inputs, policies=batch.policies
    )  # fmt: skip


@transaction.atomic
def rescreen(*, batch: Batch, by: str, special_clearance: bool | None = None) -> Batch:
    """Plans the batch anew from today's facts: its rows are made again, what was asked for stays.

    `special_clearance` ticks or unticks the 专线清关通道 for all its orders (R-71).
    """
    batch = _locked(batch)
    require_idle(batch)
    batch.status = batching.advance(BatchStatus(batch.status), batching.Event.RESCREEN)
    if special_clearance is not None:
        batch.special_clearance = special_clearance
    now = clock.now(batch.store)
    batch.attempt += 1
    batch.version += 1
    batch.planned_at, batch.code = None, ""
    _take_stock(batch, now)
    batch.save()
    RepeatOrder.objects.filter(batch=batch).delete()
    batch.chunks.exclude(positions=None).delete()  # of attempts that retried some orders only
    batch.chunks.update(
        attempt=batch.attempt, owner="", beat_at=None, tries=0, rung_at=clock.now(), done_at=None, code=""
    )
    telling.batch(batch, at=now, asked=batch.asked)
    ledger.record(
        store_id=batch.store_id, kind="batch.rescreened", subject=f"batch:{batch.ref}", by=by, at=now,
        attempt=batch.attempt, special_clearance=batch.special_clearance, gates=batch.gates,
    )  # fmt: skip
    chunks.ring_for(batch.chunks.values_list("pk", flat=True))
    return batch


@transaction.atomic
def retry(*, batch: Batch, by: str) -> Batch:
    """Plans the failed orders anew, in a new attempt of the same batch; all others stay as they are.

    By the plan's own instant, rates and policies, as an edit does (pitfall 1), and by the gates and facts of now.
    NOTHING_TO_RETRY, PLAN_STALE when it is older than a day or tariffs have changed, EDIT_AT_WORK, STATE_CONFLICT.
    """
    batch = _locked(batch)
    require_idle(batch)
    editing.require_same_terms(batch)
    now = clock.now(batch.store)
    require_fresh(batch, now)
    failed = batch.orders.filter(status=OrderStatus.FAILED)
    places = dict(failed.order_by("position").values_list("past_order_id", "position"))
    undone = batch.chunks.filter(done_at=None)
    if not places and not undone.exists():
        raise Problem(Code.NOTHING_TO_RETRY)
    batch.status = batching.advance(BatchStatus(batch.status), batching.Event.RESCREEN)
    batch.attempt += 1
    batch.version += 1
    batch.planned_at, batch.code, batch.attempt_at = None, "", now
    _look_at_gates(batch, now)
    batch.save()
    failed.delete()
    undone.update(
        attempt=batch.attempt, owner="", beat_at=None, tries=0, code="", rung_at=clock.now()
    )  # what was given up
    Chunk.objects.bulk_create(_chunks_of(batch, places, rung_at=clock.now()))
    telling.batch(batch, at=now, asked=batch.asked, retried=len(places))
    ledger.record(
        store_id=batch.store_id, kind="batch.retried", subject=f"batch:{batch.ref}", by=by, at=now,
        attempt=batch.attempt, orders=len(places), gates=batch.gates,
    )  # fmt: skip
    chunks.ring_for(undone.values_list("pk", flat=True))
    return batch


def _chunks_of(batch: Batch, places: Mapping[int, int], *, rung_at: dt.datetime) -> Iterator[Chunk]:
    for _, ids in batching.chunks(list(places)):
        yield Chunk(
            store=batch.store, batch=batch, attempt=batch.attempt, first_position=places[ids[0]], rung_at=rung_at,
            past_order_ids=list(ids), positions=[places[pk] for pk in ids],
        )  # fmt: skip


@transaction.atomic
def adopt(*, batch: Batch, by: str) -> Batch:
    """Makes a dry run a real batch: it may be locked from now on. STATE_CONFLICT when it is one, or has ended."""
    batch = _locked(batch)
    if not batch.dry_run or batch.status == BatchStatus.CANCELLED:
        raise Problem(Code.STATE_CONFLICT, state=batch.status, event="adopt")
    batch.dry_run = False
    batch.save(update_fields=["dry_run"])
    now = clock.now(batch.store)
    telling.batch(batch, at=now)
    ledger.record(store_id=batch.store_id, kind="batch.adopted", subject=f"batch:{batch.ref}", by=by, at=now)
    return batch


def require_fresh(batch: Batch, now: dt.datetime) -> None:
    """PLAN_STALE: a plan older than a day is screened again."""
    hours = int(batch.policies["plan_max_age_hours"])
    if now - batch.screened_at > dt.timedelta(hours=hours):
        raise Problem(Code.PLAN_STALE, value=batch.screened_at.isoformat(), limit=hours)


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
    chunks.withdraw(batch)
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
    rows = Batch.objects.select_for_update(of=("self",), no_key=True)  # a chunk's rows that name it may go on
    return rows.select_related("store", "buyer").get(pk=batch.pk)
