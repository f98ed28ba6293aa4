"""Orders that R-90 touches after their lock are held back: neither confirmed nor released until it is decided.

The rest goes on without them. At the confirmation they stay locked, in a lock of their own; at the release they stay
paid. The buyer reads that the platform is checking them, never which list or name it is about.
"""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from diagnostics import ledger, proofs
from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility import questions
from eligibility.findings import Finding
from eligibility.rechecking import findings_at
from eligibility.rules import Moment
from marketplace import clock, policy
from marketplace.models import Store
from outbox import letters
from pricing import services as pricing
from pricing.models import Grant, Lock, LockTerms, Renegotiation
from pricing.services.splitting import split
from repurchase import copying
from repurchase.lifecycle import OrderStatus
from repurchase.models import Batch, RepeatOrder
from repurchase.queries.changing import locked_entries
from repurchase.queries.held import held_of
from repurchase.queries.pieces import pieces_of
from repurchase.queries.rechecking import facts_of
from repurchase.services import ending, failing, telling

Found = Mapping[int, Sequence[Finding]]  # by order id

CODES = (str(Code.PARTY_SCREENED_OUT), str(Code.EXPORT_CONTROLLED))
WAITING = (OrderStatus.LOCKED, OrderStatus.CONFIRMED, OrderStatus.AWAITING_PAYMENT, OrderStatus.PAID)
LOOKED_AT_AGAIN = dt.timedelta(minutes=10)
"""A list may have changed, or a day have ended on it: what is held is looked at so often, beside each decision."""
ORDERS_A_PASS = 1000

HOLD = """
    UPDATE repurchase_repeatorder o
    SET held_at = %s, codes = o.codes || array(SELECT c FROM unnest(v.codes::varchar[]) c WHERE c <> ALL(o.codes)),
        findings = CASE WHEN o.held_at IS NULL THEN o.findings || v.findings::jsonb ELSE o.findings END
    FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS v(id, codes, findings)
    WHERE o.id = v.id AND o.store_id = %s
"""
LET_GO = """
    UPDATE repurchase_repeatorder o
    SET held_at = NULL, codes = array(SELECT c FROM unnest(o.codes) c WHERE c <> ALL(%s)),
        findings = (SELECT coalesce(jsonb_agg(f), '[]') FROM jsonb_array_elements(o.findings) f
                     WHERE f ->> 'code' <> ALL(%s))
    WHERE o.id = ANY(%s) AND o.store_id = %s
"""


def touched(orders: Sequence[RepeatOrder], *, store: Store, moment: Moment, now: dt.datetime) -> Found:
    """What R-90 has against each of the orders, by the lists of now; a constant number of queries."""
    if not orders:
        return {}
    facts, around = facts_of(orders, store=store, policies=policy.in_force(now), now=now)
    return {order.id: found for order in facts if (found := findings_at(moment, order, around))}


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """`locks`: those of which nothing else would be left; `orders`: by id, those of the others too."""

    locks: Collection[UUID] = frozenset()
    orders: Collection[int] = frozenset()


def hold_back(grant: Grant, lock_ids: Collection[UUID], *, left_out: Collection[str] = ()) -> Held:
    """At a confirmation: what R-90 touches of these locks stays locked, in a lock of its own where others go on.

    The caller holds the locks' rows.
    """
    now = clock.now(grant.store)
    live = Lock.objects.of(grant.store).live_at(now).filter(pk__in=lock_ids, subject=grant.subject)
    locks = {lock.pk: lock for lock in live}
    rows = RepeatOrder.objects.filter(lock__in=locks, status=OrderStatus.LOCKED).exclude(ref__in=left_out)
    orders = list(rows.prefetch_related("batch__buyer").order_by("position"))
    found = touched(orders, store=grant.store, moment=Moment.CONFIRMATION, now=now)
    _keep(grant.store, orders, found, now)
    by_lock: dict[UUID, list[RepeatOrder]] = defaultdict(list)
    for order in orders:
        by_lock[order.lock_id].append(order)
    apart: list[Lock] = []
    whole = {pk for pk, some in by_lock.items() if all(order.pk in found for order in some)}
    for pk, some in by_lock.items():
        held = [order for order in some if order.pk in found]
        if held and pk not in whole:
            apart.append(_apart(locks[pk], held))
    if found:
        by = f"grant:{grant.pk}"
        _record(grant.store_id, grant.subject, "orders.held_back", by, now, orders, found, rows=_rows(apart))
    return Held(locks=whole, orders=frozenset(found))


