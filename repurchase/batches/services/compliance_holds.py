"""Orders that R-90 touches after their lock are held back: neither confirmed nor released until it
is decided.

The rest goes on without them. At the confirmation they stay locked, in a lock of their own; at the
release they stay paid. The buyer reads that the platform is checking them, never which list or
name it is about.
"""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import connection
from django.db.models import Count, Q, QuerySet

from diagnostics import ledger, proofs
from diagnostics.codes import Code
from diagnostics.problem import RecordedProblem
from eligibility import party_questions
from eligibility.findings import Finding
from eligibility.rechecks import findings_at
from eligibility.rules import Moment
from marketplace import clock, policy
from marketplace.models import Store
from outbox import emails
from pricing import services as pricing
from pricing.locks import LockStatus, status_at
from pricing.models import Grant, Lock, LockTerms, Renegotiation
from pricing.services.lock_split import split_lock
from repurchase.batches import bulk_insert
from repurchase.batches.queries.held_orders import count_held_by_lock
from repurchase.batches.queries.lot_terms import locked_term_entries
from repurchase.batches.queries.rechecks import recheck_facts
from repurchase.batches.queries.reserved_stock import reserved_pieces
from repurchase.batches.services import failures, order_closing
from repurchase.batches.services.timer_transactions import bounded_transaction
from repurchase.models import Batch, RepeatOrder
from repurchase.models.order_states import OrderStatus

log = structlog.get_logger(__name__)

FindingsByOrder = Mapping[int, Sequence[Finding]]  # by order id

HOLD_CODES = (str(Code.PARTY_SCREENED_OUT), str(Code.EXPORT_CONTROLLED))
HOLDABLE_STATUSES = (
    OrderStatus.LOCKED,
    OrderStatus.CONFIRMED,
    OrderStatus.AWAITING_PAYMENT,
    OrderStatus.PAID,
)
RECHECK_INTERVAL = dt.timedelta(minutes=10)
"""A list may have changed, or a day have ended on it: what is held is looked at so often, beside
each decision."""
ORDERS_A_PASS = 1000
COMPLIANCE_ACTOR = "system:compliance"

HOLD_STATEMENT = """
    UPDATE repurchase_repeatorder o
    SET held_at = %s, codes = array(SELECT c FROM unnest(o.codes) c WHERE c <> ALL(%s)) || v.codes::varchar[],
        findings = (SELECT coalesce(jsonb_agg(f), '[]') FROM jsonb_array_elements(o.findings) f
                     WHERE f ->> 'code' <> ALL(%s)) || v.findings::jsonb
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS v(id, codes, findings)
    WHERE o.id = v.id AND o.store_id = %s
"""
LIFT_STATEMENT = """
    UPDATE repurchase_repeatorder o
    SET held_at = NULL, codes = array(SELECT c FROM unnest(o.codes) c WHERE c <> ALL(%s)),
        findings = (SELECT coalesce(jsonb_agg(f), '[]') FROM jsonb_array_elements(o.findings) f
                     WHERE f ->> 'code' <> ALL(%s))
    WHERE o.id = ANY(%s) AND o.store_id = %s
"""


def compliance_findings(
    orders: Sequence[RepeatOrder], *, store: Store, moment: Moment, now: dt.datetime
) -> FindingsByOrder:
    """What R-90 has against each of the orders, by the lists of now; a constant number of
    queries."""
    if not orders:
        return {}
    facts, around = recheck_facts(orders, store=store, policies=policy.in_force(now), now=now)
    return {order.id: found for order in facts if (found := findings_at(moment, order, around))}


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldOrders:
    """`locks`: those of which nothing else would be left; `orders`: by id, those of the others too.

    The rest is for `record`; `apart` are the locks that were made of the others' orders.
    """

    locks: Collection[UUID]
    orders: Collection[int]
    grant: Grant
    at: dt.datetime
    apart: Sequence[Lock]
    rows: Sequence[RepeatOrder]
    found: FindingsByOrder


