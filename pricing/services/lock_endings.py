"""The one place that ends a lock: it lapses (R-49), is terminated (R-55), cancelled, settled, or
settled anew (R-54)."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import OrderClaim, StockClaim, Store
from pricing.locks import (
    EXPIRY_EVENTS,
    LockEvent,
    LockStatus,
    next_lock_status,
    running_deadline,
    status_at,
)
from pricing.models import Act, Lock, Renegotiation
from pricing.services import event_publishing

SWEEP = "system:sweep"
RUNNING_DEADLINE = Coalesce("renegotiation_deadline", "expires_at")
"""`locks.running_deadline` for a query."""


STORES_A_PASS = 1000


def stores_due() -> list[Store]:
    """Stores that have a lock past its end by their own clock, the longest overdue first."""
    due = (
        _due_locks(clock.now(), None)
        .order_by(RUNNING_DEADLINE, "pk")
        .values_list("store_id", flat=True)
    )
    ids = list(dict.fromkeys(due[: STORES_A_PASS * 10]))[:STORES_A_PASS]
    stores = Store.objects.in_bulk(ids)
    return [stores[pk] for pk in ids]


def subjects_due(store: Store, *, at: dt.datetime | None = None, limit: int = 1000) -> list[str]:
    """What the store's due locks belong to, the longest overdue first."""
    due = Lock.objects.of(store).due(at or clock.now(store)).order_by(RUNNING_DEADLINE, "pk")
    return list(dict.fromkeys(due.values_list("subject", flat=True)[:limit]))


@transaction.atomic
def end_due(
    *,
    store: Store | None = None,
    at: dt.datetime | None = None,
    subject: str | None = None,
    limit: int = 100,
) -> list[Lock]:
    """Ends live locks that are past the end that runs, the longest overdue first; their claims are
    released.

    Open ones expire (R-49), those under renegotiation are terminated (R-55); each comes back as it
    is now. Call it in the transaction that moves what the locks held. Several sweepers at once are
    harmless: rows that another one holds are skipped (reliability 4). `subject` takes only its
    locks; `at` judges by another instant, on sandbox stores only (INPUT_INVALID).
    """
    if at is not None and (store is None or not store.sandbox):
        raise Problem(
            Code.INPUT_INVALID, detail=_("Only a sandbox store can be swept at another instant.")
        )
    due = Lock.objects.of(store).due(at) if at and store else _due_locks(clock.now(), store)
    due = due if subject is None else due.filter(subject=subject)
    rows = due.select_related("store").select_for_update(of=("self",), skip_locked=True)
    locks = list(rows.order_by(RUNNING_DEADLINE, "pk")[:limit])
    return end_by_clock(locks, at=at, by=SWEEP)


def end_by_clock(locks: Collection[Lock], *, by: str, at: dt.datetime | None = None) -> list[Lock]:
    """Ends locks whose rows the caller holds and found live and due, each as the clock says."""
    by_clock: dict[tuple[dt.timedelta, LockEvent], list[Lock]] = defaultdict(list)
    for lock in locks:
        by_clock[lock.store.clock_offset, EXPIRY_EVENTS[LockStatus(lock.status)]].append(lock)
    real_now = clock.now() if locks else None
    for (offset, event), some in by_clock.items():
        end_locks(some, event=event, at=at or real_now + offset, by=by)
    return list(locks)


def cancel(*, store: Store, subject: str, by: str) -> list[Lock]:
    """The seller ends a subject's open locks, all of them or none, until the buyer's first act.

    LOCK_EXPIRED at or past the end, LOCK_ENDED when the buyer acted or nothing is open,
    STATE_CONFLICT while one is renegotiated.
    """
    locks = list(Lock.objects.of(store).filter(subject=subject).order_by("pk").select_for_update())
    now = clock.now(store)
    live = [lock for lock in locks if lock.ended_at is None]
    if not live or Act.objects.filter(lock__in=locks).exists():
        raise Problem(Code.LOCK_ENDED, state=locks[0].status if locks else "—")
    for lock in live:
        refuse_if_past(lock, now)
        next_lock_status(LockStatus(lock.status), LockEvent.CANCEL)
    end_locks(live, event=LockEvent.CANCEL, at=now, by=by)
    return live


def cancel_stopped(lock: Lock, *, at: dt.datetime, by: str) -> None:
    """Ends an open lock whose goods may not be sent (R-90); the caller holds its row and moves the
    orders."""
    end_locks([lock], event=LockEvent.CANCEL, at=at, by=by)


def refuse_if_past(lock: Lock, now: dt.datetime) -> None:
    """Half open: the end itself is too late (R-48, R-53). LOCK_EXPIRED, or RENEGOTIATION_LAPSED."""
    if running_deadline(lock) > now:
        return
    code = (
        Code.LOCK_EXPIRED
        if status_at(lock, now) is LockStatus.EXPIRED
        else Code.RENEGOTIATION_LAPSED
    )
    raise Problem(code, value=running_deadline(lock).isoformat())


def hold_renegotiated(renegotiation: Renegotiation) -> tuple[Lock, dt.datetime]:
    """The lock of a renegotiation, its row held, and the instant by which the caller judges and
    records (reliability 2).

    RENEGOTIATION_LAPSED at or past the deadline, LOCK_ENDED when it was settled before. For
    whoever offers, counters, signs or declines: read what depends on the renegotiation only after
    this.
    """
    lock = (
        Lock.objects.select_related("store")
        .select_for_update(of=("self",))
        .get(pk=renegotiation.lock_id)
    )
    now = clock.now(lock.store)
    if status_at(lock, now) is LockStatus.TERMINATED:
        raise Problem(Code.RENEGOTIATION_LAPSED, value=lock.renegotiation_deadline.isoformat())
    if lock.status != LockStatus.RENEGOTIATING:
        raise Problem(Code.LOCK_ENDED, state=lock.status)
    return lock, now


