"""Facts that pass everything; a test changes the one thing it is about."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from eligibility.facts import (
    GateFacts,
    LaneFacts,
    Limits,
    LineFacts,
    OrderFacts,
    Price,
    RegistrationFacts,
    Requirement,
    SkuFacts,
    World,
)
from marketplace.money import Rates
from marketplace.policy import DEFAULTS

NOW = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
LIMITS = Limits(**{name: DEFAULTS[name].value for name in Limits.__slots__})

RATES = Rates(
    id=1,
    source="test",
    published_on=TODAY,
    per_euro={"USD": Decimal("1.10"), "GBP": Decimal("0.88"), "JPY": Decimal("176")},
)

GATE_FACTS = GateFacts(
    standing="open",
    level=3,
    level_names={1: "Basic", 2: "Silver", 3: "Gold", 4: "Diamond"},
    verified=True,
    disputes=0,
    paid_orders=1000,
    certified=True,
    certificate_valid_until=TODAY,
    completed_orders=5,
    gmv_usd_minor=2_000_000,
)

SKU = SkuFacts(
    id=1,
    code="MUG",
    category_id=7,
    category_code="tableware",
    index_series="CRB",
    hs_code="691110",
    origin_country="CN",
    weight_g=400,
    is_standard=True,
    is_active=True,
    is_ear_controlled=False,
    moq=1,
    available=100,
    stock_synced_at=NOW,
    prices=(Price(min_quantity=1, amount=Decimal("10.00"), currency="USD"),),
)

WORLD = World(
    now=NOW,
    today=TODAY,
    limits=LIMITS,
    rates=RATES,
    lanes={
        "DE": [
            LaneFacts(
                service_id=1, country="DE", region="", transit_days=10, special_clearance=False
            )
        ]
    },
    requirements={},
    registrations=(),
)


def sku(**changes: Any) -> SkuFacts:
    return replace(SKU, **changes)


def line(
    quantity: int = 10, total_minor: int = 10_000, line_no: int = 1, **changes: Any
) -> LineFacts:
    return LineFacts(
        id=line_no, line_no=line_no, sku=sku(**changes), quantity=quantity, total_minor=total_minor
    )


def order(*lines: LineFacts, **changes: Any) -> OrderFacts:
    facts: dict[str, Any] = {
        "id": 1,
        "number": "PO-1",
        "buyer_id": 1,
        "status": "completed",
        "currency": "USD",
        "completed_at": NOW - dt.timedelta(days=5),
        "rating": Decimal("4.8"),
        "freight_minor": 2500,
        "prices_include_tax": False,
        "incoterm": "DAP",
        "importer_of_record": "buyer",
        "country": "DE",
        "region": "",
        "ship_to": {},
        "promise_days": 30,
        "special_clearance": False,
        "local_return": False,
        "note": "",
        "held": False,
        "held_until": None,
    }
    return OrderFacts(**facts | changes, lines=lines or (line(),))


def world(**changes: Any) -> World:
    return replace(WORLD, **changes)


def requirement(scheme: str = "EPR", category_id: int | None = None) -> Requirement:
    return Requirement(
        scheme=scheme,
        country="DE",
        jurisdiction="DE",
        category_id=category_id,
        reference="VerpackG § 9",
    )


def registration(**changes: Any) -> RegistrationFacts:
    facts = {
        "scheme": "EPR",
        "jurisdiction": "DE",
        "number": "DE123",
        "valid_from": dt.date(2020, 1, 1),
        "valid_until": None,
    }
    return RegistrationFacts(**facts | changes)
