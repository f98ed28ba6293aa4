"""Makers of synthetic stores, buyers, SKUs and past orders; every row says that it is simulated."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from marketplace.mirror.bulk_copy import copy_rows
from marketplace.models import (
    SIMULATED,
    Buyer,
    Category,
    PastOrder,
    PastOrderLine,
    PriceListEntry,
    Sku,
    Store,
    StoreLevel,
)
from marketplace.money import round_half_up
from qualification.models import Qualification
from qualification.review import QualificationStatus
from repurchase.demo.people import DemoStaff
from repurchase.demo.references import LONG_AGO

FIVE = Decimal(5)
LINE_COLUMNS = (
    "store_id", "order_id", "line_no", "sku_id", "quantity", "unit_price", "discount_minor", "total_minor", "rating",
    "hs_code",
)  # fmt: skip


def mirror_fields(now: dt.datetime) -> dict[str, Any]:
    return {"source": SIMULATED, "mirrored_at": now}


def make_store(
    code: str,
    name: str,
    *,
    staff: DemoStaff,
    now: dt.datetime,
    standing: str = QualificationStatus.OPEN,
    **fields,
) -> Store:
    made = Store.objects.create(
        code=code,
        name=name,
        sandbox=True,
        **{
            "legal_name": f"{name} (simulated)",
            "level": StoreLevel.GOLD,
            "verified_at": now,
            "settlement_currency": "CNY",
            "country": "CN",
            "city": "Ningbo",
            "street": "样例路 1 号",
            "postal_code": "315000",
        }
        | fields,
    )
    Qualification.objects.create(store=made, state=standing, since=now)
    staff.join(made)
    return made


def make_buyer(of: Store, external_id: str, name: str, now: dt.datetime, **fields: Any) -> Buyer:
    defaults = {
        "email": f"{external_id.lower()}@example.com",
        "is_certified_business": True,
        "certificate_valid_until": (now + dt.timedelta(days=400)).date(),
        "country": "DE",
        "city": "Hamburg",
        "street": "Musterstraße 1",
        "postal_code": "20457",
    }
    fields = defaults | fields
    fields.setdefault("tax_number", f"{fields['country']}-SAMPLE-{external_id[-20:]}")
    return Buyer.objects.create(
        store=of, external_id=external_id, name=name, **fields, **mirror_fields(now)
    )


def make_sku(
    of: Store,
    code: str,
    title: str,
    now: dt.datetime,
    *,
    category: Category,
    price: str | None,
    **fields: Any,
) -> Sku:
    """`price`: today's list price in USD a piece; None leaves it off the list."""
    defaults = {"hs_code": "848210", "weight_g": 400, "on_hand": 1_000_000, "stock_synced_at": now}
    made = Sku.objects.create(
        store=of,
        code=code,
        title=title,
        category=category,
        **defaults | fields,
        **mirror_fields(now),
    )
    if price is not None:
        PriceListEntry.objects.create(
            store=of,
            sku=made,
            min_quantity=1,
            amount=Decimal(price),
            currency="USD",
            valid_from=LONG_AGO,
            **mirror_fields(now),
        )
    return made


@dataclass(kw_only=True, slots=True)
class PastOrderSketch:
    """A past order to be made: its lines as (SKU, quantity, unit price), what was charged beside
    the goods."""

    number: str
    lines: Sequence[tuple[Sku, int, Decimal]]
    completed_at: dt.datetime
    stars: Sequence[Decimal] = ()  # one a line; all five when left out
    unrated: bool = False
    freight_minor: int = 4500
    tax: str = "0.19"
    fields: dict[str, Any] = field(default_factory=dict)


def make_past_orders(
    of: Store, by: Buyer, sketches: Iterable[PastOrderSketch], now: dt.datetime
) -> list[PastOrder]:
    """Ordered 12 days and paid 11 days before they were completed."""
    drawn = list(sketches)
    made = PastOrder.objects.bulk_create(
        (_order_from_sketch(of, by, s, now) for s in drawn), batch_size=1000
    )
    copy_rows(
        PastOrderLine._meta.db_table,
        LINE_COLUMNS,
        (row for order, s in zip(made, drawn, strict=True) for row in _line_rows(order, s)),
    )
    return made


def _order_from_sketch(of: Store, by: Buyer, s: PastOrderSketch, now: dt.datetime) -> PastOrder:
    goods = sum(_line_total_minor(quantity, price) for _, quantity, price in s.lines)
    charged = goods + s.freight_minor
    inside = bool(s.fields.get("prices_include_tax"))
    rate = Fraction(s.tax)
    tax = round_half_up(charged * rate / (1 + rate) if inside else charged * rate)
    stars = _rating_scores(s)
    values = {
        "status": "completed",
        "currency": "USD",
        "ordered_at": s.completed_at - dt.timedelta(days=12),
        "paid_at": s.completed_at - dt.timedelta(days=11),
        "completed_at": s.completed_at,
        "rating": sum(stars) / len(stars) if stars else None,
        "promise_days": 30,
        "consignee": by.name,
        "buyer_tax_number": by.tax_number,
        **{
            name: getattr(by, name)
            for name in ("country", "region", "city", "street", "postal_code")
        },
    }
    return PastOrder(
        store=of,
        buyer=by,
        number=s.number,
        goods_minor=goods,
        freight_minor=s.freight_minor,
        tax_minor=tax,
        paid_minor=charged if inside else charged + tax,
        line_count=len(s.lines),
        **values | s.fields,
        **mirror_fields(now),
    )


def _line_rows(order: PastOrder, s: PastOrderSketch) -> Iterable[tuple]:
    stars = _rating_scores(s) or [None] * len(s.lines)
    for n, ((item, quantity, price), star) in enumerate(zip(s.lines, stars, strict=True), start=1):
        yield (
            order.store_id,
            order.pk,
            n,
            item.pk,
            quantity,
            price,
            0,
            _line_total_minor(quantity, price),
            star,
            item.hs_code,
        )


def _rating_scores(s: PastOrderSketch) -> Sequence[Decimal]:
    return () if s.unrated else s.stars or [FIVE] * len(s.lines)


def _line_total_minor(quantity: int, price: Decimal) -> int:
    """The sketches' prices have two decimals, so this is exact."""
    return int(quantity * price * 100)
