"""The facts that screening is decided by, as frozen values. Pure; `eligibility.queries` loads them.

Orders and lines are named tuples: a batch has 20,000 of them, and a frozen dataclass takes five
times as long to make.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from marketplace.money import Rates


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The ⚙ values that screening is decided under."""

    order_max_age_days: int
    order_min_rating: Decimal
    store_min_level: int
    dispute_rate_max: Decimal
    dispute_window_days: int
    buyer_min_orders: int
    buyer_min_gmv_usd: int
    price_band: Decimal
    stock_max_age_minutes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreFacts:
    """What the store's own gates ask, at opening and at each screening (R-21, R-22, R-29).

    `store_id` and `as_of` say which row was read, and when: the evidence of each gate.
    """

    standing: str
    level: int
    level_names: Mapping[int, str]
    verified: bool
    disputes: int  # opened in the window
    paid_orders: int  # paid in the window
    store_id: int = 0
    as_of: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GateFacts(StoreFacts):
    certified: bool
    certificate_valid_until: dt.date | None  # its last valid day
    completed_orders: int
    gmv_usd_minor: int  # completed, net of refunds, each order at its own day's rate
    orders_without_rate: int = 0
    buyer_id: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """An entry of today's price list, from a quantity on (R-47)."""

    min_quantity: int
    amount: Decimal  # units of the currency, a piece
    currency: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SkuFacts:
    id: int
    code: str
    category_id: int
    category_code: str
    index_series: str  # "CRB", or "" for a category without exposure
    hs_code: str
    origin_country: str
    weight_g: int | None
    is_standard: bool
    is_active: bool
    is_ear_controlled: bool
    moq: int
    available: int  # on hand − live reservations
    stock_synced_at: dt.datetime | None
    volume_cm3: int | None = None  # of a packed piece
    prices: Sequence[Price] = ()  # ascending by min_quantity


class LineFacts(NamedTuple):
    id: int
    line_no: int
    sku: SkuFacts
    quantity: int
    total_minor: int  # really paid for it
    moq: int | None = None  # the batch line's own; None: the SKU's

    @property
    def least(self) -> int:
        return self.sku.moq if self.moq is None else self.moq


class OrderFacts(NamedTuple):
    """A source order with everything that screening and pricing ask of it. Amounts in minor
    units."""

    id: int
    number: str
    buyer_id: int
    status: str
    currency: str
    completed_at: dt.datetime | None
    rating: Decimal | None
    freight_minor: int
    prices_include_tax: bool
    incoterm: str
    importer_of_record: str
    country: str
    region: str
    ship_to: Mapping[str, str]
    promise_days: int
    special_clearance: bool
    local_return: bool
    note: str
    held_until: (
        dt.datetime | None
    )  # the end of a live claim on it; `held` says whether there is one
    held: bool
    lines: Sequence[LineFacts]
    parties: Sequence[
        str
    ] = ()  # who would get the goods: the buyer and the consignee, by name


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneFacts:
    service_id: int
    country: str
    region: str
    transit_days: int
    special_clearance: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    scheme: str
    country: str
    jurisdiction: str
    category_id: int | None  # None: every category
    reference: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistrationFacts:
    scheme: str
    jurisdiction: str
    number: str
    valid_from: dt.date
    valid_until: dt.date | None  # last valid day


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbargoFacts:
    """EAR-controlled goods may not go there: to a country, or to one region of it (R-90)."""

    id: int
    country: str
    region: str
    programme: str
    reference: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedParty:
    """An entry of an imported screening list: its name first, its aliases after it (R-90)."""

    id: int
    names: Sequence[str]
    list_name: str
    reference: str
    digest: str = ""  # of all that the list says of it

    def __hash__(self) -> int:
        return self.id  # it is looked up for every order


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What holds for every order of a screening, read once."""

    now: dt.datetime
    today: dt.date  # in the platform's zone
    limits: Limits
    rates: Rates
    lanes: Mapping[str, Sequence[LaneFacts]]  # by country
    requirements: Mapping[str, Sequence[Requirement]]  # by country
    registrations: Sequence[RegistrationFacts]
    embargoes: Mapping[str, Sequence[EmbargoFacts]] = field(default_factory=dict)  # by country
    listed: Sequence[ListedParty] = ()  # those that may be one of the orders' parties
    cleared: Sequence[
        tuple[str, int]
    ] = ()  # party as written and id of the entry that it was decided not to be
