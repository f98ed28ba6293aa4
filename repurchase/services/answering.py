"""The buyer's side, by the link in the letter: reading is harmless, each act is single-use (reliability 8)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from outbox import letters
from pricing import services as pricing
from pricing import signing
from pricing.agreements import Kind
from pricing.models import Grant, Lock
from pricing.services import sealing
from repurchase.lifecycle import OrderStatus, sources
from repurchase.models import LineOutcome, RepeatLine, RepeatOrder
from repurchase.services import ending


@transaction.atomic
def accept(
    *,
    token: str,
    digests: Mapping[UUID, str],
    left_out: Sequence[str],
    consent: bool,
    ip: str | None,
    user_agent: str,
) -> None:
    """Confirms the locked price of every order but those left out, by their references.

    Raises LINK_INVALID, CONSENT_MISSING, INPUT_INVALID, LINK_USED, LOCK_EXPIRED, LOCK_ENDED, TERMS_CHANGED;
    then nothing is written.
    """
    grant = signing.grant_of(token)
    if not consent:
        raise Problem(Code.CONSENT_MISSING)
    evidence = signing.Evidence(ip=ip, user_agent=user_agent)
    orders = _orders(digests, left_out, grant)
    dropped_refs = set(left_out)
    kept = {lock_id: [o for o in orders[lock_id] if o.ref not in dropped_refs] for lock_id in digests}
    confirmed = {lock_id: digest for lock_id, digest in digests.items() if kept[lock_id]}
    dropped = {lock_id: digest for lock_id, digest in digests.items() if not kept[lock_id]}
    if not confirmed:
        raise Problem(Code.INPUT_INVALID, detail="every order is left out; decline instead")
    locks = pricing.confirm(
        grant=grant,
        digests=confirmed,
        kept_stock={lock_id: _pieces(kept[lock_id]) for lock_id in confirmed},
        evidence=evidence,
    )
    if dropped:
        locks += pricing.decline(grant=grant, digests=dropped, evidence=evidence)
    pricing.refuse_a_rest(grant)
    accepted = [order.pk for some in kept.values() for order in some]
    _move(locks, accepted)
    sealing.ask(
        store_id=grant.store_id, kind=Kind.CONFIRMATION, subject=grant.subject, occasion=min(confirmed),
        at=locks[0].ended_at,
    )  # fmt: skip
    _record(grant, locks, "buyer.confirmed", orders=len(accepted), left_out=sorted(left_out))


@transaction.atomic
def decline(
    *, token: str, digests: Mapping[UUID, str], reason: str = "", ip: str | None, user_agent: str
) -> None:
    """Declines every open lot. The reason reaches the seller; the ledger keeps that there was one."""
    grant = signing.grant_of(token)
    evidence = signing.Evidence(ip=ip, user_agent=user_agent)
    words = reason.replace("\x00", "").strip()[:1000]
    locks = pricing.decline(grant=grant, digests=digests, evidence=evidence, reason=words)
    pricing.refuse_a_rest(grant)
    _move(locks, [])
    _record(grant, locks, "buyer.declined", orders=0, reason_given=bool(words))


def _orders(
    digests: Mapping[UUID, str], left_out: Sequence[str], grant: Grant
) -> dict[UUID, list[RepeatOrder]]:
    orders: dict[UUID, list[RepeatOrder]] = {lock_id: [] for lock_id in digests}
    mine = RepeatOrder.objects.filter(store=grant.store_id, lock__in=digests, lock__subject=grant.subject)
    for order in mine.order_by("position"):
        orders[order.lock_id].append(order)
    known = {order.ref for some in orders.values() for order in some}
    if unknown := [ref for ref in left_out if ref not in known]:
        raise Problem(Code.INPUT_INVALID, detail=f"left_out: {', '.join(unknown[:20])}")
    return orders


def _pieces(orders: Sequence[RepeatOrder]) -> Counter[int]:
    pieces: Counter[int] = Counter()
    lines = RepeatLine.objects.filter(order__in=orders, outcome=LineOutcome.PLANNED)
    for sku_id, quantity in lines.values_list("sku_id", "quantity"):
        pieces[sku_id] += quantity
    return pieces


def _move(locks: Sequence[Lock], accepted: Sequence[int]) -> None:
    at = locks[0].ended_at
    locked = RepeatOrder.objects.filter(lock__in=locks, status=OrderStatus.LOCKED)
    locked.filter(pk__in=accepted).update(status=OrderStatus.CONFIRMED, changed_at=at)
    RepeatOrder.objects.filter(lock__in=locks, status__in=sources(OrderStatus.DECLINED)).update(
        status=OrderStatus.DECLINED, changed_at=at
    )


def _record(grant: Grant, locks: Sequence[Lock], kind: str, **facts: object) -> None:
    at = locks[0].ended_at
    ending.close_finished(store_id=grant.store_id, ref=grant.subject, at=at)
    for side in ("seller", "buyer"):
        letters.write(
            kind=f"repurchase.answered_{side}",
            store_id=grant.store_id,
            dedupe=f"answered:{side}:{locks[0].pk}",
            grant=str(grant.pk),
        )
    ledger.record(
        store_id=grant.store_id, kind=kind, subject=f"batch:{grant.subject}", by=f"grant:{grant.pk}", at=at,
        consent_version=signing.CONSENT_VERSION,
        locks={str(lock.pk): {"status": lock.status, "terms_digest": lock.terms_digest} for lock in locks},
        **facts,
    )  # fmt: skip
