"""Versions of an offer, remarks, approvals, codes and signatures of a renegotiated lock (R-52 to
R-54).

Every verb but `try_code` runs in the caller's transaction, after `ending.hold_renegotiated` has
taken the lock's row: one renegotiation is one queue, and `at` is the instant by which everything
in it is judged and recorded (reliability 2).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import api_keys, clock
from outbox import events
from pricing.agreements import digest_of
from pricing.models import (
    Approval,
    Offer,
    OfferTerms,
    Remark,
    Renegotiation,
    Signature,
    SigningCode,
)
from pricing.renegotiation import Proposal, Side, SideSignature, agreed_at, format_percent
from pricing.signing import CODE_LIFE, CODE_TRIES, PRICE_CHANGE, Evidence, is_signing_code

OFFERS_MAX = 50
COMMENTS_MAX = 200
"""Of one side in one renegotiation: four hours are not enough for more, and who loops stops only
themselves."""
CODE_PAUSE = dt.timedelta(seconds=30)
CODES_AN_HOUR = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who acts for a side: "user:7", or the grant whose link was used."""

    side: Side
    by: str


def newest_draft(renegotiation: Renegotiation) -> Offer | None:
    """The newest version, seen by the seller even before it is approved."""
    return renegotiation.offers.order_by("-version").first()


def current_offer(renegotiation: Renegotiation) -> Offer | None:
    """The version that stands between the parties: the newest that both see."""
    return renegotiation.offers.standing().order_by("-version").first()


def refuse_stale(renegotiation: Renegotiation, digest: str) -> Offer:
    """TERMS_CHANGED unless `digest` is that of the version that stands."""
    offer = current_offer(renegotiation)
    if offer is None or offer.digest != digest:
        raise Problem(Code.TERMS_CHANGED)
    return offer


def propose(
    *,
    renegotiation: Renegotiation,
    version: int,
    actor: Actor,
    proposal: Proposal,
    beyond_band: bool,
    money: Mapping[str, int],
    text: bytes,
    note: str,
    at: dt.datetime,
) -> Offer:
    """Another version. `money`: goods, freight, tax and total of the lot, minor units; `text`: the
    exact terms."""
    if renegotiation.offers.filter(side=actor.side).count() >= OFFERS_MAX:
        raise Problem(Code.TOO_MANY_REQUESTS, value=OFFERS_MAX)
    offer = Offer.objects.create(
        store_id=renegotiation.store_id,
        renegotiation=renegotiation,
        version=version,
        side=actor.side,
        by=actor.by,
        at=at,
        rule=proposal.rule,
        said=proposal.said(),
        note=note,
        beyond_band=beyond_band,
        digest=digest_of(text),
        **{f"{name}_minor": minor for name, minor in money.items()},
    )
    OfferTerms.objects.create(offer=offer, store_id=renegotiation.store_id, text=text)
    publish_offer_state(renegotiation, "made", at, version=version, side=str(actor.side))
    return offer


def remark(
    *, renegotiation: Renegotiation, actor: Actor, kind: str, text: str, at: dt.datetime
) -> Remark:
    """A comment, or the reason of a decline. It may be said after the end as well. INPUT_INVALID
    for an empty comment."""
    words = text.replace("\x00", "").strip()[:1000]
    if kind == "comment":
        _refuse_comment(renegotiation, actor.side, words)
    said = Remark.objects.create(
        store_id=renegotiation.store_id,
        renegotiation=renegotiation,
        side=actor.side,
        by=actor.by,
        at=at,
        kind=kind,
        text=words,
    )
    publish_offer_state(renegotiation, "remarked", at, side=str(actor.side))
    return said


def _refuse_comment(renegotiation: Renegotiation, side: Side, words: str) -> None:
    if not words:
        raise Problem(Code.INPUT_INVALID, detail="text")
    if renegotiation.remarks.filter(side=side).count() >= COMMENTS_MAX:
        raise Problem(Code.TOO_MANY_REQUESTS, value=COMMENTS_MAX)


def approve(*, offer: Offer, by: str, band: Decimal, at: dt.datetime) -> Approval:
    """A second member of the store (R-47). STATE_CONFLICT for what needs none or has one;
    SECOND_APPROVER_MISSING for who made it or has signed it."""
    if not offer.beyond_band or Approval.objects.filter(offer=offer).exists():
        raise Problem(Code.STATE_CONFLICT, state="approved", event="approve")
    made_or_signed = [offer.by, *offer.signatures.values_list("by", flat=True)]
    if any(api_keys.is_same_person(by, each) for each in made_or_signed):
        raise Problem(Code.SECOND_APPROVER_MISSING, limit=format_percent(band))
    made = Approval.objects.create(offer=offer, store_id=offer.store_id, by=by, at=at)
    publish_offer_state(offer.renegotiation, "approved", at, version=offer.version)
    return made


def ask_code(*, offer: Offer, actor: Actor, at: dt.datetime) -> SigningCode:
    """A new code, which voids the ones before. TOO_MANY_REQUESTS within 30 s of the last, and
    beyond six an hour."""
    _refuse_signed(offer, actor.side)
    of_side = SigningCode.objects.filter(
        offer__renegotiation=offer.renegotiation_id, side=actor.side
    )
    recent = list(of_side.filter(asked_at__gt=at - dt.timedelta(hours=1)).order_by("-asked_at"))
    if recent and at - recent[0].asked_at < CODE_PAUSE:
        raise Problem(
            Code.TOO_MANY_REQUESTS, value=(CODE_PAUSE - (at - recent[0].asked_at)).seconds + 1
        )
    if len(recent) >= CODES_AN_HOUR:
        raise Problem(Code.TOO_MANY_REQUESTS, value=3600 - (at - recent[-1].asked_at).seconds)
    return SigningCode.objects.create(
        store_id=offer.store_id,
        offer=offer,
        side=actor.side,
        by=actor.by,
        digest=offer.digest,
        asked_at=at,
        expires_at=at + CODE_LIFE,
    )


