"""Rows → facts, in a constant number of queries whatever the number of orders."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Case, F, Q, Sum, When
from django.db.models.functions import TruncDate

from eligibility.facts import (
    EmbargoFacts,
    GateFacts,
    LaneFacts,
    Limits,
    LineFacts,
    ListedParty,
    OrderFacts,
    Price,
    RegistrationFacts,
    Requirement,
    SkuFacts,
    StoreFacts,
    World,
)
from eligibility.parties import digest_of_entry
from eligibility.party_questions import list_cleared_parties
from marketplace.calendar import platform_day
from marketplace.gc_control import pause_garbage_collector
from marketplace.models import (
    Buyer,
    Dispute,
    Embargo,
    FxRate,
    Lane,
    OrderClaim,
    PastOrder,
    PastOrderLine,
    PastOrderStatus,
    PriceListEntry,
    Registration,
    RegistrationRequirement,
    ScreenedParty,
    Sku,
    StockClaim,
    Store,
    StoreLevel,
)
from marketplace.money import Rates, round_half_up
from marketplace.names import keys_of_party
from marketplace.policy import PolicyNumber
from marketplace.queries import published_sets
from qualification.queries import get_qualification_status

CRB = "CRB"


def limits_of(policies: Mapping[str, PolicyNumber]) -> Limits:
    return Limits(**{name: policies[name] for name in Limits.__slots__})


# --- Gates
# -------------------------------------------------------------------------------------------------


def gate_facts(
    *, store: Store, buyers: Sequence[Buyer], limits: Limits, now: dt.datetime
) -> dict[int, GateFacts]:
    """The facts of the gates by buyer id: five queries for any number of buyers."""
    of_the_store = _store_gate_values(store, limits, now)
    business = _business_by_buyer(store, buyers)
    return {
        buyer.pk: GateFacts(
            **of_the_store,
            buyer_id=buyer.pk,
            certified=buyer.is_certified_business,
            certificate_valid_until=buyer.certificate_valid_until,
            **business[buyer.pk],
        )
        for buyer in buyers
    }


def store_facts(*, store: Store, limits: Limits, now: dt.datetime) -> StoreFacts:
    """The facts of the store's own gates: three queries."""
    return StoreFacts(**_store_gate_values(store, limits, now))


def _store_gate_values(store: Store, limits: Limits, now: dt.datetime) -> dict[str, Any]:
    since = now - dt.timedelta(days=limits.dispute_window_days)
    return {
        "standing": str(get_qualification_status(store, now)),
        "level": store.level,
        "level_names": {level.value: level.name.title() for level in StoreLevel},
        "verified": store.verified_at is not None and store.verified_at <= now,
        "disputes": Dispute.objects.filter(
            store=store, opened_at__gte=since, opened_at__lte=now
        ).count(),
        "paid_orders": PastOrder.objects.filter(
            store=store, paid_at__gte=since, paid_at__lte=now
        ).count(),
        "store_id": store.pk,
        "as_of": now,
    }


def _business_by_buyer(store: Store, buyers: Sequence[Buyer]) -> dict[int, dict[str, int]]:
    """Completed orders and their net worth in US cents by buyer id (R-24, R-25).

    Each order is converted at the last rates published by its completion day and rounded once.
    """
    business = {
        buyer.pk: {"completed_orders": 0, "gmv_usd_minor": 0, "orders_without_rate": 0}
        for buyer in buyers
    }
    by_day = Case(
        When(currency="USD", then=None), default=TruncDate("completed_at")
    )  # dollars need no rate
    rows = list(
        PastOrder.objects.filter(store=store, buyer__in=business, status=PastOrderStatus.COMPLETED)
        .values_list("buyer_id", "currency", by_day)
        .annotate(nets=ArrayAgg(F("paid_minor") - F("refunded_minor")))
    )
    foreign = {currency for _, currency, *_ in rows} - {"USD"}
    table = rates_by_day(foreign | {"USD"}, store=store) if foreign else {}
    for buyer_id, currency, day, nets in rows:
        rates = rates_on(day, table, currency) if currency != "USD" else None
        cents = [convert_to_us_cents(net, currency, rates) for net in nets]
        sums = business[buyer_id]
        sums["completed_orders"] += len(nets)
        sums["gmv_usd_minor"] += sum(c for c in cents if c is not None)
        sums["orders_without_rate"] += sum(c is None for c in cents)
    return business


