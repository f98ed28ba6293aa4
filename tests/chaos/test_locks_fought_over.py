"""F-4: confirm, expire, decline, cancel and a trigger at once, ±20 ms around a lock's end: one
winner, none late."""

import datetime as dt
import random
import time
from collections import Counter
from decimal import Decimal
from functools import partial

import pytest
from django.db import transaction

from marketplace import clock
from marketplace.models import OrderClaim, StockClaim
from pricing import services
from pricing.models import Act, Lock, Renegotiation
from repurchase.demo import market
from tests import world
from tests.chaos.sizes import say, size
from tests.pricing.locked import Scene, end_at
from tests.pricing.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
MILLISECOND = dt.timedelta(milliseconds=1)
TOGETHER = 4
"""Locks fought over at the same time, five rivals each."""


class Ring(Scene):
    """A lock whose end comes within milliseconds, and who fights over it."""

    def __init__(self) -> None:
        super().__init__(orders=1)
        self.rate_set = world.rates(
            clock.now().date() - dt.timedelta(days=1), source=f"base-{self.store.pk}"
        )

    def enter(self) -> Lock:
        (self.taken,) = self.lock(self.lot(self.orders[:1]))
        self.grant(self.taken)
        return self.taken

    @transaction.atomic
    def sweep(self) -> list[Lock]:
        return services.end_due(store=self.store)

    def trigger(self) -> list[Renegotiation]:
        """The market moves, and the store's locks are held against it."""
        market.publish(self.store, currency="USD", percent=Decimal(3), by="test")
        with transaction.atomic():
            return services.open_renegotiations(store=self.store).opened

    def rivals(self) -> list:
        acts = [partial(act, self.taken) for act in (self.confirm, self.decline, self.cancel)]
        return [*acts, self.sweep, self.trigger]


def fight(rings: list[Ring]) -> list[list[object]]:
    """The answers of each ring's rivals. The end lies 40 ms ahead: they start within 20 ms on
    either side of it."""
    end = clock.now() + 150 * MILLISECOND
    for ring in rings:
        end_at(ring.enter(), end)
    calls = [(n, call) for n, ring in enumerate(rings) for call in ring.rivals()]
    random.shuffle(calls)

    def timed(call):
        ahead = (end - clock.now()).total_seconds() - 0.02
        time.sleep(max(0, ahead))
        return call()

    answers = at_once([partial(timed, call) for _, call in calls], spread=0.04)
    by_ring: list[list[object]] = [[] for _ in rings]
    for (n, _call), answer in zip(calls, answers, strict=True):
        by_ring[n].append(answer)
    return by_ring


def test_a_lock_has_exactly_one_winner_and_is_never_confirmed_late():
    count, outcomes, late = size(200, 1000, 10_000), Counter(), 0
    rings = [Ring() for _ in range(TOGETHER)]
    for _ in range(count // TOGETHER):
        for ring, answers in zip(rings, fight(rings), strict=True):
            won = [answer for answer in answers if isinstance(answer, list) and answer]
            swept = [] if won else ring.sweep()
            stored = Lock.objects.get(pk=ring.taken.pk)
            outcomes[stored.status] += 1
            assert len(won) + bool(swept) == 1, (stored.status, answers)
            if stored.status == "renegotiating":
                assert stored.renegotiation.opened_at < stored.expires_at
            else:
                late += stored.status != "expired" and stored.ended_at >= stored.expires_at
                assert (stored.ended_at < stored.expires_at) is (stored.status != "expired")
            acts = 1 if stored.status in ("confirmed", "declined") else 0
            assert Act.objects.filter(lock=stored).count() == acts
            held = OrderClaim.objects.filter(holder=stored.pk, released_at=None).exists()
            assert held is (stored.status == "renegotiating")
            kept = StockClaim.objects.filter(holder=stored.pk, released_at=None, until=None).count()
            assert kept == (stored.status == "confirmed")
        rings = [Ring() for _ in rings]  # a market that has moved is no longer new to its store
    say(f"F-4: {sum(outcomes.values())} locks, {dict(outcomes)}, {late} late")
    assert (sum(outcomes.values()), late) == (count, 0)
