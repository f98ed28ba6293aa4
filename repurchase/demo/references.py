"""Carriers with lanes and rate cards, categories with commissions, and what destinations demand.
Simulated."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from marketplace.models import (
    SIMULATED,
    CarrierService,
    Category,
    Channel,
    CommissionRate,
    Lane,
    RateCard,
    Registration,
    RegistrationRequirement,
    Scheme,
    Store,
)

LONG_AGO = dt.date(2024, 1, 1)
NOVOSIBIRSK = "Novosibirsk"
STANDARD, EXPRESS, SPECIAL = "cainiao-standard", "cainiao-express", "cainiao-special-line"
SERVICES = {
    STANDARD: "Cainiao Standard 菜鸟无忧标准",
    EXPRESS: "Cainiao Express 菜鸟无忧优先",
    SPECIAL: "Cainiao Special Line 菜鸟专线",
}
# days by Cainiao Standard; the express service halves them
TRANSIT = {
    "AE": 12, "AT": 13, "AU": 15, "BE": 12, "CA": 16, "CH": 14, "CZ": 13, "DE": 12, "DK": 13, "ES": 14, "FI": 15,
    "FR": 13, "GB": 10, "HK": 4, "IE": 14, "IL": 15, "IT": 14, "JE": 14, "JP": 8, "KR": 6, "NL": 11, "NO": 16,
    "NZ": 18, "PL": 13, "PT": 14, "RU": 20, "SE": 14, "SG": 7, "US": 12, "ZA": 22,
}  # fmt: skip
EXPRESS_TO = ("AU", "CA", "DE", "ES", "FR", "GB", "IT", "JP", "NL", "US")
WITHOUT_CARD = "NZ"  # a lane that nobody has quoted: FREIGHT_UNAVAILABLE
OUTSIDE_THE_RANGE = "AU"  # a saving of 25 %, flagged, never forced

# US cents for parcels, cartons and pallets: (from grams, base, step in grams, each begun step)
WEIGHT_BREAKS = ((0, 600, 500, 240), (21_000, 10_680, 1000, 310), (100_000, 35_170, 1000, 220))
SURCHARGE = {STANDARD: Decimal(1), EXPRESS: Decimal("1.8"), SPECIAL: Decimal("1.3")}

VOLUMETRIC_DIVISOR = {EXPRESS: 5000}  # cm³ a kilogram
MINIMUM = 400  # cents a parcel
OVER_THE_SPECIAL_CHANNEL = Decimal("1.2")  # to Novosibirsk

# code, names, commission, exposed to CRB, its source
CATEGORIES = (
    ("apparel", "Apparel", "服装", "0.08", True),
    ("auto-parts", "Auto parts", "汽配", "0.05", True),
    ("machinery", "Industrial equipment", "工业设备", "0.05", True),
    ("electronics", "Electronic components", "电子元件", "0.05", True),
    ("health-care", "Health care", "健康护理", "0.08", False),
    ("drones", "Unmanned aircraft", "无人机", "0.05", True),
    ("new-energy", "New energy parts", "新能源配件", None, True),
)
READ = {"apparel", "auto-parts"}  # the platform's table of 2024, appendix A; the others are assumed

DEMANDED_REGISTRATIONS = (
    (Scheme.EPR, "DE", None, dt.date(2019, 1, 1), "VerpackG § 9 (LUCID)"),
    (Scheme.EPR, "FR", None, dt.date(2022, 1, 1), "Code de l'environnement art. L541-10-13"),
    (Scheme.EPR, "ES", None, dt.date(2023, 1, 1), "Real Decreto 1055/2022"),
    (Scheme.FDA, "US", "health-care", dt.date(2008, 1, 1), "21 CFR part 807"),
)


def load(now: dt.datetime) -> None:
    categories = {code: _make_category(now, code, *rest) for code, *rest in CATEGORIES}
    RegistrationRequirement.objects.bulk_create(
        RegistrationRequirement(
            scheme=scheme,
            country=country,
            jurisdiction=country,
            category=categories.get(code),
            valid_from=valid_from,
            reference=reference,
        )
        for scheme, country, code, valid_from, reference in DEMANDED_REGISTRATIONS
    )
    for code, name in SERVICES.items():
        divisor = VOLUMETRIC_DIVISOR.get(code)
        CarrierService.objects.create(
            code=code, name=name, carrier="Cainiao 菜鸟", volumetric_divisor=divisor
        )
    _make_lanes(now)
    RateCard.objects.bulk_create(_rate_cards(now, store=None))


def _make_category(
    now: dt.datetime, code: str, en: str, zh: str, rate: str | None, exposed: bool
) -> Category:
    category = Category.objects.create(code=code, name_en=en, name_zh=zh, crb_exposed=exposed)
    CommissionRate.objects.create(
        category=category,
        rate=rate,
        valid_from=LONG_AGO,
        source="速卖通2024年佣金费率表" if code in READ else SIMULATED,
        mirrored_at=now,
        assumed=[] if code in READ else ["rate"],
    )
    return category


def _make_lanes(now: dt.datetime) -> None:
    services = {
        service.code: service for service in CarrierService.objects.filter(code__in=SERVICES)
    }
    to_novosibirsk = {"region": NOVOSIBIRSK, "special_clearance": True}
    lanes = [
        *((STANDARD, country, days, {}) for country, days in TRANSIT.items()),
        *((EXPRESS, country, TRANSIT[country] // 2 + 1, {}) for country in EXPRESS_TO),
        (STANDARD, "RU", 26, to_novosibirsk),
        (SPECIAL, "RU", 15, {}),
        (SPECIAL, "RU", 18, to_novosibirsk),
    ]
    Lane.objects.bulk_create(
        Lane(
            service=services[code],
            country=country,
            transit_days=days,
            source=SIMULATED,
            mirrored_at=now,
            **more,
        )
        for code, country, days, more in lanes
    )


def add_negotiated_prices(store: Store, now: dt.datetime) -> None:
    """The store's key-account prices: 11.3 % to 18.7 % below the public ones, but for one
    country."""
    RateCard.objects.bulk_create(_rate_cards(now, store=store))


def _rate_cards(now: dt.datetime, store: Store | None) -> Iterable[RateCard]:
    services = CarrierService.objects.filter(code__in=SERVICES).prefetch_related("lanes")
    for service in services:
        for country in sorted({lane.country for lane in service.lanes.all()} - {WITHOUT_CARD}):
            factor = SURCHARGE[service.code] * (1 - _negotiated_saving(country) if store else 1)
            yield from _rate_card_breaks(now, service, store, country, factor)
            if country == "RU":
                over = {"region": NOVOSIBIRSK, "channel": Channel.SPECIAL}
                yield from _rate_card_breaks(
                    now, service, store, country, factor * OVER_THE_SPECIAL_CHANNEL, **over
                )


def _rate_card_breaks(
    now: dt.datetime,
    service: CarrierService,
    store: Store | None,
    country: str,
    factor: Decimal,
    **where: str,
) -> Iterable[RateCard]:
    for min_weight, base, step, each in WEIGHT_BREAKS:
        yield RateCard(
            service=service,
            store=store,
            country=country,
            currency="USD",
            min_weight_g=min_weight,
            base_minor=round(base * factor),
            step_g=step,
            step_minor=round(each * factor),
            minimum_minor=round(MINIMUM * factor),
            valid_from=LONG_AGO,
            source=SIMULATED,
            mirrored_at=now,
            **where,
        )


def _negotiated_saving(country: str) -> Decimal:
    if country == OUTSIDE_THE_RANGE:
        return Decimal("0.25")
    return Decimal(124 + sum(map(ord, country)) % 52) / 1000  # 12.4 % to 17.5 %


def add_sample_registrations(
    store: Store, now: dt.datetime, *numbers: tuple[str, str, dt.date | None]
) -> None:
    """`numbers`: (scheme, jurisdiction, last valid day). Sample numbers, marked simulated."""
    Registration.objects.bulk_create(
        Registration(
            store=store,
            scheme=scheme,
            jurisdiction=where,
            number=f"{where}-SAMPLE-{scheme}-{store.pk:04d}",
            valid_from=LONG_AGO,
            valid_until=until,
            source=SIMULATED,
            mirrored_at=now,
            assumed=["number"],
        )
        for scheme, where, until in numbers
    )