def waiting_locks(grant: Grant) -> Collection[UUID]:
    """Locks of the grant's plan with orders that are held back: an answer does not have to name them."""
    return held_of(store_id=grant.store_id, subject=grant.subject).keys()


def hold_at_release(store: Store, orders: Sequence[RepeatOrder], *, by: str, at: dt.datetime) -> Found:
    """Which of these paid orders may not be released: they are marked, and stay as they are."""
    found = touched(orders, store=store, moment=Moment.RELEASE, now=at)
    _keep(store, orders, found, at)
    for ref, some in _by_batch([order for order in orders if order.pk in found]).items():
        _record(store.pk, ref, "orders.held_back", by, at, some, found)
    return found


def problem_of(order: RepeatOrder) -> Problem:
    """Why an order is held back."""
    found = next(each for each in order.findings if each["code"] in CODES)
    return Problem(Code(found["code"]), **found["evidence"])


def recheck_held(*, store: Store | None = None, due_only: bool = False) -> int:
    """Lets go what nothing holds back any more, and ends locks of what was stopped; how many were let go."""
    held = RepeatOrder.objects.filter(held_at__isnull=False, status__in=[str(s) for s in WAITING])
    if store:
        held = held.filter(store=store)
    if due_only:
        held = held.filter(held_at__lte=clock.of_row() - LOOKED_AT_AGAIN)
    stores = Store.objects.filter(pk__in=held.order_by().values("store").distinct())
    return sum(_recheck(each, held.filter(store=each)) for each in stores)


@transaction.atomic
def _recheck(store: Store, held: QuerySet[RepeatOrder]) -> int:
    rows = held.select_for_update(of=("self",), skip_locked=True).prefetch_related("batch__buyer")
    orders = list(rows.order_by("held_at", "pk")[:ORDERS_A_PASS])
    now = clock.now(store)
    found = touched(orders, store=store, moment=Moment.RELEASE, now=now)
    _keep(store, orders, found, now)
    free = [order for order in orders if order.pk not in found]
    for ref, some in _by_batch(free).items():
        _record(store.pk, ref, "orders.let_go", "system:compliance", now, some, found)
        _invite_again(store, ref, some, now)
    _end_stopped(store, [order for order in orders if order.pk in found], found, now)
    return len(free)


# --- What is written -----------------------------------------------------------------------------------------


def _keep(store: Store, orders: Sequence[RepeatOrder], found: Found, at: dt.datetime) -> None:
    """Marks those that are found, lets the others go, asks the questions, and keeps the failures (R-72)."""
    free = [order.pk for order in orders if order.pk not in found and order.held_at]
    if not found and not free:
        return
    questions.ask((each for some in found.values() for each in some), at=at)
    if found:
        rows = [
            (
                pk,
                f"{{{','.join(dict.fromkeys(str(f.code) for f in some))}}}",
                copying.json_of(copying.findings_of(some)),
            )
            for pk, some in found.items()
        ]
        copying.update_rows(HOLD, [at, *copying.columns_of(rows), store.pk], expected=len(rows))
    if free:
        with connection.cursor() as cursor:
            cursor.execute(LET_GO, [list(CODES), list(CODES), free, store.pk])
    changed = RepeatOrder.objects.filter(pk__in=[*found, *free])
    failing.note(Batch.objects.filter(pk__in={order.batch_id for order in orders}), changed, at=at)


