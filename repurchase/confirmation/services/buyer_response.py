"""The buyer's side, by the link in the letter: reading is harmless, each act is single-use
(reliability 8)."""

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import transaction

from diagnostics import ledger, proofs
from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility.services import gates_now
from marketplace.gc_control import pause_garbage_collector
from outbox import emails
from pricing import services as pricing
from pricing import signing
from pricing.agreements import AgreementKind
from pricing.models import Act, Grant, Lock
from pricing.services import agreement_sealing
from repurchase.batches.customisation_notes import digest_text
from repurchase.batches.services import compliance_holds, event_publishing, order_closing
from repurchase.confirmation.queries.order_totals import (
    BuyerSelection,
    SelectionTotals,
    total_selection,
)
from repurchase.confirmation.services import triggers
from repurchase.confirmation.services.line_removal import remove_unconfirmed_lines
from repurchase.fulfilment.services import proforma_invoices
from repurchase.models import Batch, LineOutcome, RepeatLine, RepeatOrder
from repurchase.models.order_states import OrderStatus, source_states


@pause_garbage_collector()
def accept(*, token: str, digests: Mapping[UUID, str], consent: bool, **answer: Any) -> None:
    """As `_accept_locks`, unless the market has moved beyond a lot that is named (R-51):
    RENEGOTIATION_REQUIRED.

    Then a renegotiation of it was opened and told instead, and nothing is confirmed.
    """
    grant = signing.grant_of(token)
    if not consent:
        raise Problem(Code.CONSENT_MISSING)
    with transaction.atomic():
        opened = pricing.renegotiate_moved_locks(grant, digests)
        triggers.publish_opened(opened)
        if not opened:
            checked = _accept_locks(grant=grant, digests=digests, **answer)
    if not opened and checked:
        raise Problem(Code.ORDERS_UNDER_CHECK, value=checked)
    if opened:
        raise Problem(
            Code.RENEGOTIATION_REQUIRED, until=min(each.deadline_at for each in opened).isoformat()
        )


def _accept_locks(
    *,
    grant: Grant,
    digests: Mapping[UUID, str],
    left_out: Sequence[str],
    ip: str | None,
    user_agent: str,
    services: Collection[int] = (),
    every_service: bool = False,
    shown: str = "",
) -> int:
    """Confirms the locked price of every order but those left out, by their references.

    A customised service that isn't among `services` takes its lines along (R-15). Where any is
    asked, `shown` is the digest of the totals that the buyer saw: TERMS_CHANGED with `ticks` when
    these ticks come to others. What R-90 holds back stays locked. When nothing else is left
    nothing is confirmed: how many orders that are, else 0. Raises LINK_INVALID, CONSENT_MISSING,
    INPUT_INVALID, LINK_USED, LOCK_EXPIRED, LOCK_ENDED, TERMS_CHANGED; then nothing is written.
    """
    pricing.hold_locks(grant)  # so that what is weighed is one state, the one that is confirmed
    orders = _orders_left_out_by_lock(digests, left_out, grant)
    ticks = BuyerSelection(services=services, every_service=every_service, left_out=left_out)
    weighed = total_selection(grant=grant, lock_ids=digests, ticks=ticks)
    if weighed.asked and shown != weighed.digest:
        raise Problem(Code.TERMS_CHANGED, ticks=True)
    held = compliance_holds.hold_at_confirmation(grant, digests, left_out=left_out)
    if held.orders:  # the answer is to the rest of them
        digests = {
            lock_id: digest for lock_id, digest in digests.items() if lock_id not in held.locks
        }
        if not digests:
            compliance_holds.record(held)
            return len(held.orders)
        orders = _orders_left_out_by_lock(digests, (), grant)
        left_out = [
            order.ref for some in orders.values() for order in some if order.ref in left_out
        ]
        ticks = _selection_for_locks(
            ticks, weighed, digests, besides=held.orders, left_out=left_out
        )
        weighed = total_selection(grant=grant, lock_ids=digests, ticks=ticks)
    version = signing.CONSENT_WITH_CUSTOMISATIONS if weighed.asked else signing.CONSENT_VERSION
    evidence = signing.Evidence(ip=ip, user_agent=user_agent, consent_version=version)
    out = set(left_out)
    kept = {
        lock_id: [o for o in orders[lock_id] if o.ref not in out and o.pk not in weighed.gone]
        for lock_id in digests
    }
    confirmed = {lock_id: digest for lock_id, digest in digests.items() if kept[lock_id]}
    dropped = {lock_id: digest for lock_id, digest in digests.items() if not kept[lock_id]}
    if not confirmed:
        raise Problem(Code.INPUT_INVALID, detail="every order is left out; decline instead")
    locks = pricing.confirm(
        grant=grant,
        digests=confirmed,
        kept_stock={
            lock_id: _count_pieces_by_sku(kept[lock_id], weighed.dropped) for lock_id in confirmed
        },
        evidence=evidence,
        particulars=service_details_by_lock(weighed),
    )
    if dropped:
        locks += pricing.decline(grant=grant, digests=dropped, evidence=evidence)
    pricing.refuse_open_remainder(grant, besides=compliance_holds.locks_with_held_orders(grant))
    accepted = [order.pk for some in kept.values() for order in some]
    remove_unconfirmed_lines(weighed, store_id=grant.store_id, at=locks[0].ended_at)
    _move_lock_orders(locks, accepted)
    agreement_sealing.ask(
        store_id=grant.store_id,
        kind=AgreementKind.CONFIRMATION,
        subject=grant.subject,
        occasion=min(confirmed),
        at=locks[0].ended_at,
    )
    batch = Batch.objects.select_related("store", "buyer").get(
        store=grant.store_id, ref=grant.subject
    )
    proforma_invoices.request_issue(
        batch=batch, occasion=min(confirmed), orders=accepted, at=locks[0].ended_at
    )
    _record_response(
        grant,
        locks,
        "buyer.confirmed",
        weighed=weighed,
        consent_version=version,
        orders=len(accepted),
        left_out=sorted(left_out),
        held_back=len(held.orders),
        gates=record_gate_results(batch, locks[0].ended_at),
    )
    compliance_holds.record(held)
    return 0


