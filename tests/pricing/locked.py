"""A lock to act on, for tests: a store with a buyer, past orders and a SKU with stock."""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db import connection, transaction

from marketplace import clock
from marketplace.models import Buyer, FxRateSet, OrderClaim, PastOrder, Sku, StockClaim, Store
from pricing import frozen_values, services, signing
from pricing.models import FrozenValues, Grant, Lock, Renegotiation
from pricing.services import LotToLock, triggers
from pricing.signing import Evidence
from pricing.triggers import TriggerKind
from tests import world

EVIDENCE = Evidence(ip="203.0.113.7", user_agent="Browser/1.0")
_subjects = itertools.count(1)


class Scene:
    """Four past orders of ten pieces each of one SKU, of which a thousand are on hand."""

    def __init__(self, *, orders: int = 4, on_hand: int = 1000) -> None:
        self.store: Store = world.store(clock_offset=dt.timedelta(0))  # its locks run in real time
        self.buyer: Buyer = world.buyer(self.store)
        self.sku: Sku = world.sku(self.store, on_hand=on_hand)
        self.orders: list[PastOrder] = [
            world.past_order(self.store, self.buyer, [(self.sku, 10, 10_000)])
            for _ in range(orders)
        ]
        self.rate_set: FxRateSet = world.rates(source=f"ecb-{self.store.pk}")
        self.frozen: FrozenValues = frozen_values.freeze(
            store=self.store, subject="scene", rate_set_id=self.rate_set.pk, index_close_id=None
        )

    def lot(self, orders: Sequence[PastOrder] | None = None, **fields: Any) -> LotToLock:
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
        return LotToLock(**defaults | fields)

    @transaction.atomic
    def lock(self, *lots: LotToLock, subject: str = "", hours: int = 72) -> list[Lock]:
        return self.lock_and_end(*lots, subject=subject, hours=hours)[0]

    @transaction.atomic
    def lock_and_end(
        self,
        *lots: LotToLock,
        subject: str = "",
        hours: int = 72,
        stock_max_age: dt.timedelta | None = None,
    ) -> tuple[list[Lock], list[Lock]]:
        return services.lock_lots(
            store=self.store,
            buyer=self.buyer,
            subject=subject or f"BR-{next(_subjects)}",
            lots=lots or [self.lot()],
            rate_set_id=self.rate_set.pk,
            index_close_id=None,
            frozen=self.frozen,
            hours=hours,
            by="user:1",
            stock_max_age=stock_max_age,
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
                lock.pk: {self.sku.pk: 10 * lock.order_count if kept is None else kept}
                for lock in locks
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


@contextmanager
def unguarded() -> Iterator[None]:
    """For tests that rewrite the past: the database's own triggers look away."""
    with transaction.atomic(), connection.cursor() as cursor:
        # a table with pending checks can't be altered
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("lock", "renegotiation"):
            cursor.execute(f"ALTER TABLE pricing_{table} DISABLE TRIGGER USER")
        yield
        for table in ("lock", "renegotiation"):
            cursor.execute(f"ALTER TABLE pricing_{table} ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def renegotiate(lock: Lock, *, deadline: dt.datetime | None = None) -> Renegotiation:
    """Puts an open lock under renegotiation, as a rate that moved by 3 % would; `deadline`: else
    four hours from now."""
    now = clock.now(lock.store)
    new = world.rates(
        published_on=now.date(), source=f"moved-{lock.pk}"[:60], CNY="8.034", USD="1.10"
    )
    observed = triggers.MarketObservations(published=[new])
    move = triggers.MarketMove(
        lock=lock,
        kind=TriggerKind.FX,
        name="USD/CNY",
        base=Fraction(78, 11),
        new=Fraction(8034, 1100),
        limit=Decimal("0.025"),
        rates=new,
    )
    with transaction.atomic():
        (made,) = triggers._renegotiate_moves([move], observed, now=now, by=triggers.TRIGGER_ACTOR)
    if deadline is not None:
        end_renegotiation_at(made, deadline)
    return made


def end_renegotiation_at(renegotiation: Renegotiation, instant: dt.datetime) -> None:
    lock = renegotiation.lock
    with unguarded():
        Lock.objects.filter(pk=lock.pk).update(renegotiation_deadline=instant)
        Renegotiation.objects.filter(pk=renegotiation.pk).update(
            opened_at=instant - dt.timedelta(hours=4), deadline_at=instant
        )
        for claims in (OrderClaim, StockClaim):
            claims.objects.filter(holder=lock.pk, until__isnull=False).update(until=instant)
    lock.renegotiation_deadline = instant


def end_at(lock: Lock, instant: dt.datetime) -> None:
    """Moves a lock's end, and its claims' with it."""
    lock.locked_at, lock.expires_at = instant - dt.timedelta(hours=72), instant
    with unguarded():
        lock.save(update_fields=["locked_at", "expires_at"])
    for claims in (OrderClaim, StockClaim):
        claims.objects.filter(holder=lock.pk, until__isnull=False).update(until=instant)
