"""Drift sheets: then against now of past orders, and what a plan says about all of its orders
(B-8)."""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection
from django.db.models import Count, F, Max, Q
from django.db.models.functions import Coalesce, TruncDate

from eligibility import drift
from eligibility.drift import (
    DriftField,
    DriftReport,
    ExpiryBeforeDelivery,
    SourceOrderDay,
    TodayFacts,
)
from eligibility.facts import OrderFacts, World
from eligibility.queries import limits_of, order_facts, world_facts
from marketplace import policy
from marketplace.calendar import PLATFORM_ZONE, platform_day
from marketplace.models import Buyer, PastOrder, PastOrderLine, Registration, TaxRate
from marketplace.territories import find_destination, related_countries
from repurchase.batches.queries.past_orders import rates_or_none
from repurchase.models import Batch, RepeatLine, RepeatOrder
from repurchase.models.order_states import ENDED, OrderStatus

VatRatesByPlace = Mapping[str, tuple[list[dt.date], list[Decimal | None]]]
"""By place, a country or a territory with rates of its own: the days from which a rate holds,
ascending, and the rates."""


def drift_sheets(
    *, buyer: Buyer, orders: Sequence[OrderFacts], around: World
) -> dict[int, DriftReport]:
    """A sheet for each order by its id: three queries for any number of orders, the facts being
    loaded."""
    days = _tax_days_by_order([order.id for order in orders])
    dated = _vat_rates({order.country for order in orders})
    codes = _hs_codes([order.id for order in orders])
    return {
        order.id: drift.build_report(
            order,
            then=SourceOrderDay(
                day=days[order.id],
                vat_rate=_vat_rate_on(dated, _destination_place(order), days[order.id]),
                hs_codes=codes.get(order.id, {}),
            ),
            now=TodayFacts(
                vat_rate=_vat_rate_on(dated, _destination_place(order), around.today),
                certified=buyer.is_certified_business,
                certificate_valid_until=buyer.certificate_valid_until,
            ),
            world=around,
        )
        for order in orders
    }


def order_sheet(order: RepeatOrder, *, now: dt.datetime) -> DriftReport:
    """The sheet of a repeat order's source, as of now."""
    facts = order_facts(
        store=order.store,
        order_ids=[order.past_order_id],
        now=now,
        special_clearance=order.special_clearance,
    )
    values = policy.in_force(now)
    rates, _ = rates_or_none(order.store, values, now)
    around = world_facts(
        store=order.store, orders=facts, limits=limits_of(values), rates=rates, now=now
    )
    return drift_sheets(buyer=order.batch.buyer, orders=facts, around=around)[order.past_order_id]


def _tax_days_by_order(order_ids: Collection[int]) -> dict[int, dt.date]:
    """The day of each order's tax, in the platform's zone: paid, else completed, else ordered."""
    rows = PastOrder.objects.filter(pk__in=order_ids).annotate(
        at=Coalesce("paid_at", "completed_at", "ordered_at")
    )
    return {pk: platform_day(at) for pk, at in rows.values_list("pk", "at")}


def _hs_codes(order_ids: Collection[int]) -> dict[int, dict[int, str | None]]:
    codes: dict[int, dict[int, str | None]] = defaultdict(dict)
    rows = PastOrderLine.objects.filter(order__in=order_ids).values_list(
        "order_id", "pk", "hs_code"
    )
    for order_id, pk, code in rows:
        codes[order_id][pk] = code
    return codes


def _destination_place(order: OrderFacts) -> str:
    return find_destination(order.country, order.ship_to.get("postal_code", ""), order.region).place


def _vat_rates(countries: Collection[str]) -> VatRatesByPlace:
    dated: dict[str, tuple[list[dt.date], list[Decimal | None]]] = defaultdict(lambda: ([], []))
    for row in TaxRate.objects.filter(country__in=related_countries(countries)).order_by(
        "valid_from"
    ):
        dated[row.place][0].append(row.valid_from)
        dated[row.place][1].append(row.rate)
    return dated


def _vat_rate_on(dated: VatRatesByPlace, place: str, day: dt.date) -> Decimal | None:
    if place not in dated:
        return None
    days, rates = dated[place]
    place = bisect_right(days, day)
    return rates[place - 1] if place else None


# --- A plan
# ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanLapse:
    lapse: ExpiryBeforeDelivery  # of its orders the latest promised day
    orders: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanDrift:
    """Lines: of all orders that have not ended, left-out ones included. The rest: of those that
    are ready or locked."""

    lines: int
    price_changed: int  # lines whose list price at the screening is not what was paid
    unlisted: int  # lines that had no list price then
    vat_changed: int  # orders whose destination taxes otherwise than on their day
    lapses: Sequence[PlanLapse]

    @property
    def nothing(self) -> bool:
        return not (self.price_changed or self.unlisted or self.vat_changed or self.lapses)


