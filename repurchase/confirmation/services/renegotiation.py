"""Both sides of a renegotiation: offers, remarks, approval, signatures, the decline, a fresh quote
(R-52 to R-56).

Each act takes the lock's row first and then reads the clock (reliability 2); what is signed is
named by its digest, so that a version that came meanwhile makes it void (TERMS_CHANGED).
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db import transaction

from diagnostics import ledger, proofs
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import api_keys, clock
from marketplace.access import ROLE_CAPABILITIES, Capability
from marketplace.models import Membership, User
from outbox import emails
from pricing import services as pricing
from pricing.agreements import AgreementKind, digest_of
from pricing.models import (
    Approval,
    Grant,
    Lock,
    Offer,
    OfferTerms,
    Remark,
    Renegotiation,
    Signature,
)
from pricing.renegotiation import ProposalInput, Side, format_percent, is_beyond_band
from pricing.services import agreement_sealing
from pricing.services import renegotiation as acts
from pricing.services.renegotiation import Actor
from pricing.signing import Evidence
from repurchase.batches.services import batches, compliance_holds, event_publishing, order_closing
from repurchase.confirmation.queries.offer_amounts import (
    LotOrders,
    PricedProposal,
    canonical_offer_terms,
    load_lot_orders,
    price_proposal,
)
from repurchase.confirmation.queries.order_totals import (
    EMPTY_SELECTION,
    BuyerSelection,
    SelectionTotals,
    services_asked_for_lot,
    total_offered_selection,
)
from repurchase.confirmation.queries.renegotiation_page import signed_selection
from repurchase.confirmation.services import buyer_response
from repurchase.confirmation.services.agreed_prices import confirm_at_agreed_prices
from repurchase.fulfilment.services import proforma_invoices
from repurchase.models import Batch, RepeatOrder
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus, source_states

LIVE_QUOTES = (BatchStatus.SCREENING, BatchStatus.PLANNED, BatchStatus.LOCKED)


def seller_actor(user: User) -> Actor:
    return Actor(side=Side.SELLER, by=f"user:{user.pk}")


def buyer_actor(grant: Grant) -> Actor:
    return Actor(side=Side.BUYER, by=f"grant:{grant.pk}")


@transaction.atomic
def offer(
    *, renegotiation: Renegotiation, actor: Actor, asked: ProposalInput, note: str = ""
) -> Offer:
    """Another version, of either side; signatures of earlier ones count no more.

    Raises RENEGOTIATION_LAPSED, LOCK_ENDED, INPUT_INVALID, TOO_MANY_REQUESTS;
    SECOND_APPROVER_MISSING when the seller's only member who may sign goes beyond the band.
    """
    lock, now = pricing.hold_renegotiated(renegotiation)
    lot = load_lot_orders(lock)
    proposal = asked.proposal(lot.skus)
    band = approval_band(lot.batch)
    wide = is_beyond_band(proposal, lot.lines, lock.currency, band=band)
    if wide and actor.side is Side.SELLER and not list_other_approvers(lock.store_id, actor.by):
        raise Problem(Code.SECOND_APPROVER_MISSING, limit=format_percent(band))
    worked = price_proposal(lot, proposal)
    if not all(worked.totals[line.id] or not line.minor for line in lot.lines):
        raise Problem(Code.INPUT_INVALID, detail="price: 0")
    newest = acts.newest_draft(renegotiation)
    version = (newest.version if newest else 0) + 1
    made = acts.propose(
        renegotiation=renegotiation,
        version=version,
        actor=actor,
        proposal=proposal,
        beyond_band=wide,
        money=worked.money,
        note=note.replace("\x00", "").strip()[:1000],
        at=now,
        text=canonical_offer_terms(
            renegotiation, lot, worked, version=version, side=str(actor.side), proposal=proposal
        ),
    )
    if wide and actor.side is Side.SELLER:
        _enqueue_renegotiation_email(
            "approval_wanted", made.renegotiation, f"{made.pk}", offer=str(made.pk)
        )
    else:
        _enqueue_offer_email(made)
    _record_ledger_entry(
        made,
        "offer.made",
        actor.by,
        now,
        version=version,
        side=str(actor.side),
        proposal=proposal.said(),
        terms_digest=made.digest,
        beyond_band=wide,
        total_minor=made.total_minor,
        rows=proofs.digest_rows(
            Offer.objects.filter(pk=made.pk), OfferTerms.objects.filter(offer=made)
        ),
    )
    return made


@transaction.atomic
def approve(*, renegotiation: Renegotiation, digest: str, by: str) -> None:
    """A second member agrees to prices beyond the band (R-47); a seller's offer then reaches the
    buyer."""
    lock, now = pricing.hold_renegotiated(renegotiation)
    newest = acts.newest_draft(renegotiation)
    if newest is None or newest.digest != digest:
        raise Problem(Code.TERMS_CHANGED)
    acts.approve(offer=newest, by=by, band=approval_band(_batch_of_lock(lock)), at=now)
    if newest.side == Side.SELLER:
        _enqueue_offer_email(newest)
    _record_ledger_entry(
        newest,
        "offer.approved",
        by,
        now,
        version=newest.version,
        terms_digest=newest.digest,
        rows=proofs.digest_rows(Approval.objects.filter(offer=newest)),
    )


@transaction.atomic
def remark(*, renegotiation: Renegotiation, actor: Actor, text: str) -> None:
    """Before the deadline and after it: whoever has not agreed may still talk."""
    lock = (
        Lock.objects.select_related("store")
        .select_for_update(of=("self",))
        .get(pk=renegotiation.lock_id)
    )
    now = clock.now(lock.store)
    said = acts.remark(renegotiation=renegotiation, actor=actor, kind="comment", text=text, at=now)
    _enqueue_renegotiation_email(
        f"remark_{_opposite_side(actor.side)}", renegotiation, f"{said.pk}", remark=said.pk
    )
    ledger.record(
        store_id=lock.store_id,
        kind="renegotiation.remarked",
        subject=f"batch:{lock.subject}",
        by=actor.by,
        at=now,
        renegotiation=str(renegotiation.pk),
        rows=proofs.digest_rows(Remark.objects.filter(pk=said.pk)),
    )


@transaction.atomic
def decline(*, renegotiation: Renegotiation, actor: Actor, reason: str = "") -> None:
    """Ends the lot's orders as declined (R-55); the other party gets the reason. Raises as
    `offer`."""
    lock, now = pricing.hold_renegotiated(renegotiation)
    said = acts.remark(
        renegotiation=renegotiation, actor=actor, kind="decline", text=reason, at=now
    )
    pricing.decline_renegotiated(lock, at=now, by=actor.by)
    moved = RepeatOrder.objects.filter(lock=lock, status__in=source_states(OrderStatus.DECLINED))
    n = moved.update(status=OrderStatus.DECLINED, changed_at=now)
    event_publishing.publish_orders(RepeatOrder.objects.filter(lock=lock, changed_at=now), at=now)
    order_closing.close_finished(store_id=lock.store_id, refs=[lock.subject], at=now)
    for side in Side:
        _enqueue_renegotiation_email(f"renegotiation_declined_{side}", renegotiation, "")
    ledger.record(
        store_id=lock.store_id,
        kind="renegotiation.declined",
        subject=f"batch:{lock.subject}",
        by=actor.by,
        at=now,
        lock=str(lock.pk),
        renegotiation=str(renegotiation.pk),
        orders=n,
        reason_given=bool(reason.strip()),
        rows=proofs.digest_rows(Remark.objects.filter(pk=said.pk)),
    )


@transaction.atomic
def send_code(*, renegotiation: Renegotiation, grant: Grant, digest: str, consent: bool) -> None:
    """A one-time code to the buyer's address, for exactly these terms. CONSENT_MISSING,
    TERMS_CHANGED, OFFER_SIGNED, TOO_MANY_REQUESTS."""
    if not consent:
        raise Problem(Code.CONSENT_MISSING)
    lock, now = pricing.hold_renegotiated(renegotiation)
    standing = acts.refuse_stale(renegotiation, digest)
    code = acts.ask_code(offer=standing, actor=buyer_actor(grant), at=now)
    emails.write(
        kind="repurchase.signing_code",
        store_id=lock.store_id,
        dedupe=f"signing_code:{code.pk}",
        code=str(code.pk),
        grant=str(grant.pk),
    )
    _record_ledger_entry(
        standing, "code.sent", f"grant:{grant.pk}", now, terms_digest=digest, code=str(code.pk)
    )


def sign_by_link(
    *,
    renegotiation: Renegotiation,
    grant: Grant,
    digest: str,
    code: str,
    name: str,
    consent: bool,
    evidence: Evidence,
    ticks: BuyerSelection = EMPTY_SELECTION,
    shown: str = "",
) -> bool:
    """The buyer's signature: tick, code, name, press. True when with it both have signed.

    A customised service that isn't ticked takes its lines along (R-15). Where any is asked,
    `shown` is the digest of the totals that the buyer saw: TERMS_CHANGED with `ticks` when these
    ticks come to others. A wrong code is counted before anything else can fail, and stays counted.
    Beside what `send_code` raises: SIGNING_CODE_WRONG, SIGNING_CODE_EXPIRED, SIGNING_CODE_SPENT,
    INPUT_INVALID, RENEGOTIATION_LAPSED, LOCK_ENDED.
    """
    if not consent:
        raise Problem(Code.CONSENT_MISSING)
    acts.try_code(renegotiation=renegotiation, side=Side.BUYER, digest=digest, typed=code)
    return _record_signature(
        renegotiation=renegotiation,
        actor=buyer_actor(grant),
        digest=digest,
        name=name,
        evidence=evidence,
        code=code,
        answer=(ticks, shown),
    )


def sign_by_member(
    *,
    renegotiation: Renegotiation,
    user: User,
    digest: str,
    name: str,
    consent: bool,
    evidence: Evidence,
) -> bool:
    """The seller's signature, by a member whose password the caller has just checked. As
    `sign_by_link`; APPROVAL_MISSING."""
    if not consent:
        raise Problem(Code.CONSENT_MISSING)
    return _record_signature(
        renegotiation=renegotiation,
        actor=seller_actor(user),
        digest=digest,
        name=name,
        evidence=evidence,
        code=None,
    )


def _record_signature(
    *,
    renegotiation: Renegotiation,
    actor: Actor,
    answer: tuple[BuyerSelection, str] | None = None,
    **signature: Any,
) -> bool:
    """ORDERS_UNDER_CHECK, and nothing is signed, when R-90 holds back every order that this
    signature would confirm."""
    with transaction.atomic():
        lock, now = pricing.hold_renegotiated(renegotiation)
        standing = acts.refuse_stale(renegotiation, signature["digest"])
        weighed = (
            _buyer_selection_totals(lock, standing, *answer) if answer else SelectionTotals()
        )  # of the lot as it was shown
        settling = _prepare_settlement(lock, standing, actor)
        waits = settling is not None and not settling.lot.orders
        signed = not waits and _store_signature(
            lock, standing, actor, weighed, settling, at=now, **signature
        )
        if settling:
            compliance_holds.record(settling.held)
    if waits:
        raise Problem(Code.ORDERS_UNDER_CHECK, value=len(settling.held.orders))
    return signed


@dataclass(frozen=True, kw_only=True, slots=True)
class LotSettlement:
    """What a second signature confirms: the lot without the orders that are held back, at the
    signed prices."""

    lot: LotOrders
    worked: PricedProposal
    held: compliance_holds.HeldOrders


def _prepare_settlement(lock: Lock, standing: Offer, actor: Actor) -> LotSettlement | None:
    """None for a first signature. What is held back gets a lock of its own, under the same
    renegotiation."""
    if not standing.signatures.exclude(side=actor.side).exists():
        return None
    lot = load_lot_orders(lock)
    worked = price_proposal(lot, standing.proposal)
    if worked.money != standing.money:
        raise ValueError(f"offer {standing.pk} comes to {worked.money} now")
    grant = Grant.objects.select_related("store").get(
        store=lock.store_id, subject=lock.subject, buyer=lock.buyer_id
    )
    held = compliance_holds.hold_at_confirmation(grant, [lock.pk])
    kept = {pk: order for pk, order in lot.orders.items() if pk not in held.orders}
    lines = [line for line in lot.lines if line.order in kept]
    priced = {pk: worked.priced[pk] for pk in kept}
    totals = {line.id: worked.totals[line.id] for line in lines}
    return LotSettlement(
        lot=replace(lot, orders=kept, lines=lines),
        worked=replace(worked, priced=priced, totals=totals),
        held=held,
    )


def _store_signature(
    lock: Lock,
    standing: Offer,
    actor: Actor,
    weighed: SelectionTotals,
    settling: LotSettlement | None,
    *,
    at: dt.datetime,
    digest: str,
    name: str,
    evidence: Evidence,
    code: str | None,
) -> bool:
    now, renegotiation = at, standing.renegotiation
    if code is not None:
        acts.use_code(offer=standing, side=actor.side, typed=code, at=now)
    signed = acts.sign(
        offer=standing,
        actor=actor,
        name=name,
        how="password" if code is None else "code",
        evidence=evidence,
        band=approval_band(_batch_of_lock(lock)),
        at=now,
        particulars=buyer_response.service_details_by_lock(weighed).get(lock.pk),
    )
    both = acts.is_agreed(standing, renegotiation.deadline_at)
    if both:
        _settle_agreed_lot(lock, standing, settling, actor, now)
    else:
        _enqueue_renegotiation_email(
            f"signed_{_opposite_side(actor.side)}",
            renegotiation,
            f"{standing.pk}",
            offer=str(standing.pk),
        )
    if weighed.asked:
        buyer_response.record_service_answers(
            lock.store_id, lock.subject, weighed, by=actor.by, at=now
        )
    _record_ledger_entry(
        standing,
        "renegotiation.agreed" if both else "offer.signed",
        actor.by,
        now,
        version=standing.version,
        terms_digest=standing.digest,
        held_back=len(settling.held.orders) if settling else 0,
        rows=proofs.digest_rows(Signature.objects.filter(pk=signed.pk)),
        **_signature_evidence(signed),
    )
    return both


def _settle_agreed_lot(
    lock: Lock, agreed: Offer, settling: LotSettlement, actor: Actor, at: dt.datetime
) -> None:
    """Both signatures stand: prices, orders, claims and the seal, in the transaction of the second
    one (R-54)."""
    lot, worked = settling.lot, settling.worked
    weighed = total_offered_selection(lot, worked, signed_selection(lot, agreed))
    kept = [pk for pk in lot.orders if pk not in weighed.gone]
    if not kept:
        raise Problem(Code.INPUT_INVALID, detail="every order is left out; decline instead")
    _refuse_unanswered(agreed, lot, weighed)
    pricing.confirm_renegotiated(
        lock, kept_stock=lot.pieces(without=weighed.dropped), at=at, by=actor.by
    )
    confirm_at_agreed_prices(lot, worked, weighed, at=at)
    event_publishing.publish_orders(RepeatOrder.objects.filter(lock=lock, changed_at=at), at=at)
    buyer_response.record_gate_results(lot.batch, at)
    proforma_invoices.request_issue(batch=lot.batch, occasion=lock.pk, orders=kept, at=at)
    order_closing.close_finished(store_id=lock.store_id, refs=[lock.subject], at=at)
    agreement_sealing.ask(
        store_id=lock.store_id,
        kind=AgreementKind.RENEGOTIATION,
        subject=lock.subject,
        occasion=agreed.pk,
        at=at,
    )


def _refuse_unanswered(agreed: Offer, lot: LotOrders, weighed: SelectionTotals) -> None:
    """TERMS_CHANGED unless every service that is asked now is one that the buyer's signature
    answered."""
    told = agreed.signatures.get(side=Side.BUYER).particulars.get("services")
    refs = {
        order.ref for order in lot.orders.values()
    }  # the signature may have answered for what is held back, too
    if told is not None and sum(each["order"] in refs for each in told) != weighed.asked:
        raise Problem(Code.TERMS_CHANGED)


def _buyer_selection_totals(
    lock: Lock, standing: Offer, ticks: BuyerSelection, shown: str
) -> SelectionTotals:
    """What the buyer's ticks come to at the offered prices; refused unless that is what the page
    showed."""
    if not services_asked_for_lot(_batch_of_lock(lock), lock):
        return SelectionTotals()
    lot = load_lot_orders(lock)
    weighed = total_offered_selection(lot, price_proposal(lot, standing.proposal), ticks)
    if shown != weighed.digest:
        raise Problem(Code.TERMS_CHANGED, ticks=True)
    if len(weighed.gone) == len(lot.orders):
        raise Problem(Code.INPUT_INVALID, detail="every order is left out; decline instead")
    return weighed


@transaction.atomic
def start_fresh_quote(*, renegotiation: Renegotiation, user: User) -> Batch:
    """A new batch of the past orders that ended without agreement, linked to the old one; a second
    press finds the first.

    STATE_CONFLICT while the lot lives or after it was agreed; otherwise as `batches.create`.
    """
    lock = (
        Lock.objects.select_related("store")
        .select_for_update(of=("self",))
        .get(pk=renegotiation.lock_id)
    )
    state = pricing.status_at(lock, clock.now(lock.store))
    if state not in ("terminated", "declined"):
        raise Problem(Code.STATE_CONFLICT, state=str(state), event="quote")
    earlier = Batch.objects.filter(quoted_after=renegotiation, status__in=LIVE_QUOTES).first()
    if earlier:
        return earlier
    orders = RepeatOrder.objects.filter(lock=lock).order_by("position")
    numbers = list(orders.values_list("past_order__number", flat=True))
    return batches.create(
        store=lock.store, numbers=numbers, by=f"user:{user.pk}", quoted_after=renegotiation
    )


def approval_band(batch: Batch) -> Decimal:
    """The share in force when the lot was planned: what was decided under it keeps it (⚙)."""
    return Decimal(batch.policies["price_band"])


def list_other_approvers(store_id: int, by: str) -> Collection[int]:
    """Members of the store who may approve what this one offers."""
    roles = [role for role, can in ROLE_CAPABILITIES.items() if Capability.LOCK in can]
    members = Membership.objects.filter(store=store_id, role__in=roles, user__is_active=True)
    return [pk for pk in members.values_list("user_id", flat=True) if pk != api_keys.person_of(by)]


def _batch_of_lock(lock: Lock) -> Batch:
    return Batch.objects.get(store=lock.store_id, ref=lock.subject)


def _opposite_side(side: Side) -> Side:
    return Side.BUYER if side is Side.SELLER else Side.SELLER


def _enqueue_offer_email(made: Offer) -> None:
    _enqueue_renegotiation_email(
        f"offer_{_opposite_side(Side(made.side))}",
        made.renegotiation,
        f"{made.pk}",
        offer=str(made.pk),
    )


def _enqueue_renegotiation_email(
    kind: str, renegotiation: Renegotiation, key: str, **subjects: object
) -> None:
    """A letter of this renegotiation; the buyer's names the grant that its link is derived from."""
    lock = renegotiation.lock
    if kind.endswith("_buyer"):
        grant = Grant.objects.get(store=lock.store_id, subject=lock.subject, buyer=lock.buyer_id)
        subjects["grant"] = str(grant.pk)
    emails.write(
        kind=f"repurchase.{kind}",
        store_id=renegotiation.store_id,
        dedupe=f"{kind}:{renegotiation.pk}:{key}",
        renegotiation=str(renegotiation.pk),
        **subjects,
    )


def _record_ledger_entry(made: Offer, kind: str, by: str, at: dt.datetime, **facts: object) -> None:
    ledger.record(
        store_id=made.store_id,
        kind=kind,
        subject=f"batch:{made.renegotiation.lock.subject}",
        by=by,
        at=at,
        renegotiation=str(made.renegotiation_id),
        offer=str(made.pk),
        **facts,
    )


def _signature_evidence(signed: Signature) -> dict[str, object]:
    """Names and addresses as digests: the person can be erased, the chain stays."""
    return {
        "side": signed.side,
        "how": signed.how,
        "consent_version": signed.consent_version,
        "name_digest": ledger.digest_of_person(signed.name),
        "from_digest": digest_of(f"{signed.ip} {signed.user_agent}".encode()),
    }
