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
from pricing.renegotiation import LockedLine, Side, SkuDiff
from pricing.services.renegotiation import current, drafts, live_code
from pricing.totals import Amounts, added, amounts_of
from pricing.triggers import Kind
from repurchase.batches.customisation_notes import digest_of
from repurchase.batches.queries.customisations import ServiceView
from repurchase.batches.queries.pagination import PAGE
from repurchase.confirmation import rate_chart
from repurchase.confirmation.queries.offer_amounts import (
    LotOrders,
    entries_amounts,
    locked_entries,
    lot_orders,
    offered_entries,
    work_out,
)
from repurchase.confirmation.queries.order_totals import (
    NO_TICKS,
    Ticks,
    Weighed,
    asked_of,
    weigh_offer,
)
from repurchase.models import Batch, RepeatOrder
from repurchase.models.order_states import ACCEPTED

HISTORY_DAYS = 30
BUYER_LETTERS = (
    "repurchase.invitation", "repurchase.renegotiating_buyer", "repurchase.offer_buyer", "repurchase.signing_code",
    "repurchase.signed_buyer",
)  # fmt: skip
"""Those that the buyer needs to act: one that can't be sent alarms the seller."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MoneyRow:
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
class Converted:
    """The lot's total in the store's settlement currency: as locked then, as locked today, as
    offered today."""

    currency: str
    then: Money
    today: Money
    offered: Money | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SkuRow:
    diff: SkuDiff
    title: str
    currency: str
    price: str  # a piece, as locked on average, to start from


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An offer or a remark, in the thread."""

    at: dt.datetime
    side: str
    who: str
    offer: Offer | None = None
    remark: Remark | None = None
    signatures: Sequence[Signature] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The customised services that a signature confirms or leaves out, and what the lot comes to
    with these ticks."""

    views: Sequence[ServiceView]
    confirmed: Collection[int]
    weighed: Weighed
    signed: bool  # by the buyer: the ticks are given, no longer asked


@dataclass(frozen=True, kw_only=True, slots=True)
class Talks:
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
    thread: Sequence[Entry]
    money: Sequence[MoneyRow]
    converted: Converted | None
    skus: Sequence[SkuRow]
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


def renegotiation(store: Store, pk: uuid.UUID) -> Renegotiation:
    return get_object_or_404(_related(), store=store, pk=pk)


def of_subject(store_id: int, subject: str) -> list[Renegotiation]:
    """Of a batch's locks, the first opened first."""
    found = _related().filter(store=store_id, lock__subject=subject)
    return list(found.order_by("opened_at", "pk"))


def of_store(store: Store) -> QuerySet[Renegotiation]:
    return _related().filter(store=store).order_by("-opened_at", "pk")


def live(store: Store, now: dt.datetime) -> list[Renegotiation]:
    """Those that still wait for signatures, the first to end first."""
    return list(_related().filter(store=store).live_at(now).order_by("deadline_at", "pk"))


def live_count(store_id: int, now: dt.datetime) -> int:
    return Renegotiation.objects.filter(store=store_id).live_at(now).count()


def _related() -> QuerySet[Renegotiation]:
    return Renegotiation.objects.select_related(
        "store",
        "lock__store",
        "lock__buyer",
        "base_rate_set",
        "new_rate_set",
        "base_close",
        "new_close",
    )


def state_of(found: Renegotiation, now: dt.datetime) -> tuple[LockStatus, int]:
    return status_at(found.lock, now), seconds_left(found.lock, now)


def talks(found: Renegotiation, *, now: dt.datetime, side: Side, all_skus: bool = False) -> Talks:
    """Everything that a page of `side` shows; a fixed number of queries for any number of
    orders."""
    lock = found.lock
    standing = current(found)
    newest = drafts(found) if side is Side.SELLER else standing
    draft = newest if newest and newest != standing else None
    shown = draft or standing
    lot = lot_orders(lock)
    state = status_at(lock, now)
    locked = _locked(lot)
    agreed = _agreed(lot) if state is LockStatus.CONFIRMED else None
    skus = _skus(lot.lines, shown, found, lock.currency)
    signed = (
        {each.side: each for each in Signature.objects.filter(offer=standing)} if standing else {}
    )
    return Talks(
        renegotiation=found,
        lock=lock,
        orders=len(lot.orders),
        batch=lot.batch,
        state=state,
        seconds_left=seconds_left(lock, now),
        standing=standing,
        draft=draft,
        thread=_thread(found, side, lot.batch),
        money=_money(lock, locked, shown, agreed),
        confirmed=Money(agreed.total, lock.currency) if agreed else None,
        converted=_converted(found, locked, shown) if side is Side.SELLER else None,
        skus=skus if all_skus else skus[:PAGE],
        more_skus=0 if all_skus else max(0, len(skus) - PAGE),
        now=now,
        signed=signed,
        code=live_code(standing, Side.BUYER, now) if standing and side is Side.BUYER else None,
        quotes=list(found.fresh_quotes.order_by("created_at")) if side is Side.SELLER else (),
    )