def rates_by_day(currencies: set[str], *, store: Store) -> dict[dt.date, dict[str, Decimal]]:
    """As they are known by now, of the publications that the store may take but its own moves."""
    table: dict[dt.date, dict[str, Decimal]] = defaultdict(dict)
    sets = published_sets(store).filter(store=None)
    rows = FxRate.objects.filter(currency__in=currencies, rate_set__in=sets)
    for day, currency, rate in rows.order_by("rate_set_id").values_list(
        "rate_set__published_on", "currency", "per_euro"
    ):
        table[day][currency] = rate
    return table


def rates_on(
    day: dt.date, table: Mapping[dt.date, Mapping[str, Decimal]], currency: str
) -> Rates | None:
    """The last by that day that know the currency and USD; a long weekend is four days, more than
    a week is a gap."""
    needed = {currency, "USD"} - {"EUR"}
    for back in range(8):
        found = table.get(day - dt.timedelta(days=back), {})
        if needed <= found.keys():
            return Rates(id=0, source="", published_on=day, per_euro=found)
    return None


def convert_to_us_cents(net: int, currency: str, rates: Rates | None) -> int | None:
    if currency == "USD":
        return net
    if rates is None:
        return None
    return round_half_up(rates.convert(net, currency, "USD"))


# --- Orders
# ------------------------------------------------------------------------------------------------


def world_facts(
    *, store: Store, orders: Sequence[OrderFacts], limits: Limits, rates: Rates, now: dt.datetime
) -> World:
    """What holds for all of these orders: five queries, two more where a party may be listed."""
    countries = {order.country for order in orders}
    return World(
        now=now,
        today=platform_day(now),
        limits=limits,
        rates=rates,
        lanes=_lanes_by_country(countries),
        requirements=_requirements_by_country(countries, platform_day(now)),
        registrations=_store_registrations(store),
        embargoes=_embargoes_by_country(countries, platform_day(now)),
        **_listed_and_cleared(orders, platform_day(now)),
    )


def _lanes_by_country(countries: set[str]) -> dict[str, list[LaneFacts]]:
    lanes: dict[str, list[LaneFacts]] = defaultdict(list)
    rows = Lane.objects.filter(country__in=countries).order_by("service_id", "region")
    for row in rows.values("service_id", "country", "region", "transit_days", "special_clearance"):
        lanes[row["country"]].append(LaneFacts(**row))
    return lanes


def _requirements_by_country(countries: set[str], day: dt.date) -> dict[str, list[Requirement]]:
    needs: dict[str, list[Requirement]] = defaultdict(list)
    rows = RegistrationRequirement.objects.filter(
        country__in=countries, valid_from__lte=day
    ).order_by("id")
    for row in rows.values("scheme", "country", "jurisdiction", "category_id", "reference"):
        needs[row["country"]].append(Requirement(**row))
    return needs


def _store_registrations(store: Store) -> list[RegistrationFacts]:
    rows = Registration.objects.filter(store=store).order_by("id")
    return [
        RegistrationFacts(**row)
        for row in rows.values("scheme", "jurisdiction", "number", "valid_from", "valid_until")
    ]


def _embargoes_by_country(countries: set[str], day: dt.date) -> dict[str, list[EmbargoFacts]]:
    embargoes: dict[str, list[EmbargoFacts]] = defaultdict(list)
    rows = Embargo.objects.in_force(day).filter(country__in=countries).order_by("id")
    for row in rows.values("id", "country", "region", "programme", "reference"):
        embargoes[row["country"]].append(EmbargoFacts(**row))
    return embargoes


