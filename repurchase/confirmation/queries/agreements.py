"""What the buyer confirmed, as an agreement: from the rows of the act, never from what a page
showed."""

import datetime as dt
import json
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from diagnostics.models import LedgerEntry
from marketplace.models import Store
from pricing import agreements as core
from pricing.agreements import Agreement, AgreementKind, AgreementRole, Draft
from pricing.frozen_values import rates_of_locks
from pricing.models import Act, ActKind, Grant, Lock, LockTerms, SealedAgreement, Sealing
from repurchase.batches.customisation_notes import digest_text
from repurchase.batches.queries import parties
from repurchase.batches.queries.lot_terms import require_agreed_terms
from repurchase.fulfilment.queries.failed_documents import has_failed_documents
from repurchase.models import LineOutcome, LineService, RepeatLine, RepeatOrder


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchAgreements:
    sealed: Sequence[SealedAgreement]  # the first agreed to first
    pending: bool  # one is still being made
    failing: bool = (
        False  # one was tried in vain: it is tried again by itself, or at once when somebody asks
    )


def get_batch_documents(store: Store, subject: str) -> BatchAgreements:
    """The sealed documents of a batch, in at most four queries."""
    found = SealedAgreement.objects.filter(store=store, subject=subject).order_by("agreed_at", "pk")
    waiting = Sealing.objects.filter(store=store, subject=subject, done_at=None)
    failing = has_failed_documents(subject, store.pk)
    return BatchAgreements(sealed=list(found), pending=waiting.exists(), failing=failing)


def file_name(sealed: SealedAgreement) -> str:
    return f"{sealed.subject}-{sealed.kind}.pdf"


def get_sealed_agreement(store: Store, subject: str, pk: uuid.UUID) -> SealedAgreement:
    return get_object_or_404(SealedAgreement, store=store, subject=subject, pk=pk)


def build_confirmation(lock_id: uuid.UUID) -> Draft:
    """Of the answer that confirmed this lock, with every other lot that the same answer confirmed.

    What the acts are bound to are the bytes kept at the lock: any that no longer have the digest
    which the buyer saw are never sealed. Lines whose service was not confirmed have left the
    orders since (R-15).
    """
    act = Act.objects.select_related("grant__buyer", "store").get(
        lock=lock_id, kind=ActKind.CONFIRM
    )
    acts = list(
        Act.objects.filter(grant=act.grant, at=act.at, kind=ActKind.CONFIRM)
        .select_related("lock__rate_set", "lock__index_close")
        .order_by("lock__currency", "lock__index_series")
    )
    locks = [each.lock for each in acts]
    rows = list(
        RepeatOrder.objects.filter(lock__in=locks).select_related("past_order").order_by("position")
    )
    lines = group_repeated_lines(rows)
    terms = _lock_terms_files(locks)
    entries = [entry for text in terms.values() for entry in json.loads(text)]
    require_agreed_terms(entries, rows, lines)
    store, grant = act.store, act.grant
    entry = _confirmation_entry(store, grant, act.at)
    left_out = set(entry.facts["left_out"])
    left_out |= {row.ref for row in rows if not lines[row.pk]}
    accepted = [row for row in rows if row.ref not in left_out]
    agreement = Agreement(
        id=str(uuid.uuid5(act.grant_id, f"{AgreementKind.CONFIRMATION}:{lock_id}")),
        kind=AgreementKind.CONFIRMATION,
        subject=grant.subject,
        store_id=store.pk,
        store=store.name,
        sandbox=store.sandbox,
        clause="",  # nothing is renegotiated
        seller=parties.describe_seller(store, locks[0].locked_by),
        buyer=parties.describe_buyer(grant.buyer),
        lots=tuple(agreement_lot(lock, f"terms-{n}.json") for n, lock in enumerate(locks, 1)),
        goods=agreement_goods(accepted, lines),
        orders=tuple(agreement_order(row, lines[row.pk]) for row in accepted),
        left_out=tuple(row.ref for row in rows if row.ref in left_out),
        services=_answered_customisations(acts, rows),
        rates=frozen_agreement_rates(store, locks),
        trigger=None,
        signatures=(_seller_signature(locks), _buyer_signature(acts)),
        ledger=core.LedgerLink(seq=entry.seq, kind=entry.kind, digest=entry.digest),
    )
    return Draft(agreement=agreement, terms=terms)


def group_repeated_lines(rows: Sequence[RepeatOrder]) -> dict[int, list[RepeatLine]]:
    lines: dict[int, list[RepeatLine]] = defaultdict(list)
    planned = RepeatLine.objects.filter(order__in=rows, outcome=LineOutcome.PLANNED)
    for line in planned.select_related("sku").order_by("order_id", "line_no"):
        lines[line.order_id].append(line)
    return lines


def _lock_terms_files(locks: Sequence[Lock]) -> dict[str, bytes]:
    kept = {row.lock_id: bytes(row.text) for row in LockTerms.objects.filter(lock__in=locks)}
    for lock in locks:
        if core.digest_of(kept[lock.pk]) != lock.terms_digest:
            raise ValueError(f"lock {lock.pk}: its terms are no longer those that were confirmed")
    return {f"terms-{n}.json": kept[lock.pk] for n, lock in enumerate(locks, 1)}