def hold_at_confirmation(
    grant: Grant, lock_ids: Collection[UUID], *, left_out: Collection[str] = ()
) -> HeldOrders:
    """At a confirmation: what R-90 touches of these locks stays locked, in a lock of its own where
    others go on.

    The caller holds the locks' rows, and calls `record` with it last.
    """
    now = clock.now(grant.store)
    live = Lock.objects.of(grant.store).live_at(now).filter(pk__in=lock_ids, subject=grant.subject)
    locks = {lock.pk: lock for lock in live}
    rows = RepeatOrder.objects.filter(lock__in=locks, status=OrderStatus.LOCKED).exclude(
        ref__in=left_out
    )
    orders = list(rows.prefetch_related("batch__buyer").order_by("position"))
    found = compliance_findings(orders, store=grant.store, moment=Moment.CONFIRMATION, now=now)
    _save_findings(grant.store, orders, found, now)
    by_lock: dict[UUID, list[RepeatOrder]] = defaultdict(list)
    for order in orders:
        by_lock[order.lock_id].append(order)
    apart: list[Lock] = []
    whole = {pk for pk, some in by_lock.items() if all(order.pk in found for order in some)}
    for pk, some in by_lock.items():
        held = [order for order in some if order.pk in found]
        if held and pk not in whole:
            apart.append(_split_lock(locks[pk], held, now))
    return HeldOrders(
        locks=whole,
        orders=frozenset(found),
        grant=grant,
        at=now,
        apart=apart,
        found=found,
        rows=[order for order in orders if order.pk in found],
    )


def record(held: HeldOrders) -> None:
    """What was held back, in the ledger: the last that the caller's transaction does."""
    if held.rows:
        _record_in_ledger(
            held.grant.store_id,
            held.grant.subject,
            "orders.held_back",
            f"grant:{held.grant.pk}",
            held.at,
            held.rows,
            held.found,
            rows=_split_row_digests(held.apart),
        )


def locks_with_held_orders(grant: Grant) -> Collection[UUID]:
    """Locks of the grant's plan with orders that are held back: an answer does not have to name
    them."""
    return count_held_by_lock(store_id=grant.store_id, subject=grant.subject).keys()


def hold_at_release(
    store: Store, orders: Sequence[RepeatOrder], *, by: str, at: dt.datetime
) -> FindingsByOrder:
    """Which of these paid orders may not be released: they are marked, and stay as they are."""
    found = compliance_findings(orders, store=store, moment=Moment.RELEASE, now=at)
    _save_findings(store, orders, found, at)
    for ref, some in _group_by_batch([order for order in orders if order.pk in found]).items():
        _record_in_ledger(store.pk, ref, "orders.held_back", by, at, some, found)
    return found


def hold_problem(order: RepeatOrder) -> RecordedProblem:
    """Why an order is held back; that it is stays written."""
    found = next(each for each in order.findings if each["code"] in HOLD_CODES)
    return RecordedProblem(Code(found["code"]), **found["evidence"])


def recheck_held(*, store: Store | None = None, due_only: bool = False) -> int:
    """Lets go what nothing holds back any more, and ends locks of what was stopped; how many were
    let go."""
    held = RepeatOrder.objects.filter(
        held_at__isnull=False, status__in=[str(s) for s in HOLDABLE_STATUSES]
    )
    if store:
        held = held.filter(store=store)
    if due_only:
        held = held.filter(held_at__lte=clock.store_now_expression() - RECHECK_INTERVAL)
    stores = Store.objects.filter(pk__in=held.order_by().values("store").distinct())
    return sum(_recheck_store(each, held.filter(store=each)) for each in stores)


def _recheck_store(store: Store, held: QuerySet[RepeatOrder]) -> int:
    """In a transaction of its own: a store that fails is logged and holds up no other."""
    try:
        with bounded_transaction():
            return _recheck_orders(store, held)
    except Exception:
        log.exception("recheck_failed", store=store.code)
        return 0