ENTRIES_BY_INDEX_SQL = """
SELECT DISTINCT p.id FROM unnest(%s::varchar[]) k JOIN LATERAL (
    SELECT id FROM marketplace_screenedparty WHERE keys @> ARRAY[k] OFFSET 0
) p ON true
"""
ENTRIES_BY_HASH_SQL = """
SELECT DISTINCT p.id FROM (SELECT id, unnest(keys) AS k FROM marketplace_screenedparty) p
  JOIN unnest(%s::varchar[]) q(k) ON q.k = p.k
"""
MANY_KEYS = 5000
"""Up to here a look into the index for each is quicker than one walk over the lists."""


def _entry_ids_with_keys(keys: Sequence[str]) -> list[int]:
    """Ids of entries that have one of the keys. An overlap of arrays would compare each with
    each."""
    if not keys:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            ENTRIES_BY_HASH_SQL if len(keys) > MANY_KEYS else ENTRIES_BY_INDEX_SQL, [keys]
        )
        return [pk for (pk,) in cursor.fetchall()]


def _listed_and_cleared(orders: Sequence[OrderFacts], day: dt.date) -> dict[str, Sequence]:
    """`listed`: the entries that may be one of the orders' parties, by index, however long the
    lists are; `cleared`: which of the parties were decided not to be them."""
    parties = {name for order in orders for name in order.parties}
    ids = _entry_ids_with_keys(keys_of_party(parties))
    rows = ScreenedParty.objects.in_force(day).filter(pk__in=ids).order_by("id") if ids else ()
    listed = tuple(_build_listed_party(row) for row in rows)
    return {
        "listed": listed,
        "cleared": list_cleared_parties(parties, {e.id: e.digest for e in listed})
        if listed
        else (),
    }


def _build_listed_party(row: ScreenedParty) -> ListedParty:
    names = (row.name, *row.aliases)
    digest = digest_of_entry(
        list_name=row.list_name,
        names=names,
        reference=row.reference,
        country=row.country,
        since=row.listed_from,
        until=row.listed_until,
    )
    return ListedParty(
        id=row.pk, names=names, list_name=row.list_name, reference=row.reference, digest=digest
    )


ORDER_COLUMNS = (
    "id", "number", "buyer_id", "status", "currency", "completed_at", "rating", "freight_minor",
    "prices_include_tax", "incoterm", "importer_of_record", "promise_days", "special_clearance", "local_return", "note",
    "buyer__name", "consignee", "street", "city", "postal_code", "region", "country",
)  # fmt: skip
SHIP_TO = ("consignee", "street", "city", "postal_code", "region", "country")


@pause_garbage_collector()
def order_facts(
    *, store: Store, order_ids: Sequence[int], now: dt.datetime, special_clearance: bool = False
) -> list[OrderFacts]:
    """The store's orders in the order asked for, with lines, stock, prices and claims: six queries.

    `special_clearance` ticks the 专线清关通道 for all of them (R-71).
    """
    rows = {
        row[0]: row
        for row in PastOrder.objects.filter(store=store, id__in=order_ids).values_list(
            *ORDER_COLUMNS
        )
    }
    lines = _lines_by_order(store, list(rows), now)
    held = dict(
        OrderClaim.objects.live(now)
        .filter(past_order__in=rows)
        .values_list("past_order_id", "until")
    )
    return [
        _build_order_facts(rows[pk], lines.get(pk, ()), held, special_clearance)
        for pk in order_ids
        if pk in rows
    ]