def _agreed(lot: LotOrders) -> Amounts:
    """What was really confirmed: without the lines and orders that were left out, or are held
    back."""
    return added(amounts_of(order) for order in lot.orders.values() if order.status in ACCEPTED)


def _locked(lot: LotOrders) -> Amounts:
    """As it was locked, of the orders that the lot still holds."""
    refs = {order.ref for order in lot.orders.values()}
    return entries_amounts(entry for entry in locked_entries(lot.lock) if entry[0] in refs)


def _money(
    lock: Lock, locked: Amounts, shown: Offer | None, agreed: Amounts | None
) -> list[MoneyRow]:
    """Net parts, tax and total: they add up whether or not the prices include tax. Once confirmed,
    what was."""
    offered = agreed or (entries_amounts(offered_entries(shown)) if shown else None)
    return [
        MoneyRow(
            name=name,
            locked=Money(getattr(locked, name), lock.currency),
            offered=Money(getattr(offered, name), lock.currency) if offered else None,
        )
        for name in ("goods_net", "freight_net", "tax", "total")
    ]


def _skus(
    lines: Sequence[LockedLine], shown: Offer | None, found: Renegotiation, currency: str
) -> list[SkuRow]:
    proposal = shown.proposal if shown else core.keep()
    diffs = core.by_sku(lines, core.offered(proposal, lines, currency))
    titles = dict(
        Sku.objects.filter(store=found.store_id, code__in=[d.sku for d in diffs]).values_list(
            "code", "title"
        )
    )
    return [
        SkuRow(diff=d, title=titles.get(d.sku, ""), currency=currency, price=_price(d, currency))
        for d in diffs
    ]


def _price(diff: SkuDiff, currency: str) -> str:
    each = Money(diff.locked_minor, currency).amount / diff.quantity
    return core.plain(each.quantize(Decimal("0.0001")))


def _converted(found: Renegotiation, locked: Amounts, shown: Offer | None) -> Converted | None:
    """What the exchange rate made of the lot: only where it is the reason. "Then" is what the lock
    froze (ADR 10)."""
    lock = found.lock
    to = found.store.settlement_currency
    if found.kind != Kind.FX or found.new_rate_set is None:
        return None
    then, today = rates_of_locks([lock])[lock.pk], rates_of(found.new_rate_set)

    def money(minor: int, rates: Rates) -> Money:
        return Money(rates.exchange(minor, lock.currency, to), to)

    return Converted(
        currency=to,
        then=money(locked.total, then),
        today=money(locked.total, today),
        offered=money(shown.total_minor, today) if shown else None,
    )


def _thread(found: Renegotiation, side: Side, batch: Batch) -> list[Entry]:
    """Versions and remarks by time. The buyer never sees who of the store wrote, nor a draft."""
    offers = found.offers.all() if side is Side.SELLER else found.offers.standing()
    offers = list(offers.select_related("approval").prefetch_related("signatures"))
    remarks = list(found.remarks.all())
    names = _names([*offers, *remarks]) if side is Side.SELLER else {}

    def who(said: Offer | Remark) -> str:
        if said.side == Side.BUYER:
            return batch.buyer.name
        return names.get(said.by, batch.store.name)

    entries = [
        Entry(at=o.at, side=o.side, who=who(o), offer=o, signatures=list(o.signatures.all()))
        for o in offers
    ]
    entries += [Entry(at=r.at, side=r.side, who=who(r), remark=r) for r in remarks]
    return sorted(entries, key=lambda entry: entry.at)


def _names(said: Sequence[Any]) -> dict[str, str]:
    ids = {each.by.removeprefix("user:") for each in said if each.by.startswith("user:")}
    users = User.objects.filter(pk__in=[pk for pk in ids if pk.isdecimal()])
    return {f"user:{user.pk}": user.name or user.email for user in users}


