"""A lock to act on, for tests: a store with a buyer, past orders and a SKU with stock."""

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from marketplace.models import Buyer, FxRateSet, OrderClaim, PastOrder, Sku, StockClaim, Store
from pricing import services, signing
from pricing.models import Grant, Lock
from pricing.services import Lot
from pricing.signing import Evidence
from tests import world

EVIDENCE = Evidence(ip="203.0.113.7", user_agent="Browser/1.0")
_subjects = itertools.count(1)


class Scene:
    """Four past orders of ten pieces each of one SKU, of which a thousand are on hand."""

    def __init__(self, *, orders: int = 4, on_hand: int = 1000) -> None:
        self.store: Store = world.store()
        self.buyer: Buyer = world.buyer(self.store)
        self.sku: Sku = world.sku(self.store, on_hand=on_hand)
        self.orders: list[PastOrder] = [
            world.past_order(self.store, self.buyer, [(self.sku, 10, 10_000)]) for _ in range(orders)
        ]
        self.rate_set: FxRateSet = world.rates(source=f"ecb-{self.store.pk}")

    def lot(self, orders: Sequence[PastOrder] | None = None, **fields: Any) -> Lot:
        held = self.orders if orders is None else orders
        defaults = {
            "currency": "USD",
            "index_series": "CRB",
            "order_count": len(held),
            "total_minor": 10_000 * len(held),
            "terms": b"[]",
            "past_order_ids": [order.pk for order in held],
            "stock": {self.sku.pk: 10 * len(held)},
        }
        return Lot(**defaults | fields)

    @transaction.atomic
    def lock(self, *lots: Lot, subject: str = "", hours: int = 72) -> list[Lock]:
        return self.lock_and_end(*lots, subject=subject, hours=hours)[0]

    @transaction.atomic
    def lock_and_end(self, *lots: Lot, subject: str = "", hours: int = 72) -> tuple[list[Lock], list[Lock]]:
        return services.lock(
            store=self.store,
            buyer=self.buyer,
            subject=subject or f"BR-{next(_subjects)}",
            lots=lots or [self.lot()],
            rate_set_id=self.rate_set.pk,
            index_close_id=None,
            hours=hours,
            by="user:1",
        )

    def grant(self, lock: Lock) -> Grant:
        return signing.ensure_grant(
            store=self.store, buyer=self.buyer, subject=lock.subject, by="user:1", now=world.NOW
        )

    @transaction.atomic
    def confirm(self, *locks: Lock, kept: int | None = None, digest: str = "") -> list[Lock]:
        return services.confirm(
            grant=self.grant(locks[0]),
            digests={lock.pk: digest or lock.terms_digest for lock in locks},
            kept_stock={
                lock.pk: {self.sku.pk: 10 * lock.order_count if kept is None else kept} for lock in locks
            },
            evidence=EVIDENCE,
        )

    @transaction.atomic
    def decline(self, *locks: Lock, digest: str = "") -> list[Lock]:
        return services.decline(
            grant=self.grant(locks[0]),
            digests={lock.pk: digest or lock.terms_digest for lock in locks},
            evidence=EVIDENCE,
        )

    @transaction.atomic
    def cancel(self, lock: Lock) -> list[Lock]:
        return services.cancel(store=self.store, subject=lock.subject, by="user:1")


def end_at(lock: Lock, instant: dt.datetime) -> None:
    """Moves a lock's end, and its claims' with it."""
    lock.locked_at, lock.expires_at = instant - dt.timedelta(hours=72), instant
    lock.save(update_fields=["locked_at", "expires_at"])
    for claims in (OrderClaim, StockClaim):
        claims.objects.filter(holder=lock.pk, until__isnull=False).update(until=instant)
