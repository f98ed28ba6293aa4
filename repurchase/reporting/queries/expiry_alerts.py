"""What the radar looks at: the store's ends of validity, and its orders that are still to be
locked or delivered."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q

from marketplace.calendar import platform_day
from marketplace.models import (
    Buyer,
    CommissionRate,
    PriceListEntry,
    RateCard,
    Registration,
    RegistrationRequirement,
    Scheme,
    Store,
    TaxRate,
)
from qualification.models import Qualification
from qualification.queries.documents import current_documents
from qualification.review import QualificationStatus
from repurchase.models import LineOutcome, RepeatLine, RepeatOrder
from repurchase.models.order_states import OrderStatus
from repurchase.reporting import expiry_alerts
from repurchase.reporting.expiry_alerts import (
    HORIZON_DAYS,
    BatchNeed,
    ExpiryAlert,
    ExpiryKey,
    ExpiryKind,
    ValidityEnd,
)

S = OrderStatus
UNLOCKED = (S.PLANNED,)
UNDER_WAY = (S.LOCKED, S.CONFIRMED, S.AWAITING_PAYMENT, S.PAID, S.RELEASED, S.SHIPPED)
ALL: ExpiryKey = ("store", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpiryAlerts:
    today: dt.date
    lapses: Sequence[ExpiryAlert]
    orders: int  # looked at


def expiry_alerts_of_store(store: Store, *, now: dt.datetime) -> ExpiryAlerts:
    """A constant number of queries."""
    today = platform_day(now)
    needs = [*_order_needs(store, now), *_planned_line_needs(store)]
    keys = {key for need in needs for key in need.keys}
    found = expiry_alerts.find_alerts(_validity_ends(store, today, keys), needs, today=today)
    return ExpiryAlerts(
        today=today, lapses=found, orders=sum(n.orders for n in needs if ALL in n.keys)
    )


# --- Orders
# ------------------------------------------------------------------------------------------------------


def _promised_delivery_day(
    promise: int, screened: dt.datetime, ended: dt.datetime | None
) -> dt.date:
    """A plan's promise counts from its screening, a confirmed order's from the confirmation."""
    start = platform_day(ended or screened)
    return start + dt.timedelta(days=promise)


BASE = ("batch__ref", "state", "promise_days", "batch__screened_at", "lock__ended_at")


def _order_needs(store: Store, now: dt.datetime) -> Iterator[BatchNeed]:
    rows = RepeatOrder.objects.at(now).filter(store=store, state__in=[*UNLOCKED, *UNDER_WAY])
    grouped = (
        rows.order_by()
        .values_list(*BASE, "batch__buyer_id", "past_order__country")
        .annotate(Count("id"))
    )
    for ref, state, promise, screened, ended, buyer, country, n in grouped:
        keys = frozenset({ALL, ("buyer", buyer), ("country", country)})
        day = _promised_delivery_day(promise, screened, ended)
        yield BatchNeed(
            batch=ref, orders=n, keys=keys, locked=state not in UNLOCKED, delivery_day=day
        )


def _planned_line_needs(store: Store) -> Iterator[BatchNeed]:
    """Of plans only: a lock freezes the rates and the price list."""
    rows = RepeatLine.objects.filter(
        store=store, order__store=store, order__status__in=UNLOCKED, outcome=LineOutcome.PLANNED
    )
    fields = (
        "order__batch__ref",
        "order__promise_days",
        "order__batch__screened_at",
        "sku__category_id",
        "sku_id",
    )
    grouped = rows.order_by().values_list(*fields).annotate(Count("order_id", distinct=True))
    for ref, promise, screened, category, sku, n in grouped:
        day, keys = (
            _promised_delivery_day(promise, screened, None),
            frozenset({("category", category), ("sku", sku)}),
        )
        yield BatchNeed(batch=ref, orders=n, keys=keys, locked=False, delivery_day=day)


# --- Ends
# --------------------------------------------------------------------------------------------------------


def _validity_ends(store: Store, today: dt.date, keys: set[ExpiryKey]) -> Iterator[ValidityEnd]:
    yield from _certificate_ends(store, keys)
    yield from _registration_ends(store, today)
    yield from _qualification_ends(store)
    yield from _price_change_ends(store, today, keys)


def _keys_of_kind(keys: set[ExpiryKey], name: str) -> list:
    return [value for kind, value in keys if kind == name]


def _certificate_ends(store: Store, keys: set[ExpiryKey]) -> Iterator[ValidityEnd]:
    """Of buyers with open orders."""
    rows = Buyer.objects.filter(
        store=store, pk__in=_keys_of_kind(keys, "buyer"), certificate_valid_until__isnull=False
    )
    for buyer in rows.order_by("pk"):
        yield ValidityEnd(
            kind=ExpiryKind.CERTIFICATE,
            subject=buyer.name,
            last_day=buyer.certificate_valid_until,
            keys=frozenset({("buyer", buyer.pk)}),
        )


def _registration_ends(store: Store, today: dt.date) -> Iterator[ValidityEnd]:
    """Of each scheme and jurisdiction the last number to end; none where one has no end."""
    held: dict[tuple[str, str], list[dt.date | None]] = defaultdict(list)
    rows = Registration.objects.filter(store=store).order_by("scheme", "jurisdiction")
    for scheme, jurisdiction, until in rows.values_list("scheme", "jurisdiction", "valid_until"):
        held[scheme, jurisdiction].append(until)
    countries = _countries_by_registration()
    for (scheme, jurisdiction), ends in held.items():
        if None not in ends:
            where = countries[scheme, jurisdiction] | (
                {jurisdiction} if scheme == Scheme.VAT else set()
            )
            yield ValidityEnd(
                kind=ExpiryKind.REGISTRATION,
                subject=f"{scheme} {jurisdiction}",
                last_day=max(filter(None, ends)),
                keys=frozenset(("country", country) for country in where),
            )


def _countries_by_registration() -> Mapping[tuple[str, str], set[str]]:
    wanted: dict[tuple[str, str], set[str]] = defaultdict(set)
    for scheme, jurisdiction, country in RegistrationRequirement.objects.values_list(
        "scheme", "jurisdiction", "country"
    ):
        wanted[scheme, jurisdiction].add(country)
    return wanted


def _qualification_ends(store: Store) -> Iterator[ValidityEnd]:
    row = Qualification.objects.filter(store=store, state=QualificationStatus.OPEN).first()
    if row and row.valid_until:
        last = platform_day(row.valid_until - dt.timedelta(seconds=1))  # half open
        yield ValidityEnd(
            kind=ExpiryKind.QUALIFICATION, subject="", last_day=last, keys=frozenset({ALL})
        )
    for paper in current_documents(store):
        try:
            last = dt.date.fromisoformat(paper.value("valid_until"))
        except ValueError:
            continue
        yield ValidityEnd(
            kind=ExpiryKind.DOCUMENT, subject=str(paper.kind), last_day=last, keys=frozenset({ALL})
        )


def _price_change_ends(store: Store, today: dt.date, keys: set[ExpiryKey]) -> Iterator[ValidityEnd]:
    """Versions that begin within the horizon: until the day before, a plan is priced by the ones
    of today."""
    soon = {"valid_from__gt": today, "valid_from__lte": today + dt.timedelta(days=HORIZON_DAYS)}
    for rate in TaxRate.objects.filter(country__in=_keys_of_kind(keys, "country"), **soon):
        yield _price_change_end(
            ExpiryKind.TAX,
            rate.country,
            rate.valid_from,
            ("country", rate.country),
            _format_percent(rate.rate),
        )
    for rate in CommissionRate.objects.filter(
        category__in=_keys_of_kind(keys, "category"), **soon
    ).select_related("category"):
        key = ("category", rate.category_id)
        yield _price_change_end(
            ExpiryKind.COMMISSION,
            rate.category.code,
            rate.valid_from,
            key,
            _format_percent(rate.rate),
        )
    cards = RateCard.objects.filter(
        Q(store=None) | Q(store=store), country__in=_keys_of_kind(keys, "country"), **soon
    )
    for card in cards.select_related("service"):
        subject = f"{card.service.name} {card.country}"
        yield _price_change_end(
            ExpiryKind.FREIGHT, subject, card.valid_from, ("country", card.country), ""
        )
    for entry in PriceListEntry.objects.filter(
        sku__in=_keys_of_kind(keys, "sku"), **soon
    ).select_related("sku"):
        then = f"{entry.currency} {entry.amount.normalize():f} ≥ {entry.min_quantity}"
        yield _price_change_end(
            ExpiryKind.PRICE, entry.sku.code, entry.valid_from, ("sku", entry.sku_id), then
        )


def _format_percent(rate: Decimal | None) -> str:
    return "" if rate is None else f"{(rate * 100).normalize():f} %"


def _price_change_end(
    kind: ExpiryKind, subject: str, first: dt.date, key: ExpiryKey, then: str
) -> ValidityEnd:
    return ValidityEnd(
        kind=kind,
        subject=subject,
        last_day=first - dt.timedelta(days=1),
        keys=frozenset({key}),
        then=then,
    )