def services_of(found: Renegotiation, talks_: Talks, ticks: Ticks | None = None) -> Asked | None:
    """The customised services of a renegotiated lot with what they come to; None where none is
    asked, or nothing offered.

    `ticks` None: as the buyer has signed, else none ticked yet.
    """
    offer = talks_.standing
    if offer is None or not talks_.live or not asked_of(talks_.batch, found.lock):
        return None
    lot = lot_orders(found.lock)
    signed = talks_.signed.get(Side.BUYER)
    given = ticks if ticks is not None else ticks_of(lot, offer) if signed else NO_TICKS
    weighed = weigh_offer(lot, work_out(lot, offer.proposal), given)
    confirmed = {view.id for view in weighed.confirmed}
    views = sorted(
        [*weighed.confirmed, *weighed.unconfirmed],
        key=lambda v: (v.order.position, v.line_no or 0, v.id),
    )
    return Asked(views=views, confirmed=confirmed, weighed=weighed, signed=signed is not None)


def ticks_of(lot: LotOrders, offer: Offer) -> Ticks:
    """The services that the buyer's signature of an offer confirmed.

    A signature from before they were asked one by one took the terms with all of them, as its
    consent said.
    """
    signed = Signature.objects.filter(offer=offer, side=Side.BUYER).first()
    if signed is None or "services" not in signed.particulars:
        return Ticks(every_service=True)
    told = {
        (s["order"], s["line"], s["text"]) for s in signed.particulars["services"] if s["confirmed"]
    }
    asked = asked_of(lot.batch, lot.lock)
    return Ticks(
        services=frozenset(
            v.id for v in asked if (v.order.ref, v.line_no, digest_of(v.text)) in told
        )
    )


def offered_orders(offer: Offer | None) -> dict[str, tuple[int, dict[int, int]]]:
    """By reference: the order's offered total, and its lines' by number."""
    if offer is None:
        return {}
    return {
        entry[0]: (entry[5], {line[0]: line[3] for line in entry[11]})
        for entry in offered_entries(offer)
    }


def past_numbers(lock: Lock) -> list[str]:
    return list(
        RepeatOrder.objects.filter(lock=lock)
        .order_by("position")
        .values_list("past_order__number", flat=True)
    )


def chart(found: Renegotiation) -> rate_chart.Chart:
    """The rate or the index up to the trigger, against its base and band. It ends with what
    triggered, whatever came later."""
    fx = found.kind == Kind.FX
    values = _fx_history(found) if fx else _index_history(found)
    values[found.new_rate_set.published_on if fx else found.new_close.closed_on] = found.new_value
    return rate_chart.chart(
        sorted(values.items()), base=found.base_value, limit=found.limit, both=fx
    )


def _fx_history(found: Renegotiation) -> dict[dt.date, Decimal]:
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


def _index_history(found: Renegotiation) -> dict[dt.date, Decimal]:
    until = found.new_close.closed_on
    closes = IndexClose.objects.filter(
        series=found.name, closed_on__range=(until - dt.timedelta(days=HISTORY_DAYS), until)
    )
    closes = closes if found.store.sandbox else closes.exclude(source=SIMULATED)
    return dict(closes.order_by("closed_on", "pk").values_list("closed_on", "value"))


def quotes_after(batch: Batch) -> list[Batch]:
    """Batches that quote again what ended here without agreement."""
    after = Batch.objects.filter(store=batch.store_id, quoted_after__lock__subject=batch.ref)
    return list(after.order_by("created_at"))


def grant_of(batch: Batch) -> uuid.UUID | None:
    grants = Grant.objects.filter(store=batch.store_id, subject=batch.ref, buyer=batch.buyer_id)
    return grants.values_list("pk", flat=True).first()


def undelivered(store_id: int, grant_id: uuid.UUID | None) -> list[Letter]:
    """Letters to the buyer of this grant that could not be sent so far, and are being tried
    again."""
    if grant_id is None:
        return []
    failing = Letter.objects.filter(
        store_id=store_id,
        kind__in=BUYER_LETTERS,
        sent_at__isnull=True,
        attempts__gt=0,
        subjects__grant=str(grant_id),
    )
    return list(failing.order_by("written_at"))