def _build_order_facts(
    row: tuple,
    lines: Sequence[LineFacts],
    held: Mapping[int, dt.datetime | None],
    special_clearance: bool,
) -> OrderFacts:
    (
        pk,
        number,
        buyer_id,
        status,
        currency,
        completed_at,
        rating,
        freight_minor,
        prices_include_tax,
        incoterm,
        importer,
        promise_days,
        cleared,
        local_return,
        note,
        buyer_name,
        *ship_to,
    ) = row
    consignee, *_, region, country = ship_to
    return OrderFacts(
        id=pk,
        number=number,
        buyer_id=buyer_id,
        status=status,
        currency=currency,
        completed_at=completed_at,
        rating=rating,
        freight_minor=freight_minor,
        prices_include_tax=prices_include_tax,
        incoterm=incoterm,
        importer_of_record=importer,
        country=country,
        region=region,
        ship_to=dict(zip(SHIP_TO, ship_to, strict=True)),
        promise_days=promise_days,
        special_clearance=cleared or special_clearance,
        local_return=local_return,
        note=note,
        held_until=held.get(pk),
        held=pk in held,
        lines=lines,
        parties=tuple(filter(None, dict.fromkeys((buyer_name, consignee)))),
    )


def _lines_by_order(
    store: Store, order_ids: Sequence[int], now: dt.datetime
) -> dict[int, list[LineFacts]]:
    rows = list(
        PastOrderLine.objects.filter(order__in=order_ids)
        .order_by("order_id", "line_no")
        .values_list("order_id", "id", "line_no", "sku_id", "quantity", "total_minor")
    )
    skus = _skus_by_id({row[3] for row in rows}, now)
    lines: dict[int, list[LineFacts]] = defaultdict(list)
    for order_id, pk, line_no, sku_id, quantity, total in rows:
        lines[order_id].append(LineFacts(pk, line_no, skus[sku_id], quantity, total))
    return lines


SKU_COLUMNS = (
    "id", "code", "category_id", "hs_code", "origin_country", "weight_g", "is_standard", "is_active",
    "is_ear_controlled", "moq", "stock_synced_at", "volume_cm3",
)  # fmt: skip


def sku_facts(sku_ids: set[int], now: dt.datetime) -> dict[int, SkuFacts]:
    """SKUs as they are now, with today's prices and what is left of their stock: three queries."""
    return _skus_by_id(sku_ids, now)


def _skus_by_id(sku_ids: set[int], now: dt.datetime) -> dict[int, SkuFacts]:
    reserved = dict(
        StockClaim.objects.live(now)
        .filter(sku__in=sku_ids)
        .values_list("sku_id")
        .annotate(Sum("quantity"))
    )
    prices = _prices_by_sku(sku_ids, now)
    skus = Sku.objects.filter(id__in=sku_ids)
    rows = skus.values_list(*SKU_COLUMNS, "on_hand", "category__code", "category__crb_exposed")
    return {row[0]: _build_sku_facts(row, reserved, prices) for row in rows}


def _build_sku_facts(
    row: tuple, reserved: Mapping[int, int], prices: Mapping[int, Sequence[Price]]
) -> SkuFacts:
    *known, on_hand, category_code, crb_exposed = row
    return SkuFacts(
        **dict(zip(SKU_COLUMNS, known, strict=True)),
        category_code=category_code,
        index_series=CRB if crb_exposed else "",
        available=on_hand - reserved.get(row[0], 0),
        prices=prices.get(row[0], ()),
    )


def _prices_by_sku(sku_ids: set[int], now: dt.datetime) -> dict[int, list[Price]]:
    """The list as it stands today: for each band its newest entry, bands ascending."""
    prices: dict[int, list[Price]] = defaultdict(list)
    rows = (
        PriceListEntry.objects.filter(sku__in=sku_ids, valid_from__lte=platform_day(now))
        .order_by("sku_id", "min_quantity", "-valid_from")
        .distinct("sku_id", "min_quantity")
    )
    for sku_id, min_quantity, amount, currency in rows.values_list(
        "sku_id", "min_quantity", "amount", "currency"
    ):
        prices[sku_id].append(Price(min_quantity=min_quantity, amount=amount, currency=currency))
    return prices


def repeatable_order_filter(store: Store, *, limits: Limits, now: dt.datetime) -> Q:
    """The part of the order rules that an index can answer: completed, recent, rated (R-06,
    R-07)."""
    return Q(
        store=store,
        status=PastOrderStatus.COMPLETED,
        completed_at__gte=now - dt.timedelta(days=limits.order_max_age_days),
        rating__gte=limits.order_min_rating,
    )
