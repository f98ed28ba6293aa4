"""A renegotiation as both parties' pages show it: what moved, what is offered, who said and signed
what."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from marketplace.models import SIMULATED, IndexClose, Sku, Store, User
from marketplace.money import Money, Rates
from marketplace.queries import rate_sets, rates_of
from outbox.models import Letter
from pricing import renegotiation as core
from pricing.frozen_values import rates_of_locks
from pricing.locks import LockStatus, seconds_left, status_at
from pricing.models import Grant, Lock, Offer, Remark, Renegotiation, Signature, SigningCode
from pricing.renegotiation import LockedLotLine, Side, SkuDiff
from pricing.services.renegotiation import current_offer, live_code, newest_draft
from pricing.totals import Amounts, amounts_of, sum_amounts
from pricing.triggers import TriggerKind
from repurchase.batches.customisation_notes import digest_text
from repurchase.batches.queries.customisations import CustomisationView
from repurchase.batches.queries.pagination import PAGE_SIZE
from repurchase.confirmation import rate_chart
from repurchase.confirmation.queries.offer_amounts import (
    LotOrders,
    load_lot_orders,
    locked_term_entries,
    parse_offered_entries,
    price_proposal,
    total_of_entries,
)
from repurchase.confirmation.queries.order_totals import (
    EMPTY_SELECTION,
    BuyerSelection,
    SelectionTotals,
    services_asked_for_lot,
    total_offered_selection,
)
from repurchase.models import Batch, RepeatOrder
from repurchase.models.order_states import ACCEPTED

HISTORY_DAYS = 30
BUYER_EMAIL_KINDS = (
    "repurchase.invitation", "repurchase.renegotiating_buyer", "repurchase.offer_buyer", "repurchase.signing_code",
    "repurchase.signed_buyer",
)  # fmt: skip
"""Those that the buyer needs to act: one that can't be sent alarms the seller."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LotTotalRow:
    """One of goods and freight without tax, tax, total: as locked and as offered."""

    name: str
    locked: Money
    offered: Money | None

    @property
    def change(self) -> Money | None:
        if self.offered is None:
            return None
        return Money(self.offered.minor - self.locked.minor, self.locked.currency)


@dataclass(frozen=True, kw_only=True, slots=True)
class SettlementTotal:
    """The lot's total in the store's settlement currency: as locked then, as locked today, as
    offered today."""

    currency: str
    then: Money
    today: Money
    offered: Money | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RenegotiatedSkuRow:
    diff: SkuDiff
    title: str
    currency: str
    price: str  # a piece, as locked on average, to start from


@dataclass(frozen=True, kw_only=True, slots=True)
class NegotiationEntry:
    """An offer or a remark, in the thread."""

    at: dt.datetime
    side: str
    who: str
    offer: Offer | None = None
    remark: Remark | None = None
    signatures: Sequence[Signature] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureServices:
    """The customised services that a signature confirms or leaves out, and what the lot comes to
    with these ticks."""

    views: Sequence[CustomisationView]
    confirmed: Collection[int]
    weighed: SelectionTotals
    signed: bool  # by the buyer: the ticks are given, no longer asked


@dataclass(frozen=True, kw_only=True, slots=True)
class RenegotiationPage:
    """`standing` is the version between the parties; `draft` a newer one of the seller's that
    waits for approval."""

    renegotiation: Renegotiation
    lock: Lock
    orders: int  # of the lot, those that were split off since not counted
    batch: Batch
    state: LockStatus
    seconds_left: int
    standing: Offer | None
    draft: Offer | None
    thread: Sequence[NegotiationEntry]
    money: Sequence[LotTotalRow]
    converted: SettlementTotal | None
    skus: Sequence[RenegotiatedSkuRow]
    more_skus: int
    now: dt.datetime
    signed: Mapping[str, Signature] = field(default_factory=dict)
    code: SigningCode | None = None
    quotes: Sequence[Batch] = ()
    confirmed: Money | None = None  # once both have signed: what the orders come to that go on

    @property
    def live(self) -> bool:
        return self.state is LockStatus.RENEGOTIATING

    @property
    def ended_without_agreement(self) -> bool:
        return self.state in (LockStatus.TERMINATED, LockStatus.DECLINED)

    @property
    def shown(self) -> Offer | None:
        """Whose prices the tables show to the seller."""
        return self.draft or self.standing

    @property
    def waits_for_approval(self) -> bool:
        newest = self.shown
        return bool(newest and newest.beyond_band and not hasattr(newest, "approval"))


