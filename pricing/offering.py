"""What an order would cost: its destination, tax, carrier and fees put together. Pure.

Plans, quotes and the simulator all ask here, so that they can't come to different amounts.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from marketplace import territories
from marketplace.money import Rates
from pricing import fees, freight, tax


@dataclass(frozen=True, kw_only=True, slots=True)
class TariffFacts:
    """What prices an order on `day`. What is not in force is not in the mappings; nothing defaults to zero."""

    day: dt.date
    commission: Mapping[int, Decimal]  # by category id
    cards: Mapping[
        str, Sequence[freight.Card]
    ]  # by country: this store's negotiated ones and the public ones
    tax_rules: Mapping[str, tax.TaxRule]  # by place: a country, or a territory with rates of its own
    registrations: Mapping[str, str]  # the store's VAT or GST numbers, by jurisdiction
    tariff: fees.Tariff


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """`total_minor`: what the buyer pays for it. Weight and volume are the line's, not a piece's."""

    category_id: int
    category_code: str
    total_minor: int
    ear_controlled: bool
    weight_g: int
    volume_cm3: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    currency: str
    country: str
    postal_code: str
    region: str
    lines: Sequence[Line]
    freight_minor: int  # charged to the buyer
    prices_include_tax: bool
    local_return: bool
    special_channel: bool
    service_ids: Collection[int]  # that reach the destination
    buyer_number: str
    buyer_number_checked: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    destination: territories.Destination
    treatment: tax.Treatment
    quote: freight.Quote
    order: fees.OrderToPrice
    priced: fees.Priced


def offer(wanted: Wanted, *, facts: TariffFacts, rates: Rates) -> Offer:
    """TAX_CODE_MISSING, FREIGHT_UNAVAILABLE, COMMISSION_RATE_MISSING, FX_RATE_MISSING, ORDER_WITHOUT_LINES."""
    destination = territories.destination(wanted.country, wanted.postal_code, wanted.region)
    treatment = tax.treat(
        facts.tax_rules.get(destination.place),
        destination=destination,
        buyer_number=wanted.buyer_number,
        buyer_number_checked=wanted.buyer_number_checked,
        seller_registration=facts.registrations.get(destination.registration, ""),
    )
    quote = freight.cheapest(
        facts.cards.get(wanted.country, ()),
        service_ids=wanted.service_ids,
        parcel=_parcel(wanted),
        rates=rates,
        currency=wanted.currency,
        country=wanted.country,
    )
    order = fees.OrderToPrice(
        currency=wanted.currency,
        destination=destination,
        lines=tuple([_priced(line, facts) for line in wanted.lines]),
        freight_minor=wanted.freight_minor,
        prices_include_tax=wanted.prices_include_tax,
        treatment=treatment,
        quote=quote,
        local_return=wanted.local_return,
    )
    priced = fees.price(order, tariff=facts.tariff, rates=rates, day=facts.day)
    return Offer(destination=destination, treatment=treatment, quote=quote, order=order, priced=priced)


def _parcel(wanted: Wanted) -> freight.Parcel:
    return freight.Parcel(
        weight_g=sum([line.weight_g for line in wanted.lines]),
        volume_cm3=sum([line.volume_cm3 for line in wanted.lines]),
        region=wanted.region,
        special_channel=wanted.special_channel,
    )


def _priced(line: Line, facts: TariffFacts) -> fees.PricedLine:
    return fees.PricedLine(
        category_code=line.category_code,
        commission_rate=facts.commission.get(line.category_id),
        total_minor=line.total_minor,
        ear_controlled=line.ear_controlled,
    )