def confirm_renegotiated(
    lock: Lock, *, kept_stock: Mapping[int, int], at: dt.datetime, by: str
) -> Lock:
    """Both have signed: the renegotiated lock is confirmed (R-54). The caller holds it by
    `hold_renegotiated`.

    `at` is the instant of that verdict, `by` whoever signed last; `kept_stock` (SKU id → pieces)
    is what the agreed orders need: it stays reserved without an end, the rest is given back, the
    past orders are free. The lock's terms and total stay as they were locked (R-19); the agreed
    prices are the signed offer's. The caller moves the orders and asks for the seal in the same
    transaction. STATE_CONFLICT when the lock is no longer under renegotiation in time.
    """
    apply_lock_event([lock], event=LockEvent.CONFIRM, at=at, by=by)
    release_orders([lock.pk], at)
    keep_stock([lock], {lock.pk: kept_stock}, at)
    return lock


def decline_renegotiated(lock: Lock, *, at: dt.datetime, by: str) -> Lock:
    """A party declines to renegotiate: the lock ends as declined and gives everything back. As
    `confirm_renegotiated`."""
    end_locks([lock], event=LockEvent.DECLINE, at=at, by=by)
    return lock


def keep_stock(
    locks: Collection[Lock], kept: Mapping[uuid.UUID, Mapping[int, int]], now: dt.datetime
) -> None:
    """Accepted stock stays reserved until it is shipped: a claim without an end (R-10, pitfall
    10)."""
    wanted = {(holder, sku): n for holder, stock in kept.items() for sku, n in stock.items() if n}
    claims = list(
        StockClaim.objects.filter(holder__in=[lock.pk for lock in locks], released_at=None)
    )
    for claim in claims:
        pieces = wanted.pop((claim.holder, claim.sku_id), 0)
        if pieces > claim.quantity:
            raise ValueError(f"{pieces} pieces kept of {claim.quantity} reserved")
        if pieces:
            claim.quantity, claim.until = pieces, None
        else:
            claim.released_at = now
    if wanted:
        raise ValueError(f"kept without being reserved: {wanted}")
    StockClaim.objects.bulk_update(claims, ["quantity", "until", "released_at"], batch_size=500)


def end_locks(locks: Collection[Lock], *, event: LockEvent, at: dt.datetime, by: str) -> None:
    """One guarded statement, then everything that the locks claimed is free again."""
    apply_lock_event(locks, event=event, at=at, by=by)
    holders = [lock.pk for lock in locks]
    release_orders(holders, at)
    StockClaim.objects.filter(holder__in=holders, released_at=None).update(released_at=at)


def apply_lock_event(
    locks: Collection[Lock], *, event: LockEvent, at: dt.datetime, by: str
) -> None:
    """Ends locks from the state that each is in, which the caller found under its row lock: all of
    them or none.

    The guard says again what the row locks already ensure: one outcome a lock, and none at the
    wrong side of its end (reliability 3). STATE_CONFLICT, and nothing may be committed. A
    renegotiation ends with its lock.
    """
    by_status: dict[LockStatus, list[Lock]] = defaultdict(list)
    for lock in locks:
        by_status[LockStatus(lock.status)].append(lock)
    for status, some in by_status.items():
        target = next_lock_status(status, event)
        if _guarded_locks(some, status, event, at).update(**_ending_fields(target, at, by)) != len(
            some
        ):
            raise Problem(Code.STATE_CONFLICT, state="ended", event=str(event))
        if status is LockStatus.RENEGOTIATING:
            Renegotiation.objects.filter(lock__in=some).update(ended_at=at, ended_by=by)
    for lock in locks:
        target = next_lock_status(LockStatus(lock.status), event)
        for name, value in _ending_fields(target, at, by).items():
            setattr(lock, name, value)
    event_publishing.publish_lock_states(locks, at=at)


def _ending_fields(target: LockStatus, at: dt.datetime, by: str) -> dict[str, Any]:
    return {"status": target, "ended_at": at, "ended_by": by, "next_reminder_at": None}


def _guarded_locks(
    locks: Collection[Lock], status: LockStatus, event: LockEvent, at: dt.datetime
) -> QuerySet[Lock]:
    rows = Lock.objects.filter(pk__in=[lock.pk for lock in locks], status=status)
    end = "renegotiation_deadline" if status is LockStatus.RENEGOTIATING else "expires_at"
    side = "lte" if event is EXPIRY_EVENTS[status] else "gt"
    return rows.filter(**{f"{end}__{side}": at})


def release_orders(holders: Collection[uuid.UUID], at: dt.datetime) -> None:
    OrderClaim.objects.filter(holder__in=holders, released_at=None).update(released_at=at)


def _due_locks(real_now: dt.datetime, store: Store | None) -> QuerySet[Lock]:
    """Due by each store's own clock. The furthest offset bounds the walk along the indexes of
    ends."""
    if store is not None:
        return Lock.objects.of(store).due(real_now + store.clock_offset)
    furthest = Store.objects.filter(sandbox=True).aggregate(offset=Max("clock_offset"))["offset"]
    latest = real_now + max(furthest or dt.timedelta(0), dt.timedelta(0))
    its_own = real_now + F("store__clock_offset")
    return Lock.objects.due(latest).filter(
        Q(status=LockStatus.OPEN, expires_at__lte=its_own)
        | Q(status=LockStatus.RENEGOTIATING, renegotiation_deadline__lte=its_own)
    )