def get_renegotiation(store: Store, pk: uuid.UUID) -> Renegotiation:
    return get_object_or_404(_with_related_rows(), store=store, pk=pk)


def renegotiations_of_batch(store_id: int, subject: str) -> list[Renegotiation]:
    """Of a batch's locks, the first opened first."""
    found = _with_related_rows().filter(store=store_id, lock__subject=subject)
    return list(found.order_by("opened_at", "pk"))


def of_store(store: Store) -> QuerySet[Renegotiation]:
    return _with_related_rows().filter(store=store).order_by("-opened_at", "pk")


def list_live_renegotiations(store: Store, now: dt.datetime) -> list[Renegotiation]:
    """Those that still wait for signatures, the first to end first."""
    return list(_with_related_rows().filter(store=store).live_at(now).order_by("deadline_at", "pk"))


def count_live_renegotiations(store_id: int, now: dt.datetime) -> int:
    return Renegotiation.objects.filter(store=store_id).live_at(now).count()


def _with_related_rows() -> QuerySet[Renegotiation]:
    return Renegotiation.objects.select_related(
        "store",
        "lock__store",
        "lock__buyer",
        "base_rate_set",
        "new_rate_set",
        "base_close",
        "new_close",
    )


def status_and_seconds_left(found: Renegotiation, now: dt.datetime) -> tuple[LockStatus, int]:
    return status_at(found.lock, now), seconds_left(found.lock, now)


def build_renegotiation_page(
    found: Renegotiation, *, now: dt.datetime, side: Side, all_skus: bool = False
) -> RenegotiationPage:
    """Everything that a page of `side` shows; a fixed number of queries for any number of
    orders."""
    lock = found.lock
    standing = current_offer(found)
    newest = newest_draft(found) if side is Side.SELLER else standing
    draft = newest if newest and newest != standing else None
    shown = draft or standing
    lot = load_lot_orders(lock)
    state = status_at(lock, now)
    locked = _locked_amounts(lot)
    agreed = _agreed_amounts(lot) if state is LockStatus.CONFIRMED else None
    skus = _renegotiated_sku_rows(lot.lines, shown, found, lock.currency)
    signed = (
        {each.side: each for each in Signature.objects.filter(offer=standing)} if standing else {}
    )
    return RenegotiationPage(
        renegotiation=found,
        lock=lock,
        orders=len(lot.orders),
        batch=lot.batch,
        state=state,
        seconds_left=seconds_left(lock, now),
        standing=standing,
        draft=draft,
        thread=_negotiation_entries(found, side, lot.batch),
        money=_lot_total_rows(lock, locked, shown, agreed),
        confirmed=Money(agreed.total, lock.currency) if agreed else None,
        converted=_settlement_total(found, locked, shown) if side is Side.SELLER else None,
        skus=skus if all_skus else skus[:PAGE_SIZE],
        more_skus=0 if all_skus else max(0, len(skus) - PAGE_SIZE),
        now=now,
        signed=signed,
        code=live_code(standing, Side.BUYER, now) if standing and side is Side.BUYER else None,
        quotes=list(found.fresh_quotes.order_by("created_at")) if side is Side.SELLER else (),
    )


def _agreed_amounts(lot: LotOrders) -> Amounts:
    """What was really confirmed: without the lines and orders that were left out, or are held
    back."""
    return sum_amounts(
        amounts_of(order) for order in lot.orders.values() if order.status in ACCEPTED
    )


def _locked_amounts(lot: LotOrders) -> Amounts:
    """As it was locked, of the orders that the lot still holds."""
    refs = {order.ref for order in lot.orders.values()}
    return total_of_entries(entry for entry in locked_term_entries(lot.lock) if entry[0] in refs)


