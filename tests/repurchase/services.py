"""A locked batch whose last order has three lines, the second with a customised service in its
note (R-15)."""

from typing import Any

from marketplace.models import PastOrder, Store
from pricing import signing
from pricing.models import Grant, Lock
from repurchase.batches.services import batches, price_lock
from repurchase.confirmation.queries.order_totals import (
    BuyerSelection,
    SelectionTotals,
    total_selection,
)
from repurchase.confirmation.services import buyer_response
from repurchase.models import Batch, LineService, RepeatOrder
from tests import world
from tests.repurchase.running import run

NOTE = "[service line=2] 附加英文说明书 extra manual"
TEXT = "附加英文说明书 extra manual"


def last(batch: Batch) -> RepeatOrder:
    return batch.orders.order_by("position").last()


def noted(store: Store, note: str = NOTE, **fields: Any) -> tuple[list[PastOrder], PastOrder]:
    """Five orders of USD 5,000.00 without a note, and one of 100.00, 33.33 and 23.31 with freight
    of 19.99."""
    buyer, plain = world.repeatable(store)
    prices = (("10.00", 10, 10_000), ("3.33", 10, 3_333), ("7.77", 3, 2_331))
    lines = [(world.sku(store, price=price), pieces, total) for price, pieces, total in prices]
    return plain, world.past_order(store, buyer, lines, freight_minor=1_999, note=note, **fields)


def planned(store: Store, note: str = NOTE, **fields: Any) -> Batch:
    plain, order = noted(store, note, **fields)
    return run(
        batches.create(store=store, numbers=[o.number for o in [*plain, order]], by="user:1")
    )


def locked(store: Store, note: str = NOTE, **fields: Any) -> Batch:
    batch = planned(store, note, **fields)
    price_lock.lock_and_invite(batch=batch, by="user:1")
    batch.refresh_from_db()
    return batch


def grant(batch: Batch) -> Grant:
    return Grant.objects.get(subject=batch.ref)


def digests(batch: Batch) -> dict:
    return {lock.pk: lock.terms_digest for lock in Lock.objects.filter(subject=batch.ref)}


def weighed(batch: Batch, **ticks: Any) -> SelectionTotals:
    return total_selection(
        grant=grant(batch), lock_ids=list(digests(batch)), ticks=BuyerSelection(**ticks)
    )


def accept(batch: Batch, **changes: Any) -> None:
    """With the totals that these ticks come to, as the page shows them."""
    ticks = {
        name: changes[name] for name in ("services", "every_service", "left_out") if name in changes
    }
    asked = {
        "token": signing.token_of(grant(batch)),
        "digests": digests(batch),
        "left_out": [],
        "consent": True,
        "ip": "192.0.2.1",
        "user_agent": "test",
    }
    if "shown" not in changes:
        asked["shown"] = weighed(batch, **ticks).digest
    buyer_response.accept(**asked | changes)


def ids() -> list[int]:
    return list(LineService.objects.order_by("pk").values_list("pk", flat=True))