def live_code(offer: Offer, side: Side, at: dt.datetime) -> SigningCode | None:
    """The newest code, if it can still be used."""
    newest = SigningCode.objects.filter(offer=offer, side=side).order_by("-asked_at").first()
    usable = (
        newest and newest.used_at is None and newest.tries < CODE_TRIES and at < newest.expires_at
    )
    return newest if usable else None


def try_code(*, renegotiation: Renegotiation, side: Side, digest: str, typed: str) -> None:
    """Counts a wrong code where no later failure can undo it: in a transaction of its own, one
    guess at a time.

    TERMS_CHANGED, OFFER_SIGNED, SIGNING_CODE_EXPIRED, SIGNING_CODE_SPENT, SIGNING_CODE_WRONG with
    the tries `left`.
    """
    offer = refuse_stale(renegotiation, digest)
    _refuse_signed(offer, side)
    left = _count_wrong_code(offer, side, typed)
    if left is not None:
        code = Code.SIGNING_CODE_WRONG if left else Code.SIGNING_CODE_SPENT
        raise Problem(code, left=left, limit=CODE_TRIES)


@transaction.atomic
def _count_wrong_code(offer: Offer, side: Side, typed: str) -> int | None:
    """None when it is right, else how many tries are left."""
    code = _held_code(offer, side, clock.now(offer.store))
    if is_signing_code(code, typed):
        return None
    SigningCode.objects.filter(pk=code.pk).update(tries=F("tries") + 1)
    return CODE_TRIES - code.tries - 1


def _held_code(offer: Offer, side: Side, at: dt.datetime) -> SigningCode:
    codes = SigningCode.objects.filter(offer=offer, side=side).select_for_update()
    code = codes.order_by("-asked_at").first()
    if (
        code is None
        or code.used_at is not None
        or code.expires_at <= at
        or code.digest != offer.digest
    ):
        raise Problem(Code.SIGNING_CODE_EXPIRED)
    if code.tries >= CODE_TRIES:
        raise Problem(Code.SIGNING_CODE_SPENT, limit=CODE_TRIES)
    return code


def use_code(*, offer: Offer, side: Side, typed: str, at: dt.datetime) -> None:
    """Spends the code for the signature that the same transaction makes. Raises as `try_code`."""
    _refuse_signed(offer, side)
    code = _held_code(offer, side, at)
    if not is_signing_code(code, typed):
        raise Problem(Code.SIGNING_CODE_WRONG, left=CODE_TRIES - code.tries)
    SigningCode.objects.filter(pk=code.pk).update(used_at=at)


def sign(
    *,
    offer: Offer,
    actor: Actor,
    name: str,
    how: str,
    evidence: Evidence,
    band: Decimal,
    at: dt.datetime,
    particulars: Mapping[str, Any] | None = None,
) -> Signature:
    """One side's signature of these very terms; `band` is the share that one member alone may go.
    OFFER_SIGNED, APPROVAL_MISSING, INPUT_INVALID without a name. `particulars` (plain JSON) is
    kept with it, as with an act."""
    typed = " ".join(name.replace("\x00", "").split())
    if not 2 <= len(typed) <= 120:
        raise Problem(Code.INPUT_INVALID, detail="name")
    _refuse_signed(offer, actor.side)
    if actor.side is Side.SELLER:
        _refuse_unapproved(offer, actor.by, band)
    made = Signature.objects.create(
        store_id=offer.store_id,
        offer=offer,
        side=actor.side,
        by=actor.by,
        name=typed,
        at=at,
        digest=offer.digest,
        consent_version=PRICE_CHANGE,
        how=how,
        ip=evidence.ip,
        user_agent=evidence.user_agent[:300],
        particulars=particulars or {},
    )
    publish_offer_state(
        offer.renegotiation, "signed", at, version=offer.version, side=str(actor.side)
    )
    return made


def is_agreed(offer: Offer, deadline_at: dt.datetime) -> bool:
    """Both sides' signatures stand for exactly these terms, in time. The database asks the same
    (`agreed_anew`)."""
    signed = [
        SideSignature(side=Side(s.side), digest=s.digest, at=s.at) for s in offer.signatures.all()
    ]
    return agreed_at(offer.digest, signed, deadline_at=deadline_at) is not None


def _refuse_signed(offer: Offer, side: Side) -> None:
    earlier = Signature.objects.filter(offer=offer, side=side).first()
    if earlier:
        raise Problem(Code.OFFER_SIGNED, value=earlier.at.isoformat())


def _refuse_unapproved(offer: Offer, by: str, band: Decimal) -> None:
    """Beyond the band two members act: one who approves, one who signs (R-47)."""
    if not offer.beyond_band:
        return
    approval = Approval.objects.filter(offer=offer).first()
    if approval is None:
        raise Problem(Code.APPROVAL_MISSING, limit=format_percent(band))
    if api_keys.is_same_person(approval.by, by) and offer.side == Side.BUYER:
        raise Problem(Code.SECOND_APPROVER_MISSING, limit=format_percent(band))


def publish_offer_state(
    renegotiation: Renegotiation, state: str, at: dt.datetime, **data: object
) -> None:
    """On the store's stream: pages that show the renegotiation follow it."""
    events.publish(
        store_id=renegotiation.store_id,
        type=f"offer.{state}",
        subject=f"renegotiation:{renegotiation.pk}",
        at=at,
        batch=renegotiation.lock.subject,
        **data,
    )
