"""What the buyer does with locks, through a grant: each act once, in time, on the terms that were
seen."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from pricing.locks import LockEvent, LockStatus, next_lock_status, running_deadline, status_at
from pricing.models import Act, ActKind, Grant, Lock, Renegotiation
from pricing.services import lock_endings, triggers
from pricing.signing import Evidence


def hold_locks(grant: Grant) -> dict[UUID, Lock]:
    """Takes the rows of all locks of the subject, by id: acts on some of them and on others can't
    deadlock.

    A caller that reads what depends on a lock before it acts calls this first, and reads one state.
    """
    of_subject = Lock.objects.of(grant.store).filter(subject=grant.subject, buyer=grant.buyer_id)
    held = of_subject.select_related("store").order_by("pk").select_for_update(of=("self",))
    return {lock.pk: lock for lock in held}


def confirm(
    *,
    grant: Grant,
    digests: Mapping[UUID, str],
    kept_stock: Mapping[UUID, Mapping[int, int]],
    evidence: Evidence,
    particulars: Mapping[UUID, Mapping[str, Any]] | None = None,
) -> list[Lock]:
    """Confirms the locks named in `digests` (lock id → the terms digest that the buyer saw): all
    or nothing.

    `kept_stock` (lock id → SKU id → pieces) is what the accepted orders need: it stays reserved
    without an end, the rest is given back, and the past orders are free. `particulars` (lock id →
    plain JSON) is kept with the act. LINK_USED after an earlier act, LOCK_EXPIRED,
    RENEGOTIATION_LAPSED, LOCK_ENDED, TERMS_CHANGED, RENEGOTIATION_REQUIRED when one is
    renegotiated or the market has moved beyond it (a caller opens those by
    `renegotiate_moved_locks` first, in a transaction that it keeps), NOT_FOUND for a lock that is
    not the grant's; then nothing was written.
    """
    locks, now = _hold_checked_locks(grant, digests, LockEvent.CONFIRM)
    if triggers.find_market_moves(locks, now=now):
        raise Problem(Code.RENEGOTIATION_REQUIRED, until="—")
    lock_endings.apply_lock_event(locks, event=LockEvent.CONFIRM, at=now, by=_actor_of_grant(grant))
    lock_endings.release_orders([lock.pk for lock in locks], now)
    lock_endings.keep_stock(locks, kept_stock, now)
    _record_acts(grant, locks, ActKind.CONFIRM, evidence, now, particulars=particulars or {})
    return locks


def decline(
    *, grant: Grant, digests: Mapping[UUID, str], evidence: Evidence, reason: str = ""
) -> list[Lock]:
    """Declines the locks named in `digests`, all or nothing, and gives everything back; raises
    like `confirm`."""
    locks, now = _hold_checked_locks(grant, digests, LockEvent.DECLINE)
    lock_endings.end_locks(locks, event=LockEvent.DECLINE, at=now, by=_actor_of_grant(grant))
    _record_acts(grant, locks, ActKind.DECLINE, evidence, now, reason)
    return locks


def _hold_checked_locks(
    grant: Grant, digests: Mapping[UUID, str], event: LockEvent
) -> tuple[list[Lock], dt.datetime]:
    """The locks asked for, held and found fit, and the instant of that verdict.

    The clock is read once they are held: who waited for a row is judged by the time after it
    (reliability 2).
    """
    held = hold_locks(grant)
    now = clock.now(grant.store)
    if not digests or not digests.keys() <= held.keys():
        raise Problem(Code.NOT_FOUND)
    locks = [lock for pk, lock in held.items() if pk in digests]
    _refuse_a_second_act(grant, locks)
    for lock in locks:
        _check_lock(lock, digests[lock.pk], event, now)
    return locks, now


def renegotiate_moved_locks(grant: Grant, lock_ids: Collection[UUID]) -> list[Renegotiation]:
    """At a confirmation: opens a renegotiation of each named open lock that the market has moved
    beyond (R-51).

    Keep the transaction when any comes back: it says what the buyer has to be told instead of a
    confirmation.
    """
    held = hold_locks(grant)
    now = clock.now(grant.store)
    open_ = [
        held[pk] for pk in lock_ids if pk in held and status_at(held[pk], now) is LockStatus.OPEN
    ]
    return triggers.open_moved(open_, now=now, by=_actor_of_grant(grant))


def refuse_open_remainder(grant: Grant, *, besides: Collection[UUID] = ()) -> None:
    """TERMS_CHANGED, when an answer is done and left a lock open but those named: a form that did
    not name it all is void."""
    of_subject = Lock.objects.of(grant.store).filter(subject=grant.subject, buyer=grant.buyer_id)
    if of_subject.exclude(pk__in=besides).open_at(clock.now(grant.store)).exists():
        raise Problem(Code.TERMS_CHANGED)


def _refuse_a_second_act(grant: Grant, locks: Collection[Lock]) -> None:
    earlier = Act.objects.filter(grant=grant, lock__in=locks).order_by("at").first()
    if earlier:
        raise Problem(Code.LINK_USED, value=earlier.at.isoformat())


def _check_lock(lock: Lock, digest: str, event: LockEvent, now: dt.datetime) -> None:
    if status_at(lock, now) in (LockStatus.EXPIRED, LockStatus.TERMINATED):
        lock_endings.refuse_if_past(lock, now)
    if lock.ended_at is not None:
        raise Problem(Code.LOCK_ENDED, state=lock.status)
    if (
        lock.status != LockStatus.OPEN
    ):  # both sign changed terms, or one declines them: another way leads out
        raise Problem(Code.RENEGOTIATION_REQUIRED, until=running_deadline(lock).isoformat())
    next_lock_status(LockStatus(lock.status), event)
    if lock.terms_digest != digest:
        raise Problem(Code.TERMS_CHANGED)


def _record_acts(
    grant: Grant,
    locks: Collection[Lock],
    kind: ActKind,
    evidence: Evidence,
    now: dt.datetime,
    reason: str = "",
    particulars: Mapping[UUID, Mapping[str, Any]] | None = None,
) -> None:
    Act.objects.bulk_create(
        Act(
            store_id=grant.store_id,
            grant=grant,
            lock=lock,
            kind=kind,
            terms_digest=lock.terms_digest,
            consent_version=evidence.consent_version,
            at=now,
            ip=evidence.ip,
            user_agent=evidence.user_agent[:300],
            reason=reason,
            particulars=(particulars or {}).get(lock.pk, {}),
        )
        for lock in locks
    )


def _actor_of_grant(grant: Grant) -> str:
    return f"grant:{grant.pk}"