def _lot_total_rows(
    lock: Lock, locked: Amounts, shown: Offer | None, agreed: Amounts | None
) -> list[LotTotalRow]:
    """Net parts, tax and total: they add up whether or not the prices include tax. Once confirmed,
    what was."""
    offered = agreed or (total_of_entries(parse_offered_entries(shown)) if shown else None)
    return [
        LotTotalRow(
            name=name,
            locked=Money(getattr(locked, name), lock.currency),
            offered=Money(getattr(offered, name), lock.currency) if offered else None,
        )
        for name in ("goods_net", "freight_net", "tax", "total")
    ]


def _renegotiated_sku_rows(
    lines: Sequence[LockedLotLine], shown: Offer | None, found: Renegotiation, currency: str
) -> list[RenegotiatedSkuRow]:
    proposal = shown.proposal if shown else core.keep_locked_prices()
    diffs = core.by_sku(lines, core.offered_by_line(proposal, lines, currency))
    titles = dict(
        Sku.objects.filter(store=found.store_id, code__in=[d.sku for d in diffs]).values_list(
            "code", "title"
        )
    )
    return [
        RenegotiatedSkuRow(
            diff=d,
            title=titles.get(d.sku, ""),
            currency=currency,
            price=_format_unit_price(d, currency),
        )
        for d in diffs
    ]


def _format_unit_price(diff: SkuDiff, currency: str) -> str:
    each = Money(diff.locked_minor, currency).amount / diff.quantity
    return core.format_decimal(each.quantize(Decimal("0.0001")))


def _settlement_total(
    found: Renegotiation, locked: Amounts, shown: Offer | None
) -> SettlementTotal | None:
    """What the exchange rate made of the lot: only where it is the reason. "Then" is what the lock
    froze (ADR 10)."""
    lock = found.lock
    to = found.store.settlement_currency
    if found.kind != TriggerKind.FX or found.new_rate_set is None:
        return None
    then, today = rates_of_locks([lock])[lock.pk], rates_of(found.new_rate_set)

    def money(minor: int, rates: Rates) -> Money:
        return Money(rates.exchange(minor, lock.currency, to), to)

    return SettlementTotal(
        currency=to,
        then=money(locked.total, then),
        today=money(locked.total, today),
        offered=money(shown.total_minor, today) if shown else None,
    )


def _negotiation_entries(found: Renegotiation, side: Side, batch: Batch) -> list[NegotiationEntry]:
    """Versions and remarks by time. The buyer never sees who of the store wrote, nor a draft."""
    offers = found.offers.all() if side is Side.SELLER else found.offers.standing()
    offers = list(offers.select_related("approval").prefetch_related("signatures"))
    remarks = list(found.remarks.all())
    names = _member_names([*offers, *remarks]) if side is Side.SELLER else {}

    def who(said: Offer | Remark) -> str:
        if said.side == Side.BUYER:
            return batch.buyer.name
        return names.get(said.by, batch.store.name)

    entries = [
        NegotiationEntry(
            at=o.at, side=o.side, who=who(o), offer=o, signatures=list(o.signatures.all())
        )
        for o in offers
    ]
    entries += [NegotiationEntry(at=r.at, side=r.side, who=who(r), remark=r) for r in remarks]
    return sorted(entries, key=lambda entry: entry.at)


def _member_names(said: Sequence[Any]) -> dict[str, str]:
    ids = {each.by.removeprefix("user:") for each in said if each.by.startswith("user:")}
    users = User.objects.filter(pk__in=[pk for pk in ids if pk.isdecimal()])
    return {f"user:{user.pk}": user.name or user.email for user in users}


def services_for_signature(
    found: Renegotiation, talks_: RenegotiationPage, ticks: BuyerSelection | None = None
) -> SignatureServices | None:
    """The customised services of a renegotiated lot with what they come to; None where none is
    asked, or nothing offered.

    `ticks` None: as the buyer has signed, else none ticked yet.
    """
    offer = talks_.standing
    if offer is None or not talks_.live or not services_asked_for_lot(talks_.batch, found.lock):
        return None
    lot = load_lot_orders(found.lock)
    signed = talks_.signed.get(Side.BUYER)
    given = (
        ticks if ticks is not None else signed_selection(lot, offer) if signed else EMPTY_SELECTION
    )
    weighed = total_offered_selection(lot, price_proposal(lot, offer.proposal), given)
    confirmed = {view.id for view in weighed.confirmed}
    views = sorted(
        [*weighed.confirmed, *weighed.unconfirmed],
        key=lambda v: (v.order.position, v.line_no or 0, v.id),
    )
    return SignatureServices(
        views=views, confirmed=confirmed, weighed=weighed, signed=signed is not None
    )


