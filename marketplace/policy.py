"""The ⚙ values: a default in code with its source, overridden from an instant on by a PolicyValue row."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from marketplace.models import PolicyValue

Value = Decimal | int | str


@dataclass(frozen=True, kw_only=True, slots=True)
class Default:
    value: Value
    unit: str
    source: str


DEFAULTS: Mapping[str, Default] = {
    "batch_max_orders": Default(value=5000, unit="orders", source="R-03"),
    "order_max_age_days": Default(value=90, unit="days of 24 h", source="R-06"),
    "order_min_rating": Default(value=Decimal("4.8"), unit="stars", source="R-07"),
    "store_min_level": Default(value=3, unit="StoreLevel", source="R-21"),
    "dispute_rate_max": Default(value=Decimal("0.0035"), unit="share", source="R-22"),
    "dispute_window_days": Default(value=30, unit="days of 24 h", source="R-22"),
    "buyer_min_orders": Default(value=5, unit="orders", source="R-24"),
    "buyer_min_gmv_usd": Default(value=20_000, unit="USD", source="R-25"),
    "price_band": Default(value=Decimal("0.03"), unit="share", source="R-47"),
    "lock_hours": Default(value=72, unit="hours", source="R-48"),
    "fx_trigger": Default(value=Decimal("0.025"), unit="share", source="R-50"),
    "index_trigger": Default(value=Decimal("0.03"), unit="share", source="R-51"),
    "renegotiation_hours": Default(value=4, unit="hours", source="R-53"),
    "index_max_age_days": Default(
        value=6, unit="days", source="as for rates: an older close is stale (reliability 15)"
    ),
    "observation_max_jump": Default(
        value=Decimal("0.2"), unit="share", source="reliability 15: further from the last good one is absurd"
    ),
    "plan_max_age_hours": Default(value=24, unit="hours", source="a plan older than a day is screened again"),
    "stock_max_age_minutes": Default(value=15, unit="minutes", source="R-70"),
    "strong_sync_seconds": Default(
        value=5, unit="seconds", source="R-80: the wait for fresh stock at a lock"
    ),
    "inventory_max_rows": Default(value=5000, unit="rows a call", source="R-80"),
    "fx_max_age_days": Default(value=6, unit="days", source="FX_RATE_STALE"),
    "payment_fee_rate": Default(value=Decimal("0.007"), unit="share", source="R-62"),
    "vat_remittance_rate": Default(value=Decimal("0.005"), unit="share", source="R-63"),
    "return_warehouse_usd": Default(value=Decimal("2.30"), unit="USD an order", source="R-65"),
    "statement_min_months": Default(value=3, unit="months", source="R-33"),
    "statement_window_months": Default(value=6, unit="full months", source="R-33"),
    "statement_min_credits_usd": Default(value=100_000, unit="USD a month", source="R-34"),
    "declarations_min": Default(value=3, unit="declarations", source="R-35"),
    "declarations_hs_digits": Default(value=4, unit="digits", source="R-36"),
    "declarations_min_usd": Default(value=50_000, unit="USD", source="R-37"),
    "document_max_bytes": Default(value=10 * 2**20, unit="bytes a file", source="R-40"),
    "review_working_days": Default(
        value=2, unit="days that are worked, after the day of submission", source="R-42"
    ),
    "qualification_valid_days": Default(value=365, unit="days of 24 h", source="assumed: reviewed yearly"),
    "advice_orders_a_day": Default(value=50, unit="orders a day", source="R-20"),
    "advice_small_order_usd": Default(
        value=500, unit="USD an order", source="R-20 names no figure: our reading of a small order"
    ),
    "advice_small_share": Default(
        value=Decimal("0.5"), unit="share of orders", source="R-20: “mainly” read as more than half"
    ),
    "advice_exports_usd": Default(value=5_000_000, unit="USD a year", source="R-20"),
    "advice_high_value_usd": Default(
        value=1000, unit="USD a line", source="R-20 names no figure: our reading of high value"
    ),
    "ear_review_usd": Default(value=Decimal("120"), unit="USD an order", source="R-66"),
}


def in_force(at: dt.datetime) -> Mapping[str, Value]:
    """Every policy value as it stands at an instant, in one query."""
    values: dict[str, Value] = {name: default.value for name, default in DEFAULTS.items()}
    rows = PolicyValue.objects.filter(valid_from__lte=at, name__in=DEFAULTS).order_by("valid_from")
    for name, text in rows.values_list("name", "value"):
        values[name] = typed(name, text)
    return values


BOUNDS: Mapping[str, tuple[int, int]] = {
    "share": (0, 1),
    "stars": (0, 5),
    "StoreLevel": (1, 4),
    "seconds": (0, 60),
    "minutes": (1, 525_600),
    "hours": (1, 8_760),
    "days": (1, 36_500),
    "orders": (1, 9_999),  # an order's reference has room for four digits
}
"""The least and the greatest value by the first word of the unit; else from 0 to a thousand million."""


def typed(name: str, text: str) -> Value:
    """A value as the type of its default: Decimal for shares and amounts, int for counts.

    ValueError or ArithmeticError for what is no number, lies outside its bounds, or is finer than a cent of USD or a
    millionth: every later screening would fail on it, or charge a fee that nobody meant.
    """
    default = DEFAULTS[name]
    value = type(default.value)(text)
    word = default.unit.split()[0]
    low, high = BOUNDS.get(word, (0, 10**9))
    finest = {"USD": 100, "share": 10**6}.get(word)
    if not low <= value <= high or (finest and value * finest % 1):
        raise ValueError(f"{name}: {text} is not between {low} and {high} {default.unit}")
    return value
