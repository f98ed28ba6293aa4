"""A locked batch whose rate has moved by 3 %, and what both parties may do about it, for tests."""

from decimal import Decimal
from typing import Any

from marketplace import clock
from marketplace.models import FxRate, Store, User
from pricing import signing
from pricing.models import Grant, Lock, Offer, Renegotiation, SigningCode
from pricing.renegotiation import ProposalInput
from pricing.services.renegotiation import current_offer
from pricing.signing import Evidence
from repurchase.confirmation.services import renegotiation, triggers
from repurchase.models import Batch
from tests import world
from tests.repurchase.sealing import planned

EVIDENCE = Evidence(ip="203.0.113.7", user_agent="Browser/1.0")


def renegotiated(
    store: Store, *, orders: int = 5, lines: int = 1, by: str = "user:1", **buyer: Any
) -> Renegotiation:
    """USD/CNY has risen by 3 % since the lock."""
    _, past = world.repeatable(store, orders=orders, lines=lines, **buyer)
    return moved(planned(store, past, by=by))


def moved(batch: Batch) -> Renegotiation:
    frozen = FxRate.objects.get(
        rate_set__in=Lock.objects.filter(subject=batch.ref).values("rate_set"), currency="CNY"
    )
    world.rates(
        published_on=clock.now(batch.store).date(),
        source=f"newer-{batch.pk}",
        CNY=str(frozen.per_euro * Decimal("1.03")),
    )
    triggers.open_renegotiations(store=batch.store)
    return Renegotiation.objects.select_related("lock", "store").get(lock__subject=batch.ref)


def grant(found: Renegotiation) -> Grant:
    return Grant.objects.select_related("store", "buyer").get(subject=found.lock.subject)


def offer(found: Renegotiation, percent: str = "-1.5", *, user: User, **asked: Any) -> Offer:
    return renegotiation.offer(
        renegotiation=found,
        actor=renegotiation.seller_actor(user),
        asked=ProposalInput(**{"rule": "uniform", "percent": percent} | asked),
    )


def counter(found: Renegotiation, percent: str = "-2", **asked: Any) -> Offer:
    return renegotiation.offer(
        renegotiation=found,
        actor=renegotiation.buyer_actor(grant(found)),
        asked=ProposalInput(**{"rule": "uniform", "percent": percent} | asked),
    )


def code(found: Renegotiation, digest: str = "") -> str:
    """Asked for by the buyer, and read from the letter."""
    standing = current_offer(found)
    renegotiation.send_code(
        renegotiation=found, grant=grant(found), digest=digest or standing.digest, consent=True
    )
    return signing.code_of(SigningCode.objects.order_by("-asked_at").first())


def sign_as_seller(found: Renegotiation, user: User, **changes: Any) -> bool:
    asked = {
        "digest": current_offer(found).digest,
        "name": "Alice Chen",
        "consent": True,
        "evidence": EVIDENCE,
    }
    return renegotiation.sign_by_member(renegotiation=found, user=user, **asked | changes)


def sign_as_buyer(found: Renegotiation, **changes: Any) -> bool:
    asked = {
        "digest": current_offer(found).digest,
        "name": "Bea Buyer",
        "consent": True,
        "evidence": EVIDENCE,
    }
    if "code" not in changes:
        changes["code"] = code(found, changes.get("digest", ""))
    return renegotiation.sign_by_link(renegotiation=found, grant=grant(found), **asked | changes)


def agreed(store: Store, user: User, percent: str = "-1.5", **fields: Any) -> Renegotiation:
    found = renegotiated(store, by=f"user:{user.pk}", **fields)
    offer(found, percent, user=user)
    sign_as_seller(found, user)
    assert sign_as_buyer(found)
    return found