def signed_selection(lot: LotOrders, offer: Offer) -> BuyerSelection:
    """The services that the buyer's signature of an offer confirmed.

    A signature from before they were asked one by one took the terms with all of them, as its
    consent said.
    """
    signed = Signature.objects.filter(offer=offer, side=Side.BUYER).first()
    if signed is None or "services" not in signed.particulars:
        return BuyerSelection(every_service=True)
    told = {
        (s["order"], s["line"], s["text"]) for s in signed.particulars["services"] if s["confirmed"]
    }
    asked = services_asked_for_lot(lot.batch, lot.lock)
    return BuyerSelection(
        services=frozenset(
            v.id for v in asked if (v.order.ref, v.line_no, digest_text(v.text)) in told
        )
    )


def offered_totals_by_reference(offer: Offer | None) -> dict[str, tuple[int, dict[int, int]]]:
    """By reference: the order's offered total, and its lines' by number."""
    if offer is None:
        return {}
    return {
        entry[0]: (entry[5], {line[0]: line[3] for line in entry[11]})
        for entry in parse_offered_entries(offer)
    }


def past_order_numbers(lock: Lock) -> list[str]:
    return list(
        RepeatOrder.objects.filter(lock=lock)
        .order_by("position")
        .values_list("past_order__number", flat=True)
    )


def rate_chart_of(found: Renegotiation) -> rate_chart.RateChart:
    """The rate or the index up to the trigger, against its base and band. It ends with what
    triggered, whatever came later."""
    fx = found.kind == TriggerKind.FX
    values = _exchange_rate_history(found) if fx else _index_value_history(found)
    values[found.new_rate_set.published_on if fx else found.new_close.closed_on] = found.new_value
    return rate_chart.plot_rates(
        sorted(values.items()), base=found.base_value, limit=found.limit, both=fx
    )


def _exchange_rate_history(found: Renegotiation) -> dict[dt.date, Decimal]:
    base, quote = found.name.split("/")
    until = found.new_rate_set.published_on
    since = min(found.base_rate_set.published_on, until - dt.timedelta(days=HISTORY_DAYS))
    sets = rate_sets(found.store).filter(published_on__range=(since, until))
    values: dict[dt.date, Decimal] = {}
    for row in sets.order_by("published_on", "pk").prefetch_related("rates"):
        per_euro = {rate.currency: rate.per_euro for rate in row.rates.all()} | {"EUR": Decimal(1)}
        if per_euro.get(base) and per_euro.get(quote):
            values[row.published_on] = round(per_euro[quote] / per_euro[base], 6)
    return values


def _index_value_history(found: Renegotiation) -> dict[dt.date, Decimal]:
    until = found.new_close.closed_on
    closes = IndexClose.objects.filter(
        series=found.name, closed_on__range=(until - dt.timedelta(days=HISTORY_DAYS), until)
    )
    closes = closes if found.store.sandbox else closes.exclude(source=SIMULATED)
    return dict(closes.order_by("closed_on", "pk").values_list("closed_on", "value"))


def list_follow_up_batches(batch: Batch) -> list[Batch]:
    """Batches that quote again what ended here without agreement."""
    after = Batch.objects.filter(store=batch.store_id, quoted_after__lock__subject=batch.ref)
    return list(after.order_by("created_at"))


def buyer_grant_id(batch: Batch) -> uuid.UUID | None:
    grants = Grant.objects.filter(store=batch.store_id, subject=batch.ref, buyer=batch.buyer_id)
    return grants.values_list("pk", flat=True).first()


def list_undelivered_emails(store_id: int, grant_id: uuid.UUID | None) -> list[Letter]:
    """Letters to the buyer of this grant that could not be sent so far, and are being tried
    again."""
    if grant_id is None:
        return []
    failing = Letter.objects.filter(
        store_id=store_id,
        kind__in=BUYER_EMAIL_KINDS,
        sent_at__isnull=True,
        attempts__gt=0,
        subjects__grant=str(grant_id),
    )
    return list(failing.order_by("written_at"))
