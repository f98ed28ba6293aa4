"""Repeat orders made directly as rows, many at a time, for tests of what reads them."""

import datetime as dt
from decimal import Decimal
from typing import Any

from marketplace.models import Buyer, PastOrder, PastOrderLine, Sku, Store
from pricing.locks import LIVE_LOCK_STATUSES, LockStatus
from pricing.models import Lock
from repurchase.models import Batch, OrderFee, Payment, Release, RepeatLine, RepeatOrder
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus
from tests import world

LINE_MINOR = 12_345
FREIGHT_MINOR = 2_500


def batch(of: Store, buyer: Buyer | None = None, **fields: Any) -> Batch:
    defaults = {
        "asked": 1,
        "status": BatchStatus.LOCKED,
        "created_at": world.NOW,
        "created_by": "user:1",
        "screened_at": world.NOW,
    }
    return Batch.objects.create(store=of, buyer=buyer or world.buyer(of), **defaults | fields)


def lock(of: Batch, **fields: Any) -> Lock:
    status = fields.get("status", LockStatus.OPEN)
    ended = {} if status in LIVE_LOCK_STATUSES else {"ended_at": world.NOW, "ended_by": "buyer"}
    defaults = {
        "subject": of.ref,
        "currency": "USD",
        "index_series": "CRB",
        "order_count": 1,
        "total_minor": 1,
        "terms_digest": "0" * 64,
        "locked_at": world.NOW,
        "locked_by": "user:1",
        "expires_at": world.NOW + dt.timedelta(hours=72),
    }
    if "rate_set" not in fields:
        fields["rate_set"] = world.rates(published_on=world.NOW.date(), source=f"ecb-{of.pk}")
    if "index_close" not in fields:
        fields["index_close"] = world.index_close(series=f"CRB{of.pk}"[:12])
    return Lock.objects.create(store=of.store, buyer=of.buyer, **defaults | ended | fields)


def repeats(
    of: Batch,
    count: int = 1,
    *,
    lines: int = 1,
    skus: list[Sku] | None = None,
    currency: str = "USD",
    line_minor: int = LINE_MINOR,
    first: int = 1,
    source: dict[str, Any] | None = None,
    line: dict[str, Any] | None = None,
    **fields: Any,
) -> list[RepeatOrder]:
    """`count` confirmed orders of the batch in one lot; each with a commission and a logistics fee
    line."""
    skus = skus or [world.sku(of.store)]
    numbers = range(first, first + count)
    past = PastOrder.objects.bulk_create(
        [_past(of, n, lines, currency, line_minor, source or {}) for n in numbers]
    )
    past_lines = PastOrderLine.objects.bulk_create(
        PastOrderLine(
            store=of.store,
            order=order,
            line_no=n,
            sku=skus[n % len(skus)],
            quantity=12,
            unit_price=Decimal(line_minor) / 1200,
            total_minor=line_minor,
        )
        for order in past
        for n in range(1, lines + 1)
    )
    if "lock" not in fields:
        fields["lock"] = lock(of, currency=currency)
    status = fields.pop("status", OrderStatus.CONFIRMED)
    made = RepeatOrder.objects.bulk_create(
        _repeat(of, n, order, currency, fields) for n, order in zip(numbers, past, strict=True)
    )
    by_source = {order.past_order_id: order for order in made}
    RepeatLine.objects.bulk_create(_line(by_source[p.order_id], p, line or {}) for p in past_lines)
    OrderFee.objects.bulk_create(fee for order in made for fee in _fees(order))
    walk(made, OrderStatus(status))
    for order in made:
        order.status = status
    return made


UNDECIDED = (OrderStatus.FAILED, OrderStatus.EXCLUDED)
OUT = {"codes": ["SKU_INACTIVE"], "lock": None, "total_minor": 0}
"""An order leaves its plan with a code that says why, and without a price."""

WAY = (
    OrderStatus.CONFIRMED,
    OrderStatus.AWAITING_PAYMENT,
    OrderStatus.PAID,
    OrderStatus.RELEASED,
    OrderStatus.SHIPPED,
    OrderStatus.COMPLETED,
)