def _answered_customisations(
    acts: Sequence[Act], rows: Sequence[RepeatOrder]
) -> tuple[core.AgreementCustomisation, ...]:
    """What was asked in writing and how it was answered: by the act, whose digests the texts have
    to match."""
    texts = LineService.objects.filter(batch__in={row.batch_id for row in rows}, dismissed_at=None)
    by_digest = {digest_text(text): text for text in texts.values_list("text", flat=True)}
    return tuple(
        core.AgreementCustomisation(
            order=asked["order"],
            line=asked["line"],
            text=by_digest[asked["text"]],
            confirmed=asked["confirmed"],
        )
        for act in acts
        for asked in act.particulars.get("services", ())
    )


def agreement_lot(lock: Lock, terms_file: str) -> core.AgreementLot:
    return core.AgreementLot(
        id=str(lock.pk),
        currency=lock.currency,
        index_series=lock.index_series,
        locked_at=lock.locked_at,
        expires_at=lock.expires_at,
        terms_digest=lock.terms_digest,
        terms_file=terms_file,
    )


def agreement_goods(
    rows: Sequence[RepeatOrder], lines: dict[int, list[RepeatLine]]
) -> tuple[core.AgreementGoods, ...]:
    skus = {line.sku.code: line.sku.title for row in rows for line in lines[row.pk]}
    return tuple(core.AgreementGoods(sku=code, title=title) for code, title in sorted(skus.items()))


def agreement_order(row: RepeatOrder, lines: Sequence[RepeatLine]) -> core.AgreementOrder:
    place = (row.ship_to.get("city"), row.ship_to.get("country"))
    return core.AgreementOrder(
        ref=row.ref,
        repeats=row.past_order.number,
        lot=str(row.lock_id),
        currency=row.currency,
        destination=", ".join(part for part in place if part),
        incoterm=row.incoterm,
        freight_minor=row.freight_minor,
        tax_minor=row.tax_minor,
        total_minor=row.total_minor,
        prices_include_tax=row.prices_include_tax,
        lines=tuple(
            core.AgreementLine(
                no=line.line_no,
                sku=line.sku.code,
                quantity=line.quantity,
                then_minor=line.base_minor,
                now_minor=line.total_minor,
            )
            for line in lines
        ),
    )


def frozen_agreement_rates(store: Store, locks: Sequence[Lock]) -> tuple[core.Rate, ...]:
    """The exchange rates that the locks froze, of each lot's currency and the store's, and the
    index closes."""
    currencies = {lock.currency for lock in locks} | {store.settlement_currency}
    frozen = {rates.id: rates for rates in rates_of_locks(locks).values()}
    found = [
        core.Rate(
            name=f"EUR/{currency}",
            source=rates.source,
            then=core.Observation(value=f"{rate.normalize():f}", on=rates.published_on),
        )
        for _, rates in sorted(frozen.items())
        for currency, rate in sorted(rates.per_euro.items())
        if currency in currencies
    ]
    closes = {
        lock.index_close_id: lock.index_close
        for lock in locks
        if lock.index_series and lock.index_close
    }
    for _, close in sorted(closes.items()):
        then = core.Observation(value=f"{close.value.normalize():f}", on=close.closed_on)
        found.append(core.Rate(name=close.series, source=close.source, then=then))
    return tuple(found)


def _agreed_totals(locks: Sequence[Lock]) -> tuple[core.AgreedLot, ...]:
    return tuple(core.AgreedLot(lot=str(lock.pk), digest=lock.terms_digest) for lock in locks)


def _seller_signature(locks: Sequence[Lock]) -> core.AgreementSignature:
    user = parties.acting_user(locks[0].locked_by)
    return core.AgreementSignature(
        role=AgreementRole.SELLER,
        act="offer",
        actor=locks[0].locked_by,
        name=user.name if user else "",
        at=locks[0].locked_at,
        consent_version="",
        ip="",
        user_agent="",
        agreed=_agreed_totals(locks),
    )


def _buyer_signature(acts: Sequence[Act]) -> core.AgreementSignature:
    act = acts[0]
    return core.AgreementSignature(
        role=AgreementRole.BUYER,
        act="confirm",
        actor=f"grant:{act.grant_id}",
        name="",
        at=act.at,
        consent_version=act.consent_version,
        ip=act.ip or "",
        user_agent=act.user_agent,
        agreed=tuple(
            core.AgreedLot(lot=str(each.lock_id), digest=each.terms_digest) for each in acts
        ),
    )


def _confirmation_entry(store: Store, grant: Grant, at: dt.datetime) -> LedgerEntry:
    """It names what was left out, whatever became of the orders since."""
    return LedgerEntry.objects.get(
        store_id=store.pk, subject=f"batch:{grant.subject}", kind="buyer.confirmed", at=at
    )
