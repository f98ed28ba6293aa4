"""The ⚙ values: a default in code with its source, overridden from an instant on by a PolicyValue
row."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_noop as _

from marketplace.models import PolicyValue

PolicyNumber = Decimal | int | str


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyDefault:
    """`title` and `unit` are message ids: what staff read when they choose a value."""

    title: str
    value: PolicyNumber
    unit: str
    source: str


DEFAULTS: Mapping[str, PolicyDefault] = {
    "batch_max_orders": PolicyDefault(
        title=_("Orders in a batch, at most"), value=5000, unit=_("orders"), source="R-03"
    ),
    "order_max_age_days": PolicyDefault(
        title=_("Age of a past order, at most"), value=90, unit=_("days of 24 h"), source="R-06"
    ),
    "order_min_rating": PolicyDefault(
        title=_("Rating of a past order, at least"),
        value=Decimal("4.8"),
        unit=_("stars"),
        source="R-07",
    ),
    "store_min_level": PolicyDefault(
        title=_("Level of the store, at least"), value=3, unit=_("StoreLevel"), source="R-21"
    ),
    "dispute_rate_max": PolicyDefault(
        title=_("Dispute rate, at most"), value=Decimal("0.0035"), unit=_("share"), source="R-22"
    ),
    "dispute_window_days": PolicyDefault(
        title=_("Window of the dispute rate"), value=30, unit=_("days of 24 h"), source="R-22"
    ),
    "buyer_min_orders": PolicyDefault(
        title=_("Completed orders with the buyer, at least"),
        value=5,
        unit=_("orders"),
        source="R-24",
    ),
    "buyer_min_gmv_usd": PolicyDefault(
        title=_("Turnover with the buyer, at least"), value=20_000, unit=_("USD"), source="R-25"
    ),
    "price_band": PolicyDefault(
        title=_("Distance from today's list price, at most"),
        value=Decimal("0.03"),
        unit=_("share"),
        source="R-47",
    ),
    "lock_hours": PolicyDefault(
        title=_("How long prices are locked"), value=72, unit=_("hours"), source="R-48"
    ),
    "fx_trigger": PolicyDefault(
        title=_("Move of the exchange rate that opens a renegotiation"),
        value=Decimal("0.025"),
        unit=_("share"),
        source="R-50",
    ),
    "index_trigger": PolicyDefault(
        title=_("Move of the commodity index that opens a renegotiation"),
        value=Decimal("0.03"),
        unit=_("share"),
        source="R-51",
    ),
    "renegotiation_hours": PolicyDefault(
        title=_("Time to renegotiate"), value=4, unit=_("hours"), source="R-53"
    ),
    "index_max_age_days": PolicyDefault(
        title=_("Age of an index close, at most"),
        value=6,
        unit=_("days"),
        source="as for rates: an older close is stale (reliability 15)",
    ),
    "observation_max_jump": PolicyDefault(
        title=_("Jump of a rate or close that goes to quarantine"),
        value=Decimal("0.2"),
        unit=_("share"),
        source="reliability 15: further from the last good one is absurd",
    ),
    "observation_base_spread": PolicyDefault(
        title=_("Three quarantined in a row are the new base: the largest ÷ the smallest, at most"),
        value=Decimal("1.05"),
        unit=_("ratio"),
        source="two crises of the reference rates, 2008 and 2021: a level that three publications keep is one",
    ),
    "plan_max_age_hours": PolicyDefault(
        title=_("Age of a plan that can be locked, at most"),
        value=24,
        unit=_("hours"),
        source="a plan older than a day is screened again",
    ),
    "stock_max_age_minutes": PolicyDefault(
        title=_("Age of a stock figure, at most"), value=15, unit=_("minutes"), source="R-70"
    ),
    "strong_sync_seconds": PolicyDefault(
        title=_("Wait for fresh stock at a lock"),
        value=5,
        unit=_("seconds"),
        source="R-80: the wait for fresh stock at a lock",
    ),
    "inventory_max_rows": PolicyDefault(
        title=_("Stock rows in a call, at most"), value=5000, unit=_("rows a call"), source="R-80"
    ),
    "fx_max_age_days": PolicyDefault(
        title=_("Age of exchange rates, at most"), value=6, unit=_("days"), source="FX_RATE_STALE"
    ),
    "payment_fee_rate": PolicyDefault(
        title=_("Payment fee"), value=Decimal("0.007"), unit=_("share"), source="R-62"
    ),
    "vat_remittance_rate": PolicyDefault(
        title=_("Fee for remitting VAT"), value=Decimal("0.005"), unit=_("share"), source="R-63"
    ),
    "return_warehouse_usd": PolicyDefault(
        title=_("Local return warehouse"),
        value=Decimal("2.30"),
        unit=_("USD an order"),
        source="R-65",
    ),
    "statement_min_months": PolicyDefault(
        title=_("Months that a bank statement shows, at least"),
        value=3,
        unit=_("months"),
        source="R-33",
    ),
    "statement_window_months": PolicyDefault(
        title=_("Months in which they lie"), value=6, unit=_("full months"), source="R-33"
    ),
    "statement_min_credits_usd": PolicyDefault(
        title=_("Credits of a month, at least"), value=100_000, unit=_("USD a month"), source="R-34"
    ),
    "declarations_min": PolicyDefault(
        title=_("Customs declarations, at least"), value=3, unit=_("declarations"), source="R-35"
    ),
    "declarations_hs_digits": PolicyDefault(
        title=_("Digits of the HS code that have to agree"),
        value=4,
        unit=_("digits"),
        source="R-36",
    ),
    "declarations_min_usd": PolicyDefault(
        title=_("Worth of the declarations together, at least"),
        value=50_000,
        unit=_("USD"),
        source="R-37",
    ),
    "document_max_bytes": PolicyDefault(
        title=_("Size of a file, at most"), value=10 * 2**20, unit=_("bytes a file"), source="R-40"
    ),
    "review_working_days": PolicyDefault(
        title=_("Time for a review"),
        value=2,
        unit=_("days that are worked, after the day of submission"),
        source="R-42",
    ),
    "qualification_valid_days": PolicyDefault(
        title=_("How long a qualification holds"),
        value=365,
        unit=_("days of 24 h"),
        source="assumed: reviewed yearly",
    ),
    "advice_orders_a_day": PolicyDefault(
        title=_("Orders a day from which bulk repeats are advised"),
        value=50,
        unit=_("orders a day"),
        source="R-20",
    ),
    "advice_small_order_usd": PolicyDefault(
        title=_("What counts as a small order"),
        value=500,
        unit=_("USD an order"),
        source="R-20 names no figure: our reading of a small order",
    ),
    "advice_small_share": PolicyDefault(
        title=_("Share of small orders that counts as mainly"),
        value=Decimal("0.5"),
        unit=_("share of orders"),
        source="R-20: “mainly” read as more than half",
    ),
    "advice_exports_usd": PolicyDefault(
        title=_("Exports a year from which it is advised"),
        value=5_000_000,
        unit=_("USD a year"),
        source="R-20",
    ),
    "advice_high_value_usd": PolicyDefault(
        title=_("What counts as a line of high value"),
        value=1000,
        unit=_("USD a line"),
        source="R-20 names no figure: our reading of high value",
    ),
    "lock_left_out_share": PolicyDefault(
        title=_("Money that may leave a plan at its lock unasked"),
        value=Decimal("0.05"),
        unit=_("share of the plan's money"),
        source="assumed: what fails a check at the lock leaves the plan; above this a person is asked once more (R-26)",
    ),
    "release_delay_minutes": PolicyDefault(
        title=_("From payment to release"),
        value=10,
        unit=_("minutes"),
        source="assumed: a payment can be taken back before its order is released (R-91)",
    ),
    "release_reminder_minutes": PolicyDefault(
        title=_("Until a release that nobody acknowledged is announced again"),
        value=15,
        unit=_("minutes"),
        source="assumed: a released order that no ERP acknowledged is announced again",
    ),
    "difference_max_usd": PolicyDefault(
        title=_("Difference of a transfer that may be settled, at most"),
        value=50,
        unit=_("USD a transfer"),
        source="assumed: what the sending, corresponding and receiving banks keep of one transfer (OUR, SHA, BEN)",
    ),
    "difference_max_share": PolicyDefault(
        title=_("Share of what is asked for that may be settled as a difference, at most"),
        value=Decimal("0.1"),
        unit=_("share of what is asked for"),
        source="assumed: a fee is a small part of a transfer; more is an unpaid order",
    ),
    "overpayment_max_share": PolicyDefault(
        title=_("Paid beyond what is asked for, at most"),
        value=Decimal("1"),
        unit=_("share of what is asked for"),
        source="assumed: paid twice is recorded; ten times as much is a slipped decimal point",
    ),
    "ear_review_usd": PolicyDefault(
        title=_("Surcharge for dual-use goods under the EAR"),
        value=Decimal("120"),
        unit=_("USD an order"),
        source="R-66",
    ),
}


def in_force(at: dt.datetime) -> Mapping[str, PolicyNumber]:
    """Every policy value as it stands at an instant, in one query."""
    values: dict[str, PolicyNumber] = {name: default.value for name, default in DEFAULTS.items()}
    rows = PolicyValue.objects.filter(valid_from__lte=at, name__in=DEFAULTS).order_by("valid_from")
    for name, text in rows.values_list("name", "value"):
        values[name] = parse_policy_value(name, text)
    return values


BOUNDS: Mapping[str, tuple[int, int]] = {
    "share": (0, 1),
    "ratio": (1, 2),
    "stars": (0, 5),
    "StoreLevel": (1, 4),
    "seconds": (0, 60),
    "minutes": (1, 525_600),
    "hours": (1, 8_760),
    "days": (1, 36_500),
    "bytes": (1, 10 * 2**20),  # more the edge does not let in (repurchase/site/body_limit.py)
    "orders": (1, 9_999),  # an order's reference has room for four digits
}
"""The least and the greatest value by the first word of the unit; else from 0 to a thousand
million."""


def bounds_of(name: str) -> tuple[int, int]:
    return BOUNDS.get(DEFAULTS[name].unit.split()[0], (0, 10**9))


def parse_policy_value(name: str, text: str) -> PolicyNumber:
    """A value as the type of its default: Decimal for shares and amounts, int for counts.

    ValueError or ArithmeticError for what is no number, lies outside its bounds, or is finer than
    a cent of USD or a millionth: every later screening would fail on it, or charge a fee that
    nobody meant.
    """
    default = DEFAULTS[name]
    value = type(default.value)(text)
    low, high = bounds_of(name)
    finest = {"USD": 100, "share": 10**6}.get(default.unit.split()[0])
    if not low <= value <= high or (finest and value * finest % 1):
        raise ValueError(f"{name}: {text} is not between {low} and {high} {default.unit}")
    return value