def _recheck_orders(store: Store, held: QuerySet[RepeatOrder]) -> int:
    """The locks' rows are taken before the orders', as everywhere; what another transaction holds
    waits for a pass."""
    some = list(
        held.order_by("held_at", "pk").values_list("pk", "lock_id", "status")[:ORDERS_A_PASS]
    )
    needed = {lock for _, lock, status in some if status == OrderStatus.LOCKED}
    rows = Lock.objects.filter(pk__in=needed).order_by("pk").select_for_update(skip_locked=True)
    locks = {lock.pk: lock for lock in rows}
    rows = held.filter(pk__in=[pk for pk, *_ in some]).select_for_update(
        of=("self",), skip_locked=True
    )
    waiting = rows.exclude(Q(status=OrderStatus.LOCKED) & ~Q(lock__in=locks))
    orders = list(waiting.prefetch_related("batch__buyer").order_by("held_at", "pk"))
    now = clock.now(store)
    found = compliance_findings(orders, store=store, moment=Moment.RELEASE, now=now)
    _save_findings(store, orders, found, now)
    free = [order for order in orders if order.pk not in found]
    for ref, some in _group_by_batch(free).items():
        _invite_again(store, ref, some, now)
    ended, apart = _end_stopped_locks(
        store, locks, [o for o in orders if o.pk in found], found, now
    )
    order_closing.end_orders(ended, by=COMPLIANCE_ACTOR)
    for ref, some in _group_by_batch(free).items():
        _record_in_ledger(store.pk, ref, "orders.let_go", COMPLIANCE_ACTOR, now, some, found)
    for lock in apart:
        ledger.record(
            store_id=store.pk,
            kind="lock.split",
            subject=f"batch:{lock.subject}",
            by=COMPLIANCE_ACTOR,
            at=now,
            lock=str(lock.pk),
            rows=_split_row_digests([lock]),
        )
    return len(free)


# --- What is written
# -----------------------------------------------------------------------------------------


def _save_findings(
    store: Store, orders: Sequence[RepeatOrder], found: FindingsByOrder, at: dt.datetime
) -> None:
    """Marks those that are found, lets the others go, asks the questions, and keeps the failures
    (R-72)."""
    free = [order.pk for order in orders if order.pk not in found and order.held_at]
    if not found and not free:
        return
    party_questions.ask((each for some in found.values() for each in some), at=at)
    if found:
        rows = [
            (
                pk,
                f"{{{','.join(dict.fromkeys(str(f.code) for f in some))}}}",
                bulk_insert.encode_json(bulk_insert.serialize_findings(some)),
            )
            for pk, some in found.items()
        ]
        codes = list(HOLD_CODES)
        values = [at, codes, codes, *bulk_insert.transpose_rows(rows), store.pk]
        bulk_insert.update_rows(HOLD_STATEMENT, values, expected=len(rows))
    if free:
        with connection.cursor() as cursor:
            cursor.execute(LIFT_STATEMENT, [list(HOLD_CODES), list(HOLD_CODES), free, store.pk])
    changed = RepeatOrder.objects.filter(pk__in=[*found, *free])
    failures.record_changes(
        Batch.objects.filter(pk__in={order.batch_id for order in orders}), changed, at=at
    )


def _split_row_digests(locks: Sequence[Lock]) -> dict[str, dict]:
    """Digests of the rows that `split_lock` made: `verify_ledger` holds them against the tables."""
    return proofs.digest_rows(
        Lock.objects.filter(pk__in=[lock.pk for lock in locks]),
        LockTerms.objects.filter(lock__in=locks),
        Renegotiation.objects.filter(lock__in=locks),
    )