@transaction.atomic
def decline(
    *, token: str, digests: Mapping[UUID, str], reason: str = "", ip: str | None, user_agent: str
) -> None:
    """Declines every open lot. The reason reaches the seller; the ledger keeps that there was
    one."""
    grant = signing.grant_of(token)
    evidence = signing.Evidence(ip=ip, user_agent=user_agent)
    words = reason.replace("\x00", "").strip()[:1000]
    locks = pricing.decline(grant=grant, digests=digests, evidence=evidence, reason=words)
    pricing.refuse_open_remainder(grant, besides=compliance_holds.locks_with_held_orders(grant))
    _move_lock_orders(locks, [])
    _record_response(grant, locks, "buyer.declined", orders=0, reason_given=bool(words))


def _selection_for_locks(
    ticks: BuyerSelection,
    weighed: SelectionTotals,
    locks: Collection[UUID],
    *,
    besides: Collection[int],
    left_out: Sequence[str],
) -> BuyerSelection:
    """The ticks that are about orders of these locks which nothing holds back; `besides` are held,
    by id."""
    theirs = {
        view.id
        for view in (*weighed.confirmed, *weighed.unconfirmed)
        if view.order.lock_id in locks and view.order.pk not in besides
    }
    return replace(ticks, services=theirs & set(ticks.services), left_out=left_out)


def record_gate_results(batch: Batch, at: dt.datetime) -> list[dict[str, Any]]:
    """The gates at the confirmation: kept with the batch and in the ledger, whatever they say
    (R-26)."""
    gates = gates_now(store=batch.store, buyer=batch.buyer, now=at)
    Batch.objects.filter(pk=batch.pk).update(gates_at_confirmation=gates, confirmed_at=at)
    return gates


def _orders_left_out_by_lock(
    digests: Mapping[UUID, str], left_out: Sequence[str], grant: Grant
) -> dict[UUID, list[RepeatOrder]]:
    orders: dict[UUID, list[RepeatOrder]] = {lock_id: [] for lock_id in digests}
    mine = RepeatOrder.objects.filter(
        store=grant.store_id, lock__in=digests, lock__subject=grant.subject
    )
    for order in mine.only("ref", "lock_id").order_by("position"):
        orders[order.lock_id].append(order)
    known = {order.ref for some in orders.values() for order in some}
    if unknown := [ref for ref in left_out if ref not in known]:
        raise Problem(Code.INPUT_INVALID, detail=f"left_out: {', '.join(unknown[:20])}")
    return orders


