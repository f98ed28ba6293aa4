"""A renegotiated lot as an offer sees it: its locked lines, and what other prices make of every
order."""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marketplace.gc_control import pause_garbage_collector
from pricing import renegotiation as core
from pricing.agreements import digest_of
from pricing.fees import PricedOrder
from pricing.models import Lock, Offer, OfferTerms, Renegotiation
from pricing.renegotiation import LockedLotLine, Proposal
from pricing.totals import Amounts, amounts_of, build_amounts, sum_amounts
from repurchase.batches.queries.lot_terms import locked_term_entries
from repurchase.batches.queries.partial_repricing import reprice_at_totals
from repurchase.models import Batch, LineOutcome, RepeatLine, RepeatOrder

VERSION = "offer-1"
MONEY = ("goods", "freight", "tax", "total")


@dataclass(frozen=True, kw_only=True, slots=True)
class LotOrders:
    """The orders of a lock by id, and their planned lines as they were locked."""

    lock: Lock
    batch: Batch
    orders: Mapping[int, RepeatOrder]
    lines: Sequence[LockedLotLine]

    @property
    def skus(self) -> set[str]:
        return {line.sku for line in self.lines}

    def pieces(self, *, without: Collection[int] = ()) -> Counter[int]:
        """By SKU id, what these orders need but for some lines, by id: one query."""
        pieces: Counter[int] = Counter()
        rows = RepeatLine.objects.filter(
            order__in=self.orders, outcome=LineOutcome.PLANNED
        ).exclude(pk__in=without)
        for sku_id, quantity in rows.values_list("sku_id", "quantity"):
            pieces[sku_id] += quantity
        return pieces


@dataclass(frozen=True, kw_only=True, slots=True)
class PricedProposal:
    """What a proposal comes to: line prices by line id, every order priced again, the lot's
    sums."""

    totals: Mapping[int, int]
    priced: Mapping[int, PricedOrder]
    money: Mapping[str, int]


def load_lot_orders(lock: Lock) -> LotOrders:
    """Four queries for any number of orders. Their locked prices are those of the lock's own
    terms, whatever came since."""
    batch = Batch.objects.select_related("store", "buyer").get(
        store=lock.store_id, ref=lock.subject
    )
    orders = {
        order.pk: order for order in RepeatOrder.objects.filter(lock=lock).order_by("position")
    }
    locked = locked_line_prices(lock, orders.values())
    rows = RepeatLine.objects.filter(order__in=orders, outcome=LineOutcome.PLANNED)
    names = ("id", "order_id", "line_no", "sku__code", "quantity")
    lines = [
        LockedLotLine(
            id=pk, order=order, sku=sku, quantity=quantity, minor=locked[orders[order].ref, no]
        )
        for pk, order, no, sku, quantity in rows.order_by("order_id", "line_no").values_list(*names)
    ]
    return LotOrders(lock=lock, batch=batch, orders=orders, lines=lines)


def locked_line_prices(lock: Lock, orders) -> dict[tuple[str, int], int]:
    """(order's reference, line number) → locked price, from the terms that were kept at the
    lock."""
    refs = {order.ref for order in orders}
    return {
        (entry[0], line[0]): line[3]
        for entry in locked_term_entries(lock)
        if entry[0] in refs
        for line in entry[11]
    }


def total_of_entries(entries: Iterable[Sequence[Any]]) -> Amounts:
    """What the orders of a lock's or an offer's terms come to."""
    return sum_amounts(build_amounts(*entry[2:6]) for entry in entries)


@pause_garbage_collector()
def price_proposal(lot: LotOrders, proposal: Proposal) -> PricedProposal:
    """Fees and tax follow from the new prices by the lock's own frozen rates (ADR 5)."""
    totals = core.offered_by_line(proposal, lot.lines, lot.lock.currency)
    priced = reprice_at_totals(lot.batch, lot.orders, totals)
    sums = sum_amounts(amounts_of(each) for each in priced.values())
    return PricedProposal(
        totals=totals, priced=priced, money={name: getattr(sums, name) for name in MONEY}
    )


def canonical_offer_terms(
    renegotiation: Renegotiation,
    lot: LotOrders,
    worked: PricedProposal,
    *,
    version: int,
    side: str,
    proposal: Proposal,
) -> bytes:
    """Canonical JSON: the locked terms word for word, with nothing changed but the amounts that
    follow from the proposal."""
    by_ref = {lot.orders[pk].ref: priced for pk, priced in worked.priced.items()}
    prices: dict[str, list[int]] = defaultdict(list)
    for line in lot.lines:
        prices[lot.orders[line.order].ref].append(worked.totals[line.id])
    content = {
        "version": VERSION,
        "renegotiation": str(renegotiation.pk),
        "lock": str(lot.lock.pk),
        "locked_terms": lot.lock.terms_digest,
        "offer": version,
        "side": side,
        "proposal": proposal.said(),
        "orders": [
            _entry_with_new_prices(entry, by_ref[entry[0]], prices[entry[0]])
            for entry in locked_term_entries(lot.lock)
            if entry[0] in by_ref
        ],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _entry_with_new_prices(
    entry: list[Any], priced: PricedOrder, prices: Sequence[int]
) -> list[Any]:
    money = [priced.goods_minor, priced.freight_minor, priced.tax_minor, priced.total_minor]
    lines = [[*line[:3], price] for line, price in zip(entry[11], prices, strict=True)]
    return [*entry[:2], *money, *entry[6:11], lines, *entry[12:]]


def parse_offered_entries(offer: Offer) -> list[list[Any]]:
    """The orders of an offer's terms. ValueError when the kept bytes are no longer those of its
    digest."""
    return json.loads(offered_terms_bytes(offer))["orders"]


def offered_terms_bytes(offer: Offer) -> bytes:
    text = bytes(OfferTerms.objects.values_list("text", flat=True).get(offer=offer))
    if digest_of(text) != offer.digest:
        raise ValueError(f"offer {offer.pk}: its terms are no longer those that were offered")
    return text
