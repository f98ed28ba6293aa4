"""A small world for tests: each maker fills what a test does not care about.

The cast is fixed: alice owns the store, bob is an operator on her team, charlie may see nothing.
"""

import datetime as dt
import itertools
import secrets
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Q, QuerySet
from django.utils import timezone

from marketplace import api_keys, clock
from marketplace.mirror import tariffs
from marketplace.models import (
    ApiKey,
    Buyer,
    CarrierService,
    Category,
    CommissionRate,
    FxRate,
    FxRateSet,
    IndexClose,
    Lane,
    Membership,
    PastOrder,
    PastOrderLine,
    PriceListEntry,
    RateCard,
    Registration,
    Role,
    Sku,
    Store,
    StoreLevel,
    TaxRate,
    User,
)
from qualification.models import Qualification, Upload
from qualification.readings import Box, DocumentKind, Reading, ReadingField, encode_reading
from qualification.review import QualificationStatus
from qualification.uploads import UploadState

NOW = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
LONG_AGO = dt.date(2020, 1, 1)
_number = itertools.count(1)
MIRRORED = {"source": "test", "mirrored_at": NOW}


def user(email: str = "", **fields: Any) -> User:
    return User.objects.create_user(
        email or f"user{next(_number)}@example.com", "a long password", **fields
    )


def store(*, standing: QualificationStatus = QualificationStatus.OPEN, **fields: Any) -> Store:
    """A sandbox store whose clock stands at `NOW`, whatever the day; a live one has the real
    clock."""
    n = next(_number)
    defaults = {
        "code": f"store-{n}",
        "name": f"Store {n}",
        "legal_name": f"Store {n} Co., Ltd.",
        "level": StoreLevel.GOLD,
        "verified_at": NOW,
        "settlement_currency": "CNY",
        "country": "CN",
        "city": "Ningbo",
        "sandbox": True,
    }
    if fields.get("sandbox", True):
        defaults["clock_offset"] = NOW - clock.now()
    made = Store.objects.create(**defaults | fields)
    Qualification.objects.create(store=made, state=standing, since=NOW)
    return made


def move_clock(of: Store, to: dt.datetime) -> None:
    """The sandbox store's clock stands at `to`, give or take what the test itself takes."""
    of.clock_offset += to - clock.now(of)
    of.save()


def member(of: Store, role: str = Role.OWNER, email: str = "") -> User:
    made = user(email)
    Membership.objects.create(user=made, store=of, role=role)
    return made


def key(of: Store, *scopes: str, role: str = Role.OWNER) -> str:
    """The text of an API key that acts for a new member of the role; every scope, unless some are
    named."""
    text = f"bro_{secrets.token_urlsafe(32)}"
    ApiKey.objects.create(
        store=of,
        name="ERP",
        scopes=list(scopes or api_keys.SCOPES),
        prefix=text[:12],
        digest=api_keys.digest_of(text),
        principal=Membership.objects.create(user=user(), store=of, role=role),
        granted_at=timezone.now(),
    )
    return text


def buyer(of: Store, **fields: Any) -> Buyer:
    n = next(_number)
    defaults = {
        "external_id": str(n),
        "name": f"Buyer {n}",
        "email": f"buyer{n}@example.com",
        "is_certified_business": True,
        "certificate_valid_until": dt.date(2030, 1, 1),
        "country": "DE",
        "city": "Hamburg",
        "street": "Hafenstr. 1",
        "postal_code": "20457",
    }
    return Buyer.objects.create(store=of, **MIRRORED | defaults | fields)


def category(rate: str | None = "0.08", **fields: Any) -> Category:
    n = next(_number)
    made = Category.objects.create(
        **{"code": f"cat-{n}", "name_en": f"Cat {n}", "name_zh": f"类目 {n}"} | fields
    )
    if rate is not None:
        commission(made, rate)
    return made


def commission(of: Category, rate: str | None, *, valid_from: dt.date = LONG_AGO) -> CommissionRate:
    rate = None if rate is None else Decimal(rate)
    return tariffs.begin(CommissionRate(category=of, rate=rate, valid_from=valid_from, **MIRRORED))


