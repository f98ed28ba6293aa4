"""What an order would cost: its destination, tax, carrier and fees put together. Pure.

Plans, quotes and the simulator all ask here, so that they can't come to different amounts.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from marketplace import territories
from marketplace.memoized_lookup import MemoizedLookup
from marketplace.money import Rates
from pricing import fees, freight, tax


@dataclass(frozen=True, kw_only=True, slots=True)
class TariffFacts:
    """What prices an order on `day`. What is not in force is not in the mappings; nothing defaults
    to zero."""

    day: dt.date
    commission: Mapping[int, Decimal]  # by category id
    cards: Mapping[
        str, Sequence[freight.FreightCard]
    ]  # by country: this store's negotiated ones and the public ones
    tax_rules: Mapping[
        str, tax.TaxRule
    ]  # by place: a country, or a territory with rates of its own
    registrations: Mapping[str, str]  # the store's VAT or GST numbers, by jurisdiction
    tariff: fees.FeeTariff


class OrderCostLine(NamedTuple):
    """`total_minor`: what the buyer pays for it. Weight and volume are the line's, not a
    piece's."""

    category_id: int
    category_code: str
    total_minor: int
    ear_controlled: bool
    weight_g: int
    volume_cm3: int


class OrderCostRequest(NamedTuple):
    currency: str
    country: str
    postal_code: str
    region: str
    lines: Sequence[OrderCostLine]
    freight_minor: int  # charged to the buyer
    prices_include_tax: bool
    local_return: bool
    special_channel: bool
    service_ids: Collection[int]  # that reach the destination
    buyer_number: str
    buyer_number_checked: bool


class OrderCost(NamedTuple):
    """`prices`: the price list that `priced` is by; whoever changes `order` prices it again by the
    same."""

    destination: territories.Destination
    treatment: tax.Treatment
    quote: freight.FreightQuote
    prices: fees.PriceList
    order: fees.OrderToPrice
    priced: fees.PricedOrder


class OrderCostCalculator:
    """Makes offers by one set of tariffs and rates. What many orders have in common is resolved
    once."""

    def __init__(self, *, facts: TariffFacts, rates: Rates) -> None:
        self._facts, self._rates = facts, rates
        self._destinations = MemoizedLookup(lambda key: self._priced_destination(*key))
        self._services = MemoizedLookup(lambda key: self._services_reaching(*key))
        self._goods = MemoizedLookup(lambda key: self._rated_goods(*key))

    def offer(self, wanted: OrderCostRequest) -> OrderCost:
        """TAX_CODE_MISSING, FREIGHT_UNAVAILABLE, COMMISSION_RATE_MISSING, FX_RATE_MISSING,
        ORDER_WITHOUT_LINES."""
        destination = territories.find_destination(
            wanted.country, wanted.postal_code, wanted.region
        )
        treatment, prices = self._destinations[
            destination, wanted.currency, wanted.buyer_number, wanted.buyer_number_checked
        ]
        quote = freight.cheapest_quote(
            self._services[
                wanted.country, wanted.region, wanted.special_channel, tuple(wanted.service_ids)
            ],
            parcel=_combined_parcel(wanted),
            rates=self._rates,
            currency=wanted.currency,
            country=wanted.country,
        )
        order = fees.OrderToPrice(
            goods=tuple(
                [
                    self._goods[x.category_id, x.category_code, x.ear_controlled]
                    for x in wanted.lines
                ]
            ),
            line_totals=tuple([line.total_minor for line in wanted.lines]),
            freight_minor=wanted.freight_minor,
            prices_include_tax=wanted.prices_include_tax,
            local_return=wanted.local_return,
            quote=quote,
        )
        return OrderCost(destination, treatment, quote, prices, order, prices.price(order))

    def _priced_destination(
        self, destination: territories.Destination, currency: str, number: str, number_checked: bool
    ) -> tuple[tax.Treatment, fees.PriceList]:
        facts = self._facts
        treatment = tax.determine_treatment(
            facts.tax_rules.get(destination.place),
            destination=destination,
            buyer_number=number,
            buyer_number_checked=number_checked,
            seller_registration=facts.registrations.get(destination.registration, ""),
        )
        prices = fees.PriceList(
            currency=currency,
            destination=destination,
            treatment=treatment,
            tariff=facts.tariff,
            rates=self._rates,
            day=facts.day,
        )
        return treatment, prices

    def _services_reaching(
        self, country: str, region: str, special_channel: bool, service_ids: tuple[int, ...]
    ) -> list[freight.FreightService]:
        return freight.services_reaching(
            self._facts.cards.get(country, ()),
            service_ids=service_ids,
            region=region,
            special_channel=special_channel,
        )

    def _rated_goods(
        self, category_id: int, category_code: str, ear_controlled: bool
    ) -> fees.CommissionGoods:
        return fees.intern_goods(
            category_code, self._facts.commission.get(category_id), ear_controlled
        )


def calculate_order_cost(
    wanted: OrderCostRequest, *, facts: TariffFacts, rates: Rates
) -> OrderCost:
    """One offer; `OrderCostCalculator` for many. Raises what it raises."""
    return OrderCostCalculator(facts=facts, rates=rates).offer(wanted)


def _combined_parcel(wanted: OrderCostRequest) -> freight.Parcel:
    return freight.Parcel(
        weight_g=sum([line.weight_g for line in wanted.lines]),
        volume_cm3=sum([line.volume_cm3 for line in wanted.lines]),
    )