def _rows(locks: Sequence[Lock]) -> dict[str, dict]:
    """Digests of the rows that `split` made: `verify_ledger` holds them against the tables."""
    return proofs.of(
        Lock.objects.filter(pk__in=[lock.pk for lock in locks]),
        LockTerms.objects.filter(lock__in=locks),
        Renegotiation.objects.filter(lock__in=locks),
    )


def _apart(lock: Lock, held: Sequence[RepeatOrder]) -> Lock:
    refs = {order.ref for order in held}
    entries = [entry for entry in locked_entries(lock) if entry[0] in refs]
    terms = json.dumps(entries, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    pieces = pieces_of([order.pk for order in held])
    made = split(
        lock,
        past_order_ids=[order.past_order_id for order in held],
        stock={sku: n for (_, sku), n in pieces.items()},
        order_count=len(held),
        total_minor=sum(order.total_minor for order in held),
        terms=terms,
    )
    RepeatOrder.objects.filter(pk__in=[order.pk for order in held]).update(lock=made)
    return made


def _end_stopped(store: Store, orders: Sequence[RepeatOrder], found: Found, at: dt.datetime) -> None:
    """Locks that hold nothing but what two people have stopped end here: their goods are free again."""
    stopped = questions.stopped(f for order in orders for f in found[order.pk])
    by_lock: dict[UUID, set[int]] = defaultdict(set)
    for order in orders:
        if order.status == OrderStatus.LOCKED and any(
            questions.key_of(f) in stopped for f in found[order.pk]
        ):
            by_lock[order.lock_id].add(order.pk)
    locks = Lock.objects.live_at(at).filter(pk__in=by_lock).order_by("pk").select_for_update(of=("self",))
    for lock in locks:
        rows = RepeatOrder.objects.filter(lock=lock, status=OrderStatus.LOCKED)
        if lock.status == "open" and set(rows.values_list("pk", flat=True)) == by_lock[lock.pk]:
            pricing.cancel_stopped(lock, at=at, by="system:compliance")
            moved = RepeatOrder.objects.filter(pk__in=by_lock[lock.pk])
            moved.update(status=OrderStatus.CANCELLED, changed_at=at)
            telling.orders(moved, at=at)
            ending.close_finished(store_id=store.pk, refs=[lock.subject], at=at)


def _invite_again(store: Store, ref: str, orders: Sequence[RepeatOrder], at: dt.datetime) -> None:
    """The buyer may confirm what was held back, by the same link, until its lock ends."""
    waiting = [order for order in orders if order.status == OrderStatus.LOCKED]
    grant = Grant.objects.filter(store=store, subject=ref).first()
    if waiting and grant:
        letters.write(
            kind="repurchase.invitation", store_id=store.pk, batch=waiting[0].batch_id, grant=str(grant.pk),
            dedupe=f"let-go:{ref}:{min(order.pk for order in waiting)}:{at.isoformat()}",
        )  # fmt: skip


def _record(
    store_id: int,
    ref: str,
    kind: str,
    by: str,
    at: dt.datetime,
    orders: Sequence[RepeatOrder],
    found: Found,
    **facts: object,
) -> None:
    """Codes and entries, never a name: the party stands in the question."""
    told = [order for order in orders if (order.pk in found) == (kind == "orders.held_back")]
    codes = sorted({str(f.code) for order in told for f in found.get(order.pk, ())})
    entries = sorted(
        {str(f.evidence.get("entry") or f.evidence.get("embargo")) for o in told for f in found.get(o.pk, ())}
    )
    ledger.record(
        store_id=store_id, kind=kind, subject=f"batch:{ref}", by=by, at=at, codes=codes, entries=entries,
        orders=[order.ref for order in told], **facts,
    )  # fmt: skip


def _by_batch(orders: Sequence[RepeatOrder]) -> dict[str, list[RepeatOrder]]:
    grouped: dict[str, list[RepeatOrder]] = defaultdict(list)
    for order in orders:
        grouped[order.batch.ref].append(order)
    return grouped