def _split_lock(lock: Lock, held: Sequence[RepeatOrder], at: dt.datetime) -> Lock:
    refs = {order.ref for order in held}
    entries = [entry for entry in locked_term_entries(lock) if entry[0] in refs]
    terms = json.dumps(entries, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    pieces = reserved_pieces([order.pk for order in held])
    made = split_lock(
        lock,
        past_order_ids=[order.past_order_id for order in held],
        stock={sku: n for (_, sku), n in pieces.items()},
        order_count=len(held),
        total_minor=sum(order.total_minor for order in held),
        terms=terms,
        at=at,
    )
    RepeatOrder.objects.filter(pk__in=[order.pk for order in held]).update(lock=made)
    return made


def _end_stopped_locks(
    store: Store,
    locks: Mapping[UUID, Lock],
    orders: Sequence[RepeatOrder],
    found: FindingsByOrder,
    at: dt.datetime,
) -> tuple[Sequence[Lock], Sequence[Lock]]:
    """Ends open locks of what two people have stopped: the goods are free again. (What ended, what
    of it was split off.)

    Where a lock holds others too, what was stopped is split off first.
    """
    stopped = party_questions.stopped_matches(f for order in orders for f in found[order.pk])
    by_lock: dict[UUID, list[RepeatOrder]] = defaultdict(list)
    for order in orders:
        if order.lock_id in locks and any(
            party_questions.key_of(f) in stopped for f in found[order.pk]
        ):
            by_lock[order.lock_id].append(order)
    rows = RepeatOrder.objects.filter(lock__in=by_lock, status=OrderStatus.LOCKED).order_by()
    held = dict(rows.values_list("lock").annotate(n=Count("id")))
    ended, apart = [], []
    for pk, some in by_lock.items():
        lock = locks[pk]
        if lock.status != LockStatus.OPEN or status_at(lock, at) is not LockStatus.OPEN:
            continue
        if len(some) < held[pk]:
            lock = _split_lock(lock, some, at)
            apart.append(lock)
        pricing.cancel_stopped(lock, at=at, by=COMPLIANCE_ACTOR)
        ended.append(lock)
    return ended, apart


def _invite_again(store: Store, ref: str, orders: Sequence[RepeatOrder], at: dt.datetime) -> None:
    """The buyer may confirm what was held back, by the same link, until its lock ends; or both may
    go on talking."""
    waiting = [order for order in orders if order.status == OrderStatus.LOCKED]
    grant = Grant.objects.filter(store=store, subject=ref).first()
    if not waiting or not grant:
        return
    let_go = f"let-go:{ref}:{min(order.pk for order in waiting)}:{at.isoformat()}"
    locks = Lock.objects.filter(pk__in={order.lock_id for order in waiting})
    if locks.filter(status=LockStatus.OPEN).exists():
        emails.write(
            kind="repurchase.invitation",
            store_id=store.pk,
            batch=waiting[0].batch_id,
            grant=str(grant.pk),
            dedupe=let_go,
        )
    talks = Renegotiation.objects.filter(lock__in=locks.filter(status=LockStatus.RENEGOTIATING))
    found = sorted(str(pk) for pk in talks.values_list("pk", flat=True))
    for side in ("seller", "buyer") if found else ():
        emails.write(
            kind=f"repurchase.renegotiating_{side}",
            store_id=store.pk,
            dedupe=f"{side}:{let_go}",
            grant=str(grant.pk),
            renegotiations=found,
        )


def _record_in_ledger(
    store_id: int,
    ref: str,
    kind: str,
    by: str,
    at: dt.datetime,
    orders: Sequence[RepeatOrder],
    found: FindingsByOrder,
    **facts: object,
) -> None:
    """Codes and entries, never a name: the party stands in the question."""
    told = [order for order in orders if (order.pk in found) == (kind == "orders.held_back")]
    codes = sorted({str(f.code) for order in told for f in found.get(order.pk, ())})
    entries = sorted(
        {
            str(f.evidence.get("entry") or f.evidence.get("embargo"))
            for o in told
            for f in found.get(o.pk, ())
        }
    )
    ledger.record(
        store_id=store_id,
        kind=kind,
        subject=f"batch:{ref}",
        by=by,
        at=at,
        codes=codes,
        entries=entries,
        orders=[order.ref for order in told],
        **facts,
    )


def _group_by_batch(orders: Sequence[RepeatOrder]) -> dict[str, list[RepeatOrder]]:
    grouped: dict[str, list[RepeatOrder]] = defaultdict(list)
    for order in orders:
        grouped[order.batch.ref].append(order)
    return grouped