def walk(made: list[RepeatOrder], to: OrderStatus) -> None:
    """Into the state asked for; after the confirmation step by step, as the database lets nobody
    jump (R-91)."""
    rows = RepeatOrder.objects.filter(pk__in=[order.pk for order in made])
    for status in WAY[: WAY.index(to) + 1] if to in WAY else (to,):
        if status is OrderStatus.PAID:
            pay(made)
        rows.update(status=status, **(OUT if status in UNDECIDED else {}))
        if status is OrderStatus.RELEASED:
            Release.objects.bulk_create(
                Release(
                    store_id=order.store_id,
                    order=order,
                    released_at=world.NOW,
                    released_by="user:1",
                    announced_at=world.NOW,
                )
                for order in made
            )


def pay(made: list[RepeatOrder]) -> None:
    Payment.objects.bulk_create(
        Payment(
            store_id=order.store_id,
            order=order,
            reference="T-1",
            amount_minor=order.total_minor,
            currency=order.currency,
            received_at=world.NOW,
            source="api",
            recorded_at=world.NOW,
            recorded_by="key:1",
        )
        for order in made
    )


def _past(
    of: Batch, n: int, lines: int, currency: str, line_minor: int, fields: dict[str, Any]
) -> PastOrder:
    at = world.NOW - dt.timedelta(days=5)
    defaults = {
        "number": f"{of.ref}/{n}",
        "status": "completed",
        "currency": currency,
        "ordered_at": at,
        "completed_at": at,
        "goods_minor": line_minor * lines,
        "freight_minor": FREIGHT_MINOR,
        "paid_minor": line_minor * lines + FREIGHT_MINOR,
        "line_count": lines,
        "country": of.buyer.country,
    }
    return PastOrder(store=of.store, buyer=of.buyer, **world.MIRRORED | defaults | fields)


def _repeat(
    of: Batch, n: int, past: PastOrder, currency: str, fields: dict[str, Any]
) -> RepeatOrder:
    goods = past.goods_minor
    tax = (goods + FREIGHT_MINOR) * 19 // 100
    defaults = {
        "ref": f"{of.ref}-{n:04d}",
        "position": n,
        # until its lines and fees stand: a locked order takes no other
        "status": OrderStatus.PLANNED,
        "goods_minor": goods,
        "freight_minor": FREIGHT_MINOR,
        "tax_minor": tax,
        "total_minor": goods + FREIGHT_MINOR + tax,
        "fees_minor": 2_000,
        "index_series": "CRB",
        "tax_category": "S",
        "tax_rate": Decimal("0.19"),
        "tax_code": "S DE 19% DE123456789",
        "incoterm": "DAP",
        "importer_of_record": "buyer",
        "transit_days": 10,
        "promise_days": 30,
        "registrations": [{"scheme": "VAT", "jurisdiction": "DE", "number": "DE123456789"}],
        "ship_to": {
            "consignee": of.buyer.name,
            "street": "Hafenstr. 1",
            "postal_code": "20457",
            "city": "Hamburg",
            "region": "",
            "country": "DE",
        },
        "created_at": world.NOW,
        "changed_at": world.NOW,
    }
    return RepeatOrder(
        store=of.store, batch=of, past_order=past, currency=currency, **defaults | fields
    )


def _line(order: RepeatOrder, past: PastOrderLine, fields: dict[str, Any]) -> RepeatLine:
    defaults = {
        "line_no": past.line_no,
        "quantity": past.quantity,
        "base_minor": past.total_minor,
        "reference_minor": past.total_minor,
        "total_minor": past.total_minor,
        "outcome": "planned",
        "hs_code": "691110",
        "origin_country": "CN",
    }
    return RepeatLine(
        store_id=order.store_id,
        order=order,
        source_line=past,
        sku_id=past.sku_id,
        **defaults | fields,
    )


def _fees(order: RepeatOrder) -> list[OrderFee]:
    common = {
        "store_id": order.store_id,
        "order": order,
        "base_minor": order.goods_minor,
        "currency": order.currency,
        "rule_version": "2026-1",
        "rounding": "half_up",
    }
    return [
        OrderFee(
            **common,
            position=1,
            part="commission",
            kind="commission",
            rate=Decimal("0.08"),
            amount_minor=1_200,
        ),
        OrderFee(
            **common,
            position=2,
            part="logistics",
            kind="return_warehouse",
            tariff_minor=230,
            tariff_currency="USD",
            amount_minor=230,
        ),
        OrderFee(
            **common,
            position=3,
            part="vat_remittance",
            kind="vat_remittance",
            rate=Decimal("0.005"),
            amount_minor=0,
            reason="destination_outside_scope",
        ),
    ]
