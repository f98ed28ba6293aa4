"""Tariffs as core values, as in force on the platform's day, in a constant number of queries."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.db.models import Q

from marketplace import territories
from marketplace.calendar import platform_day
from marketplace.models import (
    Channel,
    CommissionRate,
    RateCard,
    Registration,
    Scheme,
    Store,
    TaxRate,
)
from marketplace.money import Money
from marketplace.policy import PolicyNumber
from pricing.fees import FeeTariff
from pricing.freight import FreightCard
from pricing.order_cost import TariffFacts
from pricing.tax import TaxRule


def tariff_facts(
    *,
    store: Store,
    countries: Collection[str],
    category_ids: Collection[int],
    now: dt.datetime,
    policies: Mapping[str, PolicyNumber],
) -> TariffFacts:
    """Four queries. `policies`: `marketplace.policy.in_force`, or what a batch has kept of it."""
    day = platform_day(now)
    around = territories.related_countries(countries)
    return TariffFacts(
        day=day,
        commission=_commission_rates(category_ids, day),
        cards=_cards_by_country(store, countries, day),
        tax_rules=_tax_rules(around, day),
        registrations=_registration_numbers(store, around, day),
        tariff=tariff_of(policies),
    )


def freight_cards(
    *, store: Store, countries: Collection[str], now: dt.datetime
) -> Mapping[str, Sequence[FreightCard]]:
    """By country, as in force on the platform's day: this store's negotiated ones and the public
    ones."""
    return _cards_by_country(store, countries, platform_day(now))


def tariffs_changed_since(*, store: Store, at: dt.datetime) -> bool:
    """Whether a row that prices this store's orders was written after `at`."""
    rows = (
        CommissionRate.objects.all(),
        TaxRate.objects.all(),
        RateCard.objects.filter(Q(store=store) | Q(store=None)),
        Registration.objects.filter(store=store),
    )
    return any(each.filter(mirrored_at__gt=at).exists() for each in rows)


def tariff_of(policies: Mapping[str, PolicyNumber]) -> FeeTariff:
    return FeeTariff(
        payment_rate=Decimal(policies["payment_fee_rate"]),
        vat_remittance_rate=Decimal(policies["vat_remittance_rate"]),
        return_warehouse=Money.of(policies["return_warehouse_usd"], "USD"),
        ear_review=Money.of(policies["ear_review_usd"], "USD"),
    )


def _commission_rates(category_ids: Collection[int], day: dt.date) -> Mapping[int, Decimal]:
    rows = CommissionRate.objects.on(day).filter(category_id__in=category_ids, rate__isnull=False)
    return dict(rows.values_list("category_id", "rate"))


def _cards_by_country(
    store: Store, countries: Collection[str], day: dt.date
) -> Mapping[str, Sequence[FreightCard]]:
    rows = (
        RateCard.objects.on(day)
        .filter(Q(store=store) | Q(store=None), country__in=countries, base_minor__isnull=False)
        .select_related("service")
        .order_by("country", "service_id", "min_weight_g", "id")
    )
    cards: dict[str, list[FreightCard]] = defaultdict(list)
    for row in rows:
        cards[row.country].append(_build_card(row))
    return dict(cards)


def _build_card(row: RateCard) -> FreightCard:
    return FreightCard(
        service_id=row.service_id,
        negotiated=row.store_id is not None,
        currency=row.currency,
        min_weight_g=row.min_weight_g,
        base_minor=row.base_minor,
        step_g=row.step_g,
        step_minor=row.step_minor,
        minimum_minor=row.minimum_minor,
        region=row.region,
        special_channel=row.channel == Channel.SPECIAL,
        divisor=row.service.volumetric_divisor or 0,
    )


def _tax_rules(countries: Collection[str], day: dt.date) -> Mapping[str, TaxRule]:
    rows = TaxRate.objects.on(day).filter(country__in=countries, rate__isnull=False)
    return {
        row.place: TaxRule(category=row.category, rate=row.rate, reverse_charge=row.reverse_charge)
        for row in rows
    }


def _registration_numbers(
    store: Store, countries: Collection[str], day: dt.date
) -> Mapping[str, str]:
    """The newest number of each country that is valid on the day; the last valid day counts."""
    valid = Q(valid_until=None) | Q(valid_until__gte=day)
    rows = (
        Registration.objects.filter(
            valid, store=store, scheme=Scheme.VAT, jurisdiction__in=countries, valid_from__lte=day
        )
        .order_by("jurisdiction", "-valid_from", "number")
        .distinct("jurisdiction")
    )
    return dict(rows.values_list("jurisdiction", "number"))
