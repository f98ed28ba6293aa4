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
class LockedOrderLine:
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
    lines: Sequence[LockedOrderLine]
    commission: Mapping[str, Decimal]
    tariff: fees.FeeTariff
    ear_due: bool
    quote: freight.FreightQuote


def price_without_lines(
    order: LockedOrder,
    dropped: Collection[int],
    *,
    cards: Sequence[freight.FreightCard],
    rates: Rates,
    day: dt.date,
) -> fees.PricedOrder | None:
    """What is left without the lines of these ids; None when no line is: the order leaves, and its
    freight with it."""
    kept = [line for line in order.lines if line.id not in dropped]
    if not kept:
        return None
    return _price_lines(order, kept, _cheaper_quote(order, kept, cards, rates), rates, day)


def price_at_totals(
    order: LockedOrder, totals: Mapping[int, int], *, rates: Rates, day: dt.date
) -> fees.PricedOrder:
    """The same lines at other prices (`totals` by line id, minor units): freight, quote and every
    rate as locked (ADR 5)."""
    return _price_lines(order, with_line_totals(order, totals).lines, order.quote, rates, day)


def with_line_totals(order: LockedOrder, totals: Mapping[int, int]) -> LockedOrder:
    """The order as it would have been locked at these prices (`totals` by line id, minor units)."""
    return replace(
        order, lines=[replace(line, total_minor=totals[line.id]) for line in order.lines]
    )


def _price_lines(
    order: LockedOrder,
    lines: Sequence[LockedOrderLine],
    quote: freight.FreightQuote,
    rates: Rates,
    day: dt.date,
) -> fees.PricedOrder:
    to_price = fees.OrderToPrice(
        goods=tuple(_goods_to_price(order, line) for line in lines),
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


def _goods_to_price(order: LockedOrder, line: LockedOrderLine) -> fees.CommissionGoods:
    """A SKU that was put into another category since takes the highest of the order's locked
    rates."""
    rate = order.commission.get(line.category_code, max(order.commission.values()))
    return fees.intern_goods(line.category_code, rate, order.ear_due and line.ear_controlled)


def _cheaper_quote(
    order: LockedOrder,
    kept: Sequence[LockedOrderLine],
    cards: Sequence[freight.FreightCard],
    rates: Rates,
) -> freight.FreightQuote:
    """The same service's price for what is left; the locked one where there is none or it is
    dearer."""
    locked = order.quote
    if any(line.weight_g is None for line in kept):
        return locked
    (service,) = freight.services_reaching(
        cards,
        service_ids=[locked.service_id],
        region=order.region,
        special_channel=order.special_channel,
    )
    lighter = service.quote(_remaining_parcel(kept))
    if lighter is None or lighter.weight_g > locked.weight_g:
        return locked
    return min((locked, lighter), key=lambda q: _cost_in_currency(q, rates, order.currency))


def _remaining_parcel(kept: Sequence[LockedOrderLine]) -> freight.Parcel:
    return freight.Parcel(
        weight_g=sum((line.weight_g or 0) * line.quantity for line in kept),
        volume_cm3=sum((line.volume_cm3 or 0) * line.quantity for line in kept),
    )


def _cost_in_currency(quote: freight.FreightQuote, rates: Rates, currency: str):
    return rates.convert(quote.cost.minor, quote.cost.currency, currency)
