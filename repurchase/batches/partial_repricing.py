"""A locked order without some of its lines, or at other prices: priced again by the same core,
from what it was locked with (R-15, R-52). Pure.

Every kept line keeps its locked price to the cent, so the order can only become cheaper. Freight
charged to the buyer was agreed for the order and stays as locked while a line of it stays; tax
follows from the smaller base. Commission rates, tariffs and the tax rate are those of the order's
own fee lines, the exchange rates those of its lock. The carrier service stays; its quote is for
the lighter parcel, never dearer than the locked one.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from marketplace.money import Rates
from marketplace.territories import Destination
from pricing import fees, freight
from pricing.tax import Treatment


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedLine:
    id: int
    category_code: str
    total_minor: int  # as locked
    quantity: int
    weight_g: int | None  # of a piece
    volume_cm3: int | None
    ear_controlled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedOrder:
    """`commission` by category code, `tariff`, `ear_due` and `quote`: as its fee lines were
    locked."""

    currency: str
    destination: Destination
    region: str
    special_channel: bool
    freight_minor: int
    prices_include_tax: bool
    treatment: Treatment
    local_return: bool
    lines: Sequence[LockedLine]
    commission: Mapping[str, Decimal]
    tariff: fees.Tariff
    ear_due: bool
    quote: freight.Quote


def without(
    order: LockedOrder,
    dropped: Collection[int],
    *,
    cards: Sequence[freight.Card],
    rates: Rates,
    day: dt.date,
) -> fees.Priced | None:
    """What is left without the lines of these ids; None when no line is: the order leaves, and its
    freight with it."""
    kept = [line for line in order.lines if line.id not in dropped]
    if not kept:
        return None
    return _priced(order, kept, _quote(order, kept, cards, rates), rates, day)


def at_prices(
    order: LockedOrder, totals: Mapping[int, int], *, rates: Rates, day: dt.date
) -> fees.Priced:
    """The same lines at other prices (`totals` by line id, minor units): freight, quote and every
    rate as locked (ADR 5)."""
    return _priced(order, repriced(order, totals).lines, order.quote, rates, day)


def repriced(order: LockedOrder, totals: Mapping[int, int]) -> LockedOrder:
    """The order as it would have been locked at these prices (`totals` by line id, minor units)."""
    return replace(
        order, lines=[replace(line, total_minor=totals[line.id]) for line in order.lines]
    )


def _priced(
    order: LockedOrder,
    lines: Sequence[LockedLine],
    quote: freight.Quote,
    rates: Rates,
    day: dt.date,
) -> fees.Priced:
    to_price = fees.OrderToPrice(
        goods=tuple(_goods(order, line) for line in lines),
        line_totals=tuple(line.total_minor for line in lines),
        freight_minor=order.freight_minor,
        prices_include_tax=order.prices_include_tax,
        local_return=order.local_return,
        quote=quote,
    )
    prices = fees.PriceList(
        currency=order.currency,
        destination=order.destination,
        treatment=order.treatment,
        tariff=order.tariff,
        rates=rates,
        day=day,
    )
    return prices.price(to_price)


def _goods(order: LockedOrder, line: LockedLine) -> fees.Goods:
    """A SKU that was put into another category since takes the highest of the order's locked
    rates."""
    rate = order.commission.get(line.category_code, max(order.commission.values()))
    return fees.goods(line.category_code, rate, order.ear_due and line.ear_controlled)


def _quote(
    order: LockedOrder, kept: Sequence[LockedLine], cards: Sequence[freight.Card], rates: Rates
) -> freight.Quote:
    """The same service's price for what is left; the locked one where there is none or it is
    dearer."""
    locked = order.quote
    if any(line.weight_g is None for line in kept):
        return locked
    (service,) = freight.services(
        cards,
        service_ids=[locked.service_id],
        region=order.region,
        special_channel=order.special_channel,
    )
    lighter = service.quote(_parcel(kept))
    if lighter is None or lighter.weight_g > locked.weight_g:
        return locked
    return min((locked, lighter), key=lambda q: _cost(q, rates, order.currency))


def _parcel(kept: Sequence[LockedLine]) -> freight.Parcel:
    return freight.Parcel(
        weight_g=sum((line.weight_g or 0) * line.quantity for line in kept),
        volume_cm3=sum((line.volume_cm3 or 0) * line.quantity for line in kept),
    )


def _cost(quote: freight.Quote, rates: Rates, currency: str):
    return rates.convert(quote.cost.minor, quote.cost.currency, currency)