def plan_drift(batch: Batch, *, now: dt.datetime) -> PlanDrift:
    """Counted in the database: six queries for any number of orders."""
    today = platform_day(now)
    orders = batch.orders.at(now).filter(state__in=[OrderStatus.PLANNED, OrderStatus.LOCKED])
    asked = batch.orders.at(now).exclude(state__in=ENDED)
    unlisted = Q(reference_minor=None)
    lines = RepeatLine.objects.filter(order__in=asked.order_by().values("pk")).aggregate(
        n=Count("pk"),
        changed=Count("pk", filter=~unlisted & ~Q(reference_minor=F("base_minor"))),
        unlisted=Count("pk", filter=unlisted),
    )
    return PlanDrift(
        lines=lines["n"],
        price_changed=lines["changed"],
        unlisted=lines["unlisted"],
        vat_changed=_count_vat_changed(orders, today),
        lapses=[
            *_certificate_lapse(batch, orders, today),
            *_registration_lapses(batch, now, today),
        ],
    )


def _count_vat_changed(orders, today: dt.date) -> int:
    at = Coalesce("past_order__paid_at", "past_order__completed_at", "past_order__ordered_at")
    rows = list(
        orders.order_by()
        .annotate(day=TruncDate(at, tzinfo=PLATFORM_ZONE))
        .values_list("past_order__country", "past_order__postal_code", "past_order__region", "day")
        .annotate(Count("id"))
    )
    dated = _vat_rates({country for country, *_ in rows})
    found = [(find_destination(*where).place, day, n) for *where, day, n in rows]
    return sum(
        n
        for place, day, n in found
        if _vat_rate_on(dated, place, day) != _vat_rate_on(dated, place, today)
    )


def _certificate_lapse(batch: Batch, orders, today: dt.date) -> list[PlanLapse]:
    until = batch.buyer.certificate_valid_until
    if until is None or until < today:
        return []
    late = orders.filter(promise_days__gt=(until - today).days)
    found = late.aggregate(n=Count("id"), days=Max("promise_days"))
    return (
        [_build_plan_lapse(DriftField.CERTIFICATE, "", until, today, found["days"], found["n"])]
        if found["n"]
        else []
    )


def _build_plan_lapse(
    name: DriftField, subject: str, until: dt.date, today: dt.date, days: int, orders: int
) -> PlanLapse:
    delivery = today + dt.timedelta(days=days)
    return PlanLapse(
        lapse=ExpiryBeforeDelivery(
            field=name, subject=subject, last_day=until, delivery_day=delivery
        ),
        orders=orders,
    )


EMBEDDED_NUMBERS = """
SELECT r ->> 'scheme', r ->> 'jurisdiction', o.promise_days, count(DISTINCT o.id)
  FROM repurchase_repeatorder o, jsonb_array_elements(o.registrations) r
 WHERE o.batch_id = %s AND o.status IN ('planned', 'locked')
   AND NOT EXISTS (SELECT FROM pricing_lock l WHERE l.id = o.lock_id AND o.status = 'locked'
                      AND coalesce(l.renegotiation_deadline, l.expires_at) <= %s)
 GROUP BY 1, 2, 3
 ORDER BY 1, 2, 3
"""


def _registration_lapses(batch: Batch, now: dt.datetime, today: dt.date) -> list[PlanLapse]:
    """Of the schemes whose numbers are embedded in the orders, those whose last number ends before
    the delivery."""
    with connection.cursor() as cursor:
        cursor.execute(EMBEDDED_NUMBERS, [batch.pk, now])
        rows = cursor.fetchall()
    ends = _last_valid_days(batch, today)
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for scheme, jurisdiction, days, n in rows:
        if drift.is_expired_by_delivery(
            ends.get((scheme, jurisdiction)), today=today, promise_days=days
        ):
            _, before = found.get((scheme, jurisdiction), (0, 0))
            found[scheme, jurisdiction] = days, before + n
    return [
        _build_plan_lapse(DriftField.REGISTRATION, f"{key[0]} {key[1]}", ends[key], today, days, n)
        for key, (days, n) in found.items()
    ]


def _last_valid_days(batch: Batch, today: dt.date) -> dict[tuple[str, str], dt.date | None]:
    """The last day on which one of the store's numbers that are valid today holds; None: without
    an end."""
    ends: dict[tuple[str, str], dt.date | None] = {}
    rows = Registration.objects.filter(store=batch.store_id, valid_from__lte=today)
    for scheme, jurisdiction, until in rows.values_list("scheme", "jurisdiction", "valid_until"):
        if until is not None and until < today:
            continue
        key = (scheme, jurisdiction)
        known = ends.get(key, dt.date.min)
        ends[key] = None if until is None or known is None else max(known, until)
    return ends
