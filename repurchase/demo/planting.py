"""Makes the plants: each lacks exactly one thing (repurchase.demo.plants)."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from diagnostics.codes import Code
from marketplace.models import (
    Category,
    Dispute,
    OrderClaim,
    PastOrder,
    Scheme,
    Sku,
    Store,
    StoreLevel,
)
from qualification.review import QualificationStatus
from repurchase.demo import goods, ningbo, plants, references
from repurchase.demo.goods import PastOrderSketch
from repurchase.demo.people import DemoStaff

PRICE = Decimal("10.00")
QUANTITY = 500  # USD 5,000.00 an order: five of them pass the gate of USD 20,000
VALIDITY_AHEAD = dt.timedelta(days=400)


def load(*, staff: DemoStaff, now: dt.datetime) -> None:
    store = Store.objects.get(code=ningbo.CODE)
    good = _good_sku(store, now)
    _plant_buyers(store, good, now)
    _plant_orders(store, good, now)
    for code in plants.STORES:
        _plant_store(code, staff, now)
    _plant_store_that_may_not_open(staff, now)
    _plant_store_that_gathers_documents(staff, now)


def _good_sku(of: Store, now: dt.datetime) -> Sku:
    category = Category.objects.get(code="machinery")
    return goods.make_sku(
        of, "SAMPLE-GOOD", "样例轴承 Sample bearing", now, category=category, price=str(PRICE)
    )


def _good_orders(
    prefix: str,
    item: Sku,
    now: dt.datetime,
    *,
    orders: int = 5,
    quantity: int = QUANTITY,
    age_days: int = 2,
) -> Iterator[PastOrderSketch]:
    """One completed every two days; paid before that, so within the window of 30 days for the
    first few."""
    for n in range(orders):
        at = now - dt.timedelta(days=age_days + 2 * n)
        yield PastOrderSketch(
            number=f"{prefix}-{n + 1}", lines=[(item, quantity, PRICE)], completed_at=at
        )


# --- Buyers
# ------------------------------------------------------------------------------------------------


def _plant_buyers(store: Store, good: Sku, now: dt.datetime) -> None:
    fields: dict[Code, dict[str, Any]] = {
        Code.BUYER_NOT_CERTIFIED: {"is_certified_business": False, "certificate_valid_until": None},
        Code.BUYER_CERTIFICATE_EXPIRED: {
            "certificate_valid_until": (now - dt.timedelta(days=10)).date()
        },
        Code.BUYER_TOO_FEW_ORDERS: {},
        Code.BUYER_GMV_TOO_LOW: {},
    }
    volume = {
        Code.BUYER_TOO_FEW_ORDERS: {"orders": 4, "quantity": 2 * QUANTITY},
        Code.BUYER_GMV_TOO_LOW: {"quantity": 30},
    }
    for code in plants.BUYERS:
        name = plants.of(code).name
        buyer = goods.make_buyer(
            store, name, f"Sample {code.lower().replace('_', ' ')} GmbH", now, **fields[code]
        )
        goods.make_past_orders(
            store, buyer, _good_orders(name, good, now, **volume.get(code, {})), now
        )


# --- Orders
# ------------------------------------------------------------------------------------------------


def _plant_orders(store: Store, good: Sku, now: dt.datetime) -> None:
    buyer = goods.make_buyer(store, plants.PLANTS_BUYER, "故障示例买家 Failure Samples GmbH", now)
    goods.make_past_orders(store, buyer, _good_orders("PLANT-GOOD", good, now, orders=6), now)
    skus = _planted_skus(store, now)
    sketches = [_sketch_planted_order(code, skus, good, now) for code in plants.ORDERS]
    made = goods.make_past_orders(store, buyer, sketches, now)
    held = next(
        order for order in made if order.number == plants.of(Code.ORDER_ALREADY_LOCKED).name
    )
    OrderClaim.objects.create(store=store, past_order=held, holder=uuid.uuid4(), until=None)


def _planted_skus(store: Store, now: dt.datetime) -> dict[Code, Sku]:
    category = Category.objects.get(code="machinery")
    fields: dict[Code, dict[str, Any]] = {
        Code.EXPORT_CONTROLLED: {
            "is_ear_controlled": True,
            "category": Category.objects.get(code="drones"),
        },
        Code.SKU_NOT_STANDARD: {"is_standard": False},
        Code.SKU_INACTIVE: {"is_active": False},
        Code.STOCK_TOO_LOW: {"on_hand": 3},
        Code.MOQ_NOT_MET: {"moq": 2 * QUANTITY},
        Code.HS_CODE_MISSING: {"hs_code": ""},
        Code.WEIGHT_MISSING: {"weight_g": None},
        Code.PRICE_OUT_OF_BAND: {"price": str(PRICE * Decimal("1.08"))},
        Code.PRICE_REFERENCE_MISSING: {"price": None},
        Code.COMMISSION_RATE_MISSING: {"category": Category.objects.get(code="new-energy")},
    }
    defaults = {"category": category, "price": str(PRICE)}
    made = {
        code: goods.make_sku(store, f"PLANT-{n:02d}", f"样例 Sample {code}", now, **defaults | more)
        for n, (code, more) in enumerate(fields.items(), start=1)
    }
    made[Code.STOCK_SYNC_STALE] = goods.make_sku(
        store, plants.STALE_SKU, "样例：库存同步延迟 Sample stale stock", now, **defaults
    )
    Sku.objects.filter(pk=made[Code.STOCK_SYNC_STALE].pk).update(
        stock_synced_at=now - dt.timedelta(hours=3)
    )
    return made


def _sketch_planted_order(
    code: Code, skus: dict[Code, Sku], good: Sku, now: dt.datetime
) -> PastOrderSketch:
    """A planted SKU stands alone in its order, so that the order shows its code; a mould number
    beside a good line."""
    item = skus.get(code) or (
        skus[Code.SKU_NOT_STANDARD] if code is Code.ORDER_WITHOUT_LINES else good
    )
    sketch = PastOrderSketch(
        number=plants.of(code).name,
        lines=[(item, QUANTITY, PRICE)],
        completed_at=now - dt.timedelta(days=4),
    )
    CHANGES.get(code, lambda *_: None)(sketch, good, now)
    return sketch


def _ship_to_country(
    country: str, **fields: Any
) -> Callable[[PastOrderSketch, Sku, dt.datetime], None]:
    def change(sketch: PastOrderSketch, _good: Sku, _now: dt.datetime) -> None:
        sketch.fields |= {"country": country, "region": "", "city": "Sample town", **fields}

    return change


def _with_order_fields(**fields: Any) -> Callable[[PastOrderSketch, Sku, dt.datetime], None]:
    def change(sketch: PastOrderSketch, _good: Sku, _now: dt.datetime) -> None:
        sketch.fields |= fields

    return change


def _make_too_old(sketch: PastOrderSketch, _good: Sku, now: dt.datetime) -> None:
    sketch.completed_at = now - dt.timedelta(days=91)


def _with_ratings(*stars: str) -> Callable[[PastOrderSketch, Sku, dt.datetime], None]:
    def change(sketch: PastOrderSketch, _good: Sku, _now: dt.datetime) -> None:
        sketch.stars = [Decimal(star) for star in stars]
        sketch.unrated = not stars

    return change


def _beside_a_good_line(sketch: PastOrderSketch, good: Sku, _now: dt.datetime) -> None:
    sketch.lines = [*sketch.lines, (good, QUANTITY, PRICE)]


def _with_a_service(sketch: PastOrderSketch, good: Sku, now: dt.datetime) -> None:
    """Repeatable, but its second line asks for a service: left unconfirmed by the buyer, that line
    leaves (R-15)."""
    _beside_a_good_line(sketch, good, now)
    sketch.fields["note"] = "[service line=2] 附加英文说明书 extra English manual"


CHANGES: dict[Code, Callable[[PastOrderSketch, Sku, dt.datetime], None]] = {
    Code.ORDER_NOT_COMPLETED: _with_order_fields(status="open", completed_at=None),
    Code.ORDER_TOO_OLD: _make_too_old,
    Code.ORDER_UNRATED: _with_ratings(),
    Code.ORDER_RATING_TOO_LOW: _with_ratings("4.79"),
    Code.SKU_NOT_STANDARD: _beside_a_good_line,
    Code.CUSTOM_SERVICE_UNCONFIRMED: _with_a_service,
    Code.LANE_UNREACHABLE: _ship_to_country(
        "RU", region=references.NOVOSIBIRSK, city="Новосибирск", postal_code="630000"
    ),
    Code.EXPORT_CONTROLLED: _ship_to_country(
        "RU",
        region=references.NOVOSIBIRSK,
        city="Новосибирск",
        postal_code="630000",
        special_clearance=True,
    ),
    Code.PARTY_SCREENED_OUT: _with_order_fields(consignee="Stopped-Sample Aerospace, LLC"),
    Code.TRANSIT_TOO_SLOW: _with_order_fields(promise_days=3),
    Code.REGISTRATION_MISSING: _ship_to_country("FR"),
    Code.REGISTRATION_EXPIRED: _ship_to_country("ES"),
    Code.FREIGHT_UNAVAILABLE: _ship_to_country(references.WITHOUT_CARD),
    Code.TAX_CODE_MISSING: _ship_to_country("NO"),
    Code.FX_RATE_MISSING: _with_order_fields(currency="RUB"),
}


# --- Stores
# ------------------------------------------------------------------------------------------------


def _plant_store(code: Code, staff: DemoStaff, now: dt.datetime) -> None:
    fields: dict[Code, dict[str, Any]] = {
        Code.QUALIFICATION_REQUIRED: {"standing": QualificationStatus.NOT_OPEN},
        Code.STORE_LEVEL_TOO_LOW: {"level": StoreLevel.SILVER},
        Code.STORE_NOT_VERIFIED: {"verified_at": None},
        Code.FX_RATE_STALE: {"clock_offset": VALIDITY_AHEAD},
    }
    name = f"Sample · {code.lower().replace('_', ' ')}"
    store = goods.make_store(
        plants.of(code).name, name, staff=staff, now=now, **fields.get(code, {})
    )
    references.add_sample_registrations(
        store, now, (Scheme.VAT, "DE", None), (Scheme.EPR, "DE", None)
    )
    own_now = now + store.clock_offset
    item = _good_sku(store, own_now)
    buyer = goods.make_buyer(store, "SAMPLE", "Sample Handels GmbH", own_now)
    age = 45 if code is Code.DISPUTE_RATE_NOT_EVALUABLE else 2  # its last payment is 56 days old
    orders = goods.make_past_orders(
        store, buyer, _good_orders("SAMPLE", item, own_now, age_days=age), now
    )
    if code is Code.DISPUTE_RATE_TOO_HIGH:
        _open_dispute(store, orders[0], now)


def _plant_store_that_may_not_open(staff: DemoStaff, now: dt.datetime) -> None:
    """Beside the store of QUALIFICATION_REQUIRED, which passes: one that every gate at opening
    stops (R-29)."""
    goods.make_store(
        plants.NOT_TO_BE_OPENED_STORE,
        "Sample · opening refused",
        staff=staff,
        now=now,
        standing=QualificationStatus.NOT_OPEN,
        level=StoreLevel.SILVER,
        verified_at=None,
    )


def _plant_store_that_gathers_documents(staff: DemoStaff, now: dt.datetime) -> None:
    """`manage.py write_samples` writes documents of this company, to try the qualification with."""
    store = goods.make_store(
        plants.DOCUMENTS_STORE,
        "Sample · documents wanted",
        staff=staff,
        now=now,
        standing=QualificationStatus.DOCUMENTS,
        legal_name="宁波样例进出口有限公司",
    )
    _good_sku(store, now)


def _open_dispute(store: Store, order: PastOrder, now: dt.datetime) -> None:
    Dispute.objects.create(
        store=store,
        order=order,
        external_id="SAMPLE-D1",
        opened_at=now - dt.timedelta(days=1),
        reason="样例 Sample dispute",
        **goods.mirror_fields(now),
    )