def sku(of: Store, *, price: str | None = "10.00", currency: str = "USD", **fields: Any) -> Sku:
    n = next(_number)
    defaults = {
        "code": f"SKU-{n}",
        "title": f"Thing {n}",
        "hs_code": "691110",
        "weight_g": 400,
        "on_hand": 100_000,
        "stock_synced_at": NOW,
    }
    fields.setdefault("category", None)
    fields["category"] = fields["category"] or category()
    made = Sku.objects.create(store=of, **MIRRORED | defaults | fields)
    if price is not None:
        list_price(made, price, currency=currency)
    return made


def list_price(
    of: Sku, price: str, *, currency: str = "USD", min_quantity: int = 1
) -> PriceListEntry:
    return PriceListEntry.objects.create(
        store=of.store,
        sku=of,
        min_quantity=min_quantity,
        amount=Decimal(price),
        currency=currency,
        valid_from=LONG_AGO,
        **MIRRORED,
    )


def past_order(
    of: Store,
    by: Buyer,
    lines: list[tuple[Sku, int, int]],
    *,
    completed_at: dt.datetime | None = NOW - dt.timedelta(days=5),
    **fields: Any,
) -> PastOrder:
    """`lines`: (sku, quantity, total in minor units)."""
    goods = sum(total for _, _, total in lines)
    freight = fields.pop("freight_minor", 0)
    at = (completed_at or NOW) - dt.timedelta(days=3)
    defaults = {
        "number": f"PO-{next(_number)}",
        "status": "completed" if completed_at else "open",
        "currency": "USD",
        "ordered_at": at,
        "paid_at": at,
        "completed_at": completed_at,
        "rating": Decimal("5"),
        "goods_minor": goods,
        "freight_minor": freight,
        "paid_minor": goods + freight,
        "line_count": len(lines),
        "country": by.country,
        "region": by.region,
        "city": by.city,
        "street": by.street,
        "postal_code": by.postal_code,
        "consignee": by.name,
    }
    made = PastOrder.objects.create(store=of, buyer=by, **MIRRORED | defaults | fields)
    PastOrderLine.objects.bulk_create(
        PastOrderLine(
            store=of,
            order=made,
            line_no=n,
            sku=item,
            quantity=quantity,
            unit_price=Decimal(total) / 100 / quantity,
            total_minor=total,
            rating=made.rating,
        )
        for n, (item, quantity, total) in enumerate(lines, start=1)
    )
    return made


def rates(published_on: dt.date = TODAY, source: str = "ecb", **per_euro: str) -> FxRateSet:
    """`rates(USD="1.10", CNY="7.80")`; USD, GBP and CNY have defaults."""
    made = FxRateSet.objects.create(published_on=published_on, source=source, mirrored_at=NOW)
    table = {"USD": "1.10", "GBP": "0.85", "CNY": "7.80"} | per_euro
    FxRate.objects.bulk_create(
        FxRate(rate_set=made, currency=c, per_euro=Decimal(r)) for c, r in table.items()
    )
    return made


def index_close(value: str = "300", closed_on: dt.date = TODAY, series: str = "CRB") -> IndexClose:
    return IndexClose.objects.create(
        series=series, closed_on=closed_on, value=Decimal(value), **MIRRORED
    )


def lane(country: str = "DE", *, transit_days: int = 10, **fields: Any) -> CarrierService:
    """A service that reaches the country, with a public and no negotiated rate card."""
    n = next(_number)
    service = fields.pop("service", None) or CarrierService.objects.create(
        code=f"service-{n}", name=f"Service {n}", carrier="Cainiao"
    )
    Lane.objects.create(
        service=service, country=country, transit_days=transit_days, **MIRRORED | fields
    )
    return service


def rate_card(service: CarrierService, country: str = "DE", **fields: Any) -> RateCard:
    defaults = {
        "currency": "USD",
        "base_minor": 500,
        "step_g": 1000,
        "step_minor": 200,
        "valid_from": LONG_AGO,
    }
    return tariffs.begin(RateCard(service=service, country=country, **MIRRORED | defaults | fields))


