"""Ningbo Bulk Trading: a synthetic store with a buyer of 6000 repeatable orders, for a batch of
5000."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

from marketplace.models import (
    Buyer,
    Category,
    Dispute,
    PastOrder,
    ProductionGroup,
    Scheme,
    Sku,
    Store,
)
from repurchase.demo import goods, references
from repurchase.demo.goods import PastOrderSketch
from repurchase.demo.people import DemoStaff

CODE = "ningbo-bulk"
BULK_BUYER = "NB-HANSE"
BULK_ORDERS = 6000
SPAN = dt.timedelta(days=85)
DISPUTES = 4
"""On some 2000 orders paid in 30 days: about 0.2 %, below the limit of 0.35 % (R-22)."""

# category, HS, grams, USD, Chinese and English name; each in four variants
PRODUCT_KINDS = (
    ("apparel", "610910", 180, "4.20", "纯棉圆领T恤", "Cotton T-shirt"),
    ("apparel", "611020", 420, "9.80", "针织开衫", "Knitted cardigan"),
    ("auto-parts", "870830", 900, "12.50", "前刹车片", "Brake pads, front"),
    ("auto-parts", "870899", 650, "7.90", "车门拉手", "Door handle"),
    ("auto-parts", "870899", 310, "3.60", "雨刮器片", "Wiper blade"),
    ("machinery", "848210", 220, "2.40", "深沟球轴承", "Deep groove ball bearing"),
    ("machinery", "841370", 5200, "38.00", "离心泵", "Centrifugal pump"),
    ("electronics", "850440", 260, "6.30", "开关电源", "Switching power supply"),
    ("electronics", "854370", 95, "5.10", "信号发生模块", "Signal generator module"),
    ("electronics", "850440", 140, "4.75", "快充充电器", "Fast charger"),
)
# code, name, the categories it makes, pieces a day: all 6000 orders fit, as does an MOQ of 36, but
# not one of 60
WORKSHOPS = (
    ("sewing", "缝制车间 Sewing", ("apparel",), 8_000),
    ("machining", "机加工车间 Machining", ("auto-parts", "machinery"), 20_000),
    ("assembly", "电子装配线 Assembly", ("electronics",), 12_000),
)
VARIANTS = ("A 型", "B 型", "C 型", "D 型")


def load(*, staff: DemoStaff, now: dt.datetime) -> Store:
    store = goods.make_store(CODE, "Ningbo Bulk Trading 宁波大宗贸易（模拟）", staff=staff, now=now)
    references.add_negotiated_prices(store, now)
    _add_registrations(store, now)
    shelf = _make_shelf(store, now)
    _add_workshops(store, now)
    bulk = goods.make_buyer(
        store,
        BULK_BUYER,
        "Hanse Einkauf GmbH",
        now,
        tax_number_checked_at=now,
        tax_number_checked_how="simulated",
    )
    orders = goods.make_past_orders(store, bulk, _bulk_orders(shelf, now), now)
    _open_disputes(store, orders, now)
    _small_buyer(store, shelf, now)
    return store


def _add_registrations(store: Store, now: dt.datetime) -> None:
    """Left out on purpose: VAT in NO, EPR in FR; and EPR in ES has lapsed. The plants need it
    so."""
    in_a_year, last_month = now.date() + dt.timedelta(days=365), now.date() - dt.timedelta(days=30)
    references.add_sample_registrations(
        store,
        now,
        *((Scheme.VAT, country, None) for country in ("DE", "ES", "FR", "NL", "NZ", "RU", "GB")),
        (Scheme.EPR, "DE", in_a_year),
        (Scheme.EPR, "ES", last_month),
        (Scheme.FDA, "US", in_a_year),
    )


def _make_shelf(store: Store, now: dt.datetime) -> list[tuple[Sku, Decimal]]:
    """The shelf with what was paid a piece; today's list price lies up to 2 % beside it."""
    categories = {category.code: category for category in Category.objects.all()}
    shelf = []
    for k, (code, hs, grams, price, zh, en) in enumerate(PRODUCT_KINDS):
        for v, variant in enumerate(VARIANTS):
            paid = (Decimal(price) * (100 + 6 * v) / 100).quantize(Decimal("0.01"))
            today = paid * (100 + (k + v) % 5 - 2) / 100
            made = goods.make_sku(
                store,
                f"NB-{k + 1:02d}{variant[0]}",
                f"{zh} {variant} {en}",
                now,
                hs_code=hs,
                category=categories[code],
                price=str(today),
                weight_g=grams,
            )
            shelf.append((made, paid))
    return shelf


def _add_workshops(store: Store, now: dt.datetime) -> None:
    for code, name, categories, pieces in WORKSHOPS:
        group = ProductionGroup.objects.create(
            store=store,
            code=code,
            name=name,
            pieces_a_day=pieces,
            assumed=["pieces_a_day"],
            **goods.mirror_fields(now),
        )
        Sku.objects.filter(store=store, category__code__in=categories).update(
            production_group=group
        )


def _bulk_orders(shelf: list[tuple[Sku, Decimal]], now: dt.datetime) -> Iterator[PastOrderSketch]:
    """Three lines each, one every 20 minutes or so, the newest an hour old; the prices of each
    tenth include VAT."""
    for n in range(BULK_ORDERS):
        lines = [shelf[(n * 7 + step) % len(shelf)] for step in (0, 11, 23)]
        yield PastOrderSketch(
            number=f"NB-{n + 1:06d}",
            lines=[(item, 12 * (1 + (n + k) % 4), price) for k, (item, price) in enumerate(lines)],
            completed_at=now - dt.timedelta(hours=1) - SPAN * n / BULK_ORDERS,
            stars=[Decimal(5), Decimal(5), Decimal("4.5")] if n % 9 == 0 else (),
            freight_minor=2500 + 50 * (n % 30),
            fields={"prices_include_tax": n % 10 == 9},
        )


def _open_disputes(store: Store, orders: list[PastOrder], now: dt.datetime) -> None:
    """Opened three weeks ago, so that they leave the window before the orders do."""
    Dispute.objects.bulk_create(
        Dispute(
            store=store,
            order=orders[1500 + n],
            external_id=f"NB-D{n + 1}",
            reason="运输破损 Damaged in transit",
            opened_at=now - dt.timedelta(days=21 + n),
            **goods.mirror_fields(now),
        )
        for n in range(DISPUTES)
    )


def _small_buyer(store: Store, shelf: list[tuple[Sku, Decimal]], now: dt.datetime) -> Buyer:
    """A Dutch importer whose checked number moves the tax to them (R-64)."""
    buyer = goods.make_buyer(
        store,
        "NB-MAAS",
        "Maas Handel B.V.",
        now,
        country="NL",
        city="Rotterdam",
        street="Voorbeeldkade 1",
        postal_code="3011 AA",
        tax_number_checked_at=now,
        tax_number_checked_how="simulated",
    )
    sketches = (
        PastOrderSketch(
            number=f"NB-NL-{n + 1:03d}",
            lines=[(item, 200, price) for item, price in shelf[n * 3 : n * 3 + 3]],
            completed_at=now - dt.timedelta(days=3 + 6 * n),
            freight_minor=18_000,
            tax="0",
        )
        for n in range(12)
    )
    goods.make_past_orders(store, buyer, sketches, now)
    return buyer
