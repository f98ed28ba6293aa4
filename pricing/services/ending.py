"""Locks that end without the buyer: they lapse (R-49), or the seller cancels."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import OrderClaim, StockClaim, Store
from pricing.locks import Event, LockStatus, advance
from pricing.models import Act, Lock
from pricing.services import telling

SWEEP = "system:sweep"


@transaction.atomic
def end_due(*, store: Store | None = None, at: dt.datetime | None = None, limit: int = 1000) -> list[Lock]:
    """Expires open locks that are past their end, the longest overdue first; their claims are released.

    Call it in the transaction that moves what the locks held; the locks come back as they are now.
    Several sweepers at once are harmless: rows that another one holds are skipped (reliability 4).
    `at` judges by another instant, on sandbox stores only (INPUT_INVALID).
    """
    if at is not None and (store is None or not store.sandbox):
        raise Problem(Code.INPUT_INVALID, detail=_("Only a sandbox store can be swept at another instant."))
    real_now = clock.now()
    due = _due_at(at, store) if at else _due(real_now, store)
    rows = due.select_related("store").select_for_update(of=("self",), skip_locked=True)
    locks = list(rows.order_by("expires_at", "pk")[:limit])
    return expire(locks, at=at, by=SWEEP)


def expire(locks: Collection[Lock], *, by: str, at: dt.datetime | None = None) -> list[Lock]:
    """Ends locks whose rows the caller holds and found open and due."""
    by_offset: dict[dt.timedelta, list[Lock]] = defaultdict(list)
    for lock in locks:
        by_offset[lock.store.clock_offset].append(lock)
    real_now = clock.now() if locks else None
    for offset, of_offset in by_offset.items():
        end(of_offset, event=Event.EXPIRE, at=at or real_now + offset, by=by)
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
        advance(LockStatus(lock.status), Event.CANCEL)
        refuse_if_past(lock, now)
    end(live, event=Event.CANCEL, at=now, by=by)
    return live


def refuse_if_past(lock: Lock, now: dt.datetime) -> None:
    """Half open: the end itself is too late (R-48)."""
    if lock.expires_at <= now:
        raise Problem(Code.LOCK_EXPIRED, value=lock.expires_at.isoformat())


def end(locks: Collection[Lock], *, event: Event, at: dt.datetime, by: str) -> None:
    """One guarded statement, then everything that the locks claimed is free again."""
    move(locks, event=event, at=at, by=by)
    holders = [lock.pk for lock in locks]
    release_orders(holders, at)
    StockClaim.objects.filter(holder__in=holders, released_at=None).update(released_at=at)


def move(locks: Collection[Lock], *, event: Event, at: dt.datetime, by: str) -> None:
    """From open to where the event leads; only rows that are still open, and all of them or none.

    The guard says again what the row locks already ensure: one outcome a lock (reliability 3).
    """
    target = advance(LockStatus.OPEN, event)
    rows = Lock.objects.filter(pk__in=[lock.pk for lock in locks], status=LockStatus.OPEN)
    in_time = rows.filter(expires_at__lte=at) if event is Event.EXPIRE else rows.filter(expires_at__gt=at)
    if in_time.update(status=target, ended_at=at, ended_by=by) != len(locks):
        raise Problem(Code.STATE_CONFLICT, state="ended", event=str(event))
    for lock in locks:
        lock.status, lock.ended_at, lock.ended_by = target, at, by
    telling.tell(locks, at=at)


def release_orders(holders: Collection[uuid.UUID], at: dt.datetime) -> None:
    OrderClaim.objects.filter(holder__in=holders, released_at=None).update(released_at=at)


def _due_at(at: dt.datetime, store: Store | None):
    return Lock.objects.due(at).filter(store=store)


def _due(real_now: dt.datetime, store: Store | None):
    """Due by each store's own clock. The furthest offset bounds the walk along the index of ends."""
    if store is not None:
        return Lock.objects.due(real_now + store.clock_offset).filter(store=store)
    furthest = Store.objects.filter(sandbox=True).aggregate(offset=Max("clock_offset"))["offset"]
    latest = real_now + max(furthest or dt.timedelta(0), dt.timedelta(0))
    return Lock.objects.due(latest).filter(expires_at__lte=real_now + F("store__clock_offset"))