def tax(
    country: str = "DE", rate: str = "0.19", *, registration_of: Store | None = None, **fields: Any
) -> TaxRate:
    values = (
        MIRRORED
        | {"category": "S", "rate": Decimal(rate), "region": "", "valid_from": LONG_AGO}
        | fields
    )
    key = {"country": country, "region": values["region"], "valid_from": values["valid_from"]}
    made = TaxRate.objects.filter(**key).first() or tariffs.begin(
        TaxRate(country=country, **values)
    )
    if registration_of:
        Registration.objects.create(
            store=registration_of,
            scheme="VAT",
            jurisdiction=country,
            number=f"{country}123456789",
            valid_from=LONG_AGO,
            **MIRRORED,
        )
    return made


def repeatable(
    of: Store, *, orders: int = 5, lines: int = 1, **buyer_fields: Any
) -> tuple[Buyer, list[PastOrder]]:
    """A buyer with orders of USD 5,000.00 each that pass every gate and rule, and the rates and
    lanes for it."""
    if not FxRateSet.objects.exists():
        rates()
        index_close()
    by = buyer(of, **buyer_fields)
    service = lane(by.country)
    rate_card(service, by.country)
    rate_card(service, by.country, store=of, base_minor=430, step_minor=172)
    tax(by.country, registration_of=of)
    item = sku(of, price="10.00")
    made = [
        past_order(of, by, [(item, 500 // lines, 500_000 // lines)] * lines, freight_minor=2500)
        for _ in range(orders)
    ]
    return by, made


COMPANY_FIELDS = {
    DocumentKind.LICENCE: {"credit_code": "91110000600037341L", "founded_on": "2010-01-01", "valid_until": "9999-12-31"},
    DocumentKind.STATEMENT: {
        "account": "62220212345", "currency": "USD", "period_from": "2026-08-01", "period_to": "2026-10-31",
        **{f"{side}s 2026-{month}": "150000.00" for month in ("08", "09", "10") for side in ("credit", "debit")},
    },
    DocumentKind.DECLARATION: {"declared_on": "2026-10-10", "hs 1": "6911101900", "total 1": "20000.00", "currency 1": "USD"},
    DocumentKind.ISO_9001: {"standard": "ISO 9001", "valid_until": "2028-01-01"},
}  # fmt: skip


def upload(
    of: Store,
    kind: DocumentKind = DocumentKind.LICENCE,
    *,
    by: str = "user:0",
    unsure: tuple[str, ...] = (),
    **fields: Any,
) -> Upload:
    """A document that was read; its values suffice unless others are given by `read`."""
    n = next(_number)
    box = Box(page=1, x0=0.1, y0=0.1, x1=0.3, y1=0.12)
    values = {"company": of.legal_name, **COMPANY_FIELDS[kind]}
    if kind is DocumentKind.DECLARATION:
        values["number"] = f"530120260{n:09}"
    values |= fields.pop("read", {})
    found = [
        ReadingField(
            name=k,
            value=v,
            raw=v,
            confidence=0.3 if k in unsure else 0.99,
            box=box,
            proven=k not in unsure,
        )
        for k, v in values.items()
    ]
    reading = Reading(kind=kind, fields=found, pages=1, seals=[box], engine="test")
    defaults = {
        "name": f"{kind}-{n}.pdf",
        "size": 1000,
        "sha256": f"{n:064}",
        "stored": f"qualification/00/{n}.pdf",
        "uploaded_at": NOW,
        "uploaded_by": by,
        "state": UploadState.READ,
        "rung_at": NOW,
        "read_at": NOW,
        "pages": 1,
        "reading": encode_reading(reading),
        "number": values.get("number", ""),
    }
    return Upload.objects.create(store=of, kind=kind, **defaults | fields)


def papers(of: Store, **fields: Any) -> list[Upload]:
    """A set that passes every check of a store whose main category has the heading 6911."""
    kinds = [DocumentKind.LICENCE, DocumentKind.STATEMENT, *[DocumentKind.DECLARATION] * 3]
    return [upload(of, kind, **fields) for kind in kinds]


def reviewing_permissions() -> QuerySet[Permission]:
    """What the demo's reviewer of documents has: all there is may be looked at, documents are
    decided on."""
    return Permission.objects.filter(
        Q(codename__startswith="view_") | Q(codename="review_qualification"),
        content_type__app_label__in=[
            "qualification",
            "marketplace",
            "pricing",
            "repurchase",
            "diagnostics",
        ],
    )
