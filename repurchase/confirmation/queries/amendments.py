"""What both signed in a renegotiation, as an agreement: from the signed bytes, never from what a
page showed (R-54, R-56)."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from diagnostics.models import LedgerEntry
from marketplace.models import FxRate, FxRateSet
from pricing import agreements as core
from pricing.agreements import Agreement, AgreementKind, AgreementRole, Draft, Observation
from pricing.models import Lock, Offer, Renegotiation, Signature
from pricing.renegotiation import format_decimal, format_percent
from pricing.services.renegotiation import is_agreed
from pricing.totals import TotalsGroup, TotalsRow, build_amounts
from pricing.triggers import TriggerKind as Trigger
from repurchase.batches.customisation_notes import digest_text
from repurchase.batches.queries import parties
from repurchase.batches.queries.lot_terms import locked_term_entries, require_agreed_terms
from repurchase.confirmation.queries.agreements import (
    agreement_goods,
    agreement_lot,
    agreement_order,
    frozen_agreement_rates,
    group_repeated_lines,
)
from repurchase.confirmation.queries.offer_amounts import offered_terms_bytes, parse_offered_entries
from repurchase.models import RepeatLine, RepeatOrder

TERMS = "terms-1.json"


def build_amendment(offer_id: uuid.UUID) -> Draft:
    """Of the offer that both have signed. ValueError when a signature, the bytes or the orders are
    no longer that."""
    offer = Offer.objects.select_related(
        "store",
        "renegotiation__lock__buyer",
        "renegotiation__lock__rate_set",
        "renegotiation__lock__index_close",
        "renegotiation__new_rate_set",
        "renegotiation__base_close",
        "renegotiation__new_close",
    ).get(pk=offer_id)
    found, lock, store = offer.renegotiation, offer.renegotiation.lock, offer.store
    if not is_agreed(offer, found.deadline_at):
        raise ValueError(f"offer {offer_id}: it is not signed by both")
    rows = list(
        RepeatOrder.objects.filter(lock=lock).select_related("past_order").order_by("position")
    )
    lines, refs = (
        group_repeated_lines(rows),
        {row.ref for row in rows},
    )  # what R-90 held back has a lock of its own by now
    entries = [entry for entry in parse_offered_entries(offer) if entry[0] in refs]
    locked = [entry for entry in locked_term_entries(lock) if entry[0] in refs]
    require_agreed_terms(entries, rows, lines)
    signatures = sorted(offer.signatures.all(), key=lambda signature: signature.at)
    seller = next(s for s in signatures if s.side == AgreementRole.SELLER)
    entry = _agreement_entry(offer, signatures[-1])
    agreement = Agreement(
        id=str(uuid.uuid5(offer.pk, str(AgreementKind.RENEGOTIATION))),
        kind=AgreementKind.RENEGOTIATION,
        subject=lock.subject,
        store_id=store.pk,
        store=store.name,
        sandbox=store.sandbox,
        clause=core.CLAUSE,
        seller=parties.describe_seller(store, seller.by),
        buyer=parties.describe_buyer(lock.buyer),
        lots=(replace(agreement_lot(lock, TERMS), terms_digest=offer.digest),),
        goods=agreement_goods(rows, lines),
        orders=tuple(
            _amended_order(row, lines[row.pk], _locked_prices_by_line(locked))
            for row in rows
            if lines[row.pk]
        ),
        left_out=tuple(row.ref for row in rows if not lines[row.pk]),
        services=tuple(_signed_customisations(entries, signatures)),
        rates=tuple(_amended_rates(found, lock)),
        trigger=_amendment_trigger(found),
        signatures=tuple(_as_core_signature(each, lock) for each in signatures),
        ledger=core.LedgerLink(seq=entry.seq, kind=entry.kind, digest=entry.digest),
        changed=_describe_price_change(offer, lock, _locked_total(lock, locked, rows)),
    )
    return Draft(agreement=agreement, terms={TERMS: offered_terms_bytes(offer)})


def _locked_prices_by_line(locked: Sequence[Sequence[Any]]) -> dict[tuple[str, int], int]:
    return {(entry[0], line[0]): line[3] for entry in locked for line in entry[11]}


def _amended_order(
    row: RepeatOrder, lines: Sequence[RepeatLine], locked: dict[tuple[str, int], int]
) -> core.AgreementOrder:
    """Before stands the locked price, now the signed one."""
    drawn = agreement_order(row, lines)
    return replace(
        drawn,
        lines=tuple(replace(line, then_minor=locked[row.ref, line.no]) for line in drawn.lines),
    )


def _signed_customisations(
    entries: Iterable[Sequence[Any]], signatures: Sequence[Signature]
) -> Iterable[core.AgreementCustomisation]:
    """They stand in the signed terms; the buyer's signature says of each whether it is confirmed
    (R-15)."""
    buyers = next(s for s in signatures if s.side == AgreementRole.BUYER)
    unconfirmed = {
        (told["order"], told["line"], told["text"])
        for told in buyers.particulars.get("services", ())
        if not told["confirmed"]
    }
    for entry in entries:
        for no, text in entry[12] if len(entry) > 12 else ():
            line = no or None
            confirmed = (entry[0], line, digest_text(text)) not in unconfirmed
            yield core.AgreementCustomisation(
                order=entry[0], line=line, text=text, confirmed=confirmed
            )


def _amended_rates(found: Renegotiation, lock: Lock) -> Iterable[core.Rate]:
    """Those that the prices rest on, frozen at the lock, with what they were when the
    renegotiation was opened."""
    fx = found.kind == Trigger.FX and found.new_rate_set
    today = _published_observations(found.new_rate_set) if fx else {}
    for rate in frozen_agreement_rates(found.store, [lock]):
        now = today.get(rate.name)
        if found.kind == Trigger.INDEX and rate.name == found.name:
            continue  # the index is told below, by the two closes that were compared
        yield replace(rate, now=now)
    name, value = found.name, format_decimal
    if fx:
        yield core.Rate(
            name=name,
            source=f"{lock.rate_set.source}, {found.new_rate_set.source}",
            then=Observation(value=value(found.base_value), on=lock.rate_set.published_on),
            now=Observation(value=value(found.new_value), on=found.new_rate_set.published_on),
        )
    else:
        yield core.Rate(
            name=name,
            source=found.new_close.source,
            then=Observation(value=value(found.base_value), on=found.base_close.closed_on),
            now=Observation(value=value(found.new_value), on=found.new_close.closed_on),
        )


def _published_observations(rates: FxRateSet) -> dict[str, Observation]:
    rows = FxRate.objects.filter(rate_set=rates)
    return {
        f"EUR/{rate.currency}": Observation(
            value=format_decimal(rate.per_euro), on=rates.published_on
        )
        for rate in rows
    }


def _amendment_trigger(found: Renegotiation) -> core.RenegotiationTrigger:
    return core.RenegotiationTrigger(
        ref=str(found.pk),
        rule=f"{found.kind} {found.name}",
        value=found.percent,
        limit=_format_trigger_limit(found),
        at=found.opened_at,
    )


def _format_trigger_limit(found: Renegotiation) -> str:
    return f"{'±' if found.kind == Trigger.FX else '+'}{format_percent(found.limit)}"


def _as_core_signature(signed: Signature, lock: Lock) -> core.AgreementSignature:
    return core.AgreementSignature(
        role=AgreementRole(signed.side),
        act="sign" if signed.how == "code" else "sign_password",
        actor=signed.by,
        name=signed.name,
        at=signed.at,
        consent_version=signed.consent_version,
        ip=signed.ip or "",
        user_agent=signed.user_agent,
        agreed=(core.AgreedLot(lot=str(lock.pk), digest=signed.digest),),
    )


def _locked_total(
    lock: Lock, locked: Sequence[Sequence[Any]], rows: Sequence[RepeatOrder]
) -> core.AgreementTotal:
    """What the orders came to as they were locked."""
    included = {row.ref: row.prices_include_tax for row in rows}
    (total,) = core.totals_of_rows(
        [
            TotalsRow(
                group=TotalsGroup.ACCEPTED,
                currency=lock.currency,
                orders=1,
                as_paid=money[0],
                prices_include_tax=included[ref],
                amounts=build_amounts(*money),
            )
            for ref, _, *money in (entry[:6] for entry in locked)
        ]
    )
    return total


def _describe_price_change(
    offer: Offer, lock: Lock, then: core.AgreementTotal
) -> core.ChangedTerms:
    return core.ChangedTerms(
        version=offer.version,
        by=AgreementRole(offer.side),
        rule=offer.rule,
        percent=str(offer.said.get("percent", "")),
        locked_digest=lock.terms_digest,
        then=then,
        deadline_at=offer.renegotiation.deadline_at,
    )


def _agreement_entry(offer: Offer, last: Signature) -> LedgerEntry:
    """Of the act that made it an agreement: the second signature."""
    return LedgerEntry.objects.get(
        store_id=offer.store_id,
        subject=f"batch:{offer.renegotiation.lock.subject}",
        kind="renegotiation.agreed",
        at=last.at,
        facts__offer=str(offer.pk),
    )