def _count_pieces_by_sku(orders: Sequence[RepeatOrder], dropped: Collection[int]) -> Counter[int]:
    pieces: Counter[int] = Counter()
    lines = RepeatLine.objects.filter(order__in=orders, outcome=LineOutcome.PLANNED).exclude(
        pk__in=dropped
    )
    for sku_id, quantity in lines.values_list("sku_id", "quantity"):
        pieces[sku_id] += quantity
    return pieces


def service_details_by_lock(weighed: SelectionTotals) -> dict[UUID, dict[str, Any]]:
    """By lock, each service with order, line and the digest of its text: what was confirmed in
    writing, what not."""
    told: dict[UUID, dict[str, Any]] = defaultdict(
        lambda: {"shown": weighed.digest, "services": []}
    )
    for views, confirmed in ((weighed.confirmed, True), (weighed.unconfirmed, False)):
        for view in views:
            told[view.order.lock_id]["services"].append(
                {
                    "order": view.order.ref,
                    "line": view.line_no,
                    "text": digest_text(view.text),
                    "confirmed": confirmed,
                }
            )
    return dict(told)


def _move_lock_orders(locks: Sequence[Lock], accepted: Sequence[int]) -> None:
    at = locks[0].ended_at
    locked = RepeatOrder.objects.filter(lock__in=locks, status=OrderStatus.LOCKED)
    locked.filter(pk__in=accepted).update(status=OrderStatus.CONFIRMED, changed_at=at)
    RepeatOrder.objects.filter(
        lock__in=locks, status__in=source_states(OrderStatus.DECLINED)
    ).update(status=OrderStatus.DECLINED, changed_at=at)
    event_publishing.publish_orders(
        RepeatOrder.objects.filter(lock__in=locks, changed_at=at), at=at
    )


def _record_response(
    grant: Grant,
    locks: Sequence[Lock],
    kind: str,
    *,
    weighed: SelectionTotals | None = None,
    consent_version: str = signing.CONSENT_VERSION,
    **facts: object,
) -> None:
    at = locks[0].ended_at
    order_closing.close_finished(store_id=grant.store_id, refs=[grant.subject], at=at)
    for side in ("seller", "buyer"):
        emails.write(
            kind=f"repurchase.answered_{side}",
            store_id=grant.store_id,
            dedupe=f"answered:{side}:{locks[0].pk}",
            grant=str(grant.pk),
        )
    if weighed and weighed.asked:
        record_service_answers(
            grant.store_id, grant.subject, weighed, by=f"grant:{grant.pk}", at=at
        )
    ledger.record(
        store_id=grant.store_id,
        kind=kind,
        subject=f"batch:{grant.subject}",
        by=f"grant:{grant.pk}",
        at=at,
        consent_version=consent_version,
        rows=proofs.digest_rows(Act.objects.filter(grant=grant, lock__in=locks)),
        locks={
            str(lock.pk): {"status": lock.status, "terms_digest": lock.terms_digest}
            for lock in locks
        },
        **facts,
    )


def record_service_answers(
    store_id: int, subject: str, weighed: SelectionTotals, *, by: str, at: dt.datetime
) -> None:
    """What the buyer confirmed in writing and what not, in the ledger: counts and one digest
    (R-15)."""
    particulars = {str(lock_id): told for lock_id, told in service_details_by_lock(weighed).items()}
    canonical = json.dumps(particulars, sort_keys=True, separators=(",", ":"))
    ledger.record(
        store_id=store_id,
        kind="services.confirmed",
        subject=f"batch:{subject}",
        by=by,
        at=at,
        confirmed=len(weighed.confirmed),
        unconfirmed=len(weighed.unconfirmed),
        lines_left_out=weighed.leaving,
        orders_left_out=len(weighed.gone),
        shown=weighed.digest,
        services_digest=digest_text(canonical),
    )
