"""What an order would cost (B-7): the store's tariffs of today, or supposed ones. Nothing is
written."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import policy
from marketplace.models import CarrierService, Category, Store
from marketplace.money import Money, Rates
from marketplace.queries import latest_rates
from pricing.order_cost import OrderCostLine, OrderCostRequest, TariffFacts
from pricing.queries import tariff_facts
from pricing.what_if import Changes, WhatIfCase, WhatIfOutcome, apply_changes, simulate
from repurchase.models import OrderFee


@dataclass(frozen=True, kw_only=True, slots=True)
class QuoteRequestLine:
    category: str
    amount: str
    ear_controlled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class QuoteRequest:
    """An order that may be: amounts as decimal texts of its currency."""

    currency: str
    country: str
    lines: Sequence[QuoteRequestLine]
    weight_g: int
    postal_code: str = ""
    region: str = ""
    freight: str = "0"
    prices_include_tax: bool = False
    local_return: bool = False
    special_clearance: bool = False
    carrier_service: str = ""  # "": the cheapest that has a card
    volume_cm3: int = 0
    buyer_tax_number: str = ""
    buyer_tax_number_checked: bool = False
    cost: str = "0"
    cost_currency: str = ""  # "": the store's settlement currency
    wished_margin: Decimal | None = None
    changes: Changes = field(default_factory=Changes)


@dataclass(frozen=True, kw_only=True, slots=True)
class FeeQuote:
    asked: QuoteRequest
    cost: Money
    outcome: WhatIfOutcome
    fees: Sequence[OrderFee]  # not saved
    service: str
    rates: Rates
    day: dt.date


def quote(*, store: Store, asked: QuoteRequest, now: dt.datetime) -> FeeQuote:
    """AMOUNT_INVALID, CURRENCY_UNKNOWN, INPUT_INVALID for a category or service that does not
    exist, FX_RATE_STALE, and what pricing an order raises: TAX_CODE_MISSING, FREIGHT_UNAVAILABLE,
    COMMISSION_RATE_MISSING, FX_RATE_MISSING."""
    values = policy.in_force(now)
    rates = latest_rates(now, store=store, max_age_days=int(values["fx_max_age_days"]))
    categories = _category_ids_by_code(asked)
    facts = tariff_facts(
        store=store,
        countries=[asked.country],
        category_ids=set(categories.values()),
        now=now,
        policies=values,
    )
    facts, rates = apply_changes(facts, rates, asked.changes, category_ids=categories.values())
    services = _carrier_services(asked, facts)
    cost = Money.of(asked.cost, asked.cost_currency or store.settlement_currency)
    case = WhatIfCase(
        wanted=_build_order_to_price(asked, categories, services),
        cost=cost,
        wished_margin=asked.wished_margin,
    )
    outcome = simulate(case, facts=facts, rates=rates)
    fees = [
        OrderFee.of(fee, position=n) for n, fee in enumerate(outcome.offer.priced.fees, start=1)
    ]
    service = services[outcome.offer.quote.service_id]
    return FeeQuote(
        asked=asked,
        cost=cost,
        outcome=outcome,
        fees=fees,
        service=service,
        rates=rates,
        day=facts.day,
    )


def _category_ids_by_code(asked: QuoteRequest) -> Mapping[str, int]:
    wanted = {line.category for line in asked.lines}
    found = dict(Category.objects.filter(code__in=wanted).values_list("code", "pk"))
    if missing := sorted(wanted - set(found)):
        raise Problem(Code.INPUT_INVALID, detail=f"category: {', '.join(missing)}")
    return found


def _carrier_services(asked: QuoteRequest, facts: TariffFacts) -> Mapping[int, str]:
    """Those that have a card for the country, by id: the one asked for, or all of them."""
    ids = {card.service_id for card in facts.cards.get(asked.country, ())}
    services = dict(CarrierService.objects.filter(pk__in=ids).values_list("pk", "code"))
    if not asked.carrier_service:
        return services
    if not CarrierService.objects.filter(code=asked.carrier_service).exists():
        raise Problem(Code.INPUT_INVALID, detail=f"carrier_service: {asked.carrier_service}")
    return {pk: code for pk, code in services.items() if code == asked.carrier_service}


def _build_order_to_price(
    asked: QuoteRequest, categories: Mapping[str, int], services: Mapping[int, str]
) -> OrderCostRequest:
    currency = asked.currency
    return OrderCostRequest(
        currency=currency,
        country=asked.country,
        postal_code=asked.postal_code,
        region=asked.region,
        lines=[
            OrderCostLine(
                category_id=categories[line.category],
                category_code=line.category,
                total_minor=Money.of(line.amount, currency).minor,
                ear_controlled=line.ear_controlled,
                weight_g=0 if place else asked.weight_g,  # known of the parcel, not of its lines
                volume_cm3=0 if place else asked.volume_cm3,
            )
            for place, line in enumerate(asked.lines)
        ],
        freight_minor=Money.of(asked.freight, currency).minor,
        prices_include_tax=asked.prices_include_tax,
        local_return=asked.local_return,
        special_channel=asked.special_clearance,
        service_ids=list(services),
        buyer_number=asked.buyer_tax_number,
        buyer_number_checked=asked.buyer_tax_number_checked,
    )
