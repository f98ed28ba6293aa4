"""F-9: whatever happens in whatever order, on the real database, a lock is what a small model says
that it is."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import OrderClaim, Store
from outbox.models import Event
from pricing import services
from pricing.locks import status_at
from pricing.models import Act, Lock, Renegotiation
from repurchase.demo import market
from tests import world
from tests.chaos.sizes import size
from tests.pricing.locked import Scene
from tests.wrapping import taken_back

HOUR = dt.timedelta(hours=1)
LIVE = ("open", "renegotiating")
SIZES = settings(
    max_examples=size(300, 300, 5000),
    stateful_step_count=size(50, 50, 100),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Said:
    """A lock as the model knows it."""

    order: int
    status: str
    end: dt.datetime
    triggered: bool = False
    acts: int = 0


class Locks(RuleBasedStateMachine):
    """One store, whose clock the machine moves, and two past orders, each of which one live lock
    may hold."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = taken_back()
        self.undo.__enter__()
        self.scene = Scene(orders=2)
        self.scene.rate_set = world.rates(clock.now().date(), source=f"base-{self.scene.store.pk}")
        self.said: dict[UUID, Said] = {}
        self.usd, self.published = Decimal("1.10"), None  # the market, and the day of its last move

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undo.__exit__(None, None, None)

    # what may happen

    @rule(hours=st.sampled_from([0.25, 1, 2, 3.9, 4, 24, 68, 72]))
    def time_passes(self, hours: float) -> None:
        store = self.scene.store
        store.clock_offset += hours * HOUR
        Store.objects.filter(pk=store.pk).update(clock_offset=store.clock_offset)

    @rule(percent=st.sampled_from([1, -1, 2, 3, -3]))
    def the_market_moves(self, percent: int) -> None:
        market.publish(self.scene.store, currency="USD", percent=Decimal(percent), by="test")
        factor = 1 / (1 + Decimal(percent) / 100)
        self.usd = (self.usd * factor).quantize(Decimal("0.00000001"))
        self.published = self.now().date()

    @rule(which=st.integers(0, 1))
    def the_seller_locks(self, which: int) -> None:
        held = [pk for pk in self.said if self.said[pk].order == which and self.state(pk) in LIVE]
        taken = self.attempt(lambda: self.scene.lock(self.scene.lot([self.scene.orders[which]])))
        assert bool(taken) is not bool(held)
        if taken:  # what was due held the same stock, and was in the way
            for pk, status in self.due().items():
                self.ends(pk, status)
        for lock in taken:
            self.said[lock.pk] = Said(order=which, status="open", end=lock.locked_at + 72 * HOUR)

    @precondition(lambda self: self.said)
    @rule(data=st.data(), act=st.sampled_from(["confirm", "decline"]))
    def the_buyer_acts(self, data, act: str) -> None:
        lock = self.any(data)
        allowed = self.state(lock.pk) == "open" and not (act == "confirm" and self.has_moved())
        done = self.attempt(lambda: getattr(self.scene, act)(lock))
        assert bool(done) is allowed
        if done:
            self.ends(lock.pk, {"confirm": "confirmed", "decline": "declined"}[act], acts=1)

    @precondition(lambda self: self.said)
    @rule(data=st.data())
    def the_seller_cancels(self, data) -> None:
        lock = self.any(data)
        done = self.attempt(lambda: self.scene.cancel(lock))
        assert bool(done) is (self.state(lock.pk) == "open")
        if done:
            self.ends(lock.pk, "cancelled")

    @rule()
    def a_sweep_judges(self) -> None:
        opened = services.open_renegotiations(store=self.scene.store).opened
        moved = {pk for pk in self.said if self.state(pk) == "open"} if self.has_moved() else set()
        assert {each.lock_id for each in opened} == moved
        for each in opened:
            self.said[each.lock_id] = replace(
                self.said[each.lock_id],
                status="renegotiating",
                end=each.opened_at + 4 * HOUR,
                triggered=True,
            )

    @rule()
    def a_sweep_ends(self) -> None:
        ended = {lock.pk: lock.status for lock in services.end_due(store=self.scene.store)}
        due = self.due()
        assert ended == due
        for pk, status in due.items():
            self.ends(pk, status)

    @precondition(lambda self: any(said.triggered for said in self.said.values()))
    @rule(data=st.data(), sign=st.booleans())
    def the_parties_settle(self, data, sign: bool) -> None:
        pk = data.draw(st.sampled_from([pk for pk, said in self.said.items() if said.triggered]))
        done = self.attempt(lambda: self.settle(Renegotiation.objects.get(lock=pk), sign))
        assert bool(done) is (self.state(pk) == "renegotiating")
        if done:
            self.ends(pk, "confirmed" if sign else "declined")

    # what must hold

    @invariant()
    def every_lock_is_what_the_model_says(self) -> None:
        now = self.now()
        stored = {lock.pk: lock for lock in Lock.objects.filter(store=self.scene.store)}
        assert {pk: status_at(lock, now) for pk, lock in stored.items()} == {
            pk: self.state(pk) for pk in self.said
        }
        judged = dict(
            Lock.objects.filter(store=self.scene.store).at(now).values_list("pk", "state")
        )
        assert judged == {pk: self.state(pk) for pk in self.said}
        for lock in stored.values():
            assert (
                lock.ended_at is None
                or lock.status in ("expired", "terminated")
                or lock.ended_at < self.said[lock.pk].end
            )

    @invariant()
    def what_a_lock_holds_is_held_as_long_as_it_lives(self) -> None:
        claims = OrderClaim.objects.filter(store=self.scene.store).live(self.now())
        assert Counter(claims.values_list("holder", flat=True)) == {
            pk: 1 for pk in self.said if self.state(pk) in LIVE
        }

    @invariant()
    def everything_was_told_and_recorded_once(self) -> None:
        acts = Counter(Act.objects.filter(store=self.scene.store).values_list("lock_id", flat=True))
        assert acts == {pk: said.acts for pk, said in self.said.items() if said.acts}
        told = Counter(
            Event.objects.filter(store_id=self.scene.store.pk).values_list("subject", "type")
        )
        assert not told or max(told.values()) == 1
        reopened = set(
            Renegotiation.objects.filter(store=self.scene.store).values_list("lock_id", flat=True)
        )
        assert reopened == {pk for pk, said in self.said.items() if said.triggered}

    # the model

    def now(self) -> dt.datetime:
        return clock.now(self.scene.store)

    def state(self, pk: UUID) -> str:
        said = self.said[pk]
        lapsed = {"open": "expired", "renegotiating": "terminated"}.get(said.status)
        return lapsed if lapsed and said.end <= self.now() else said.status

    def due(self) -> dict[UUID, str]:
        """What the clock has ended and nobody has moved yet."""
        states = {pk: self.state(pk) for pk in self.said}
        return {pk: state for pk, state in states.items() if state != self.said[pk].status}

    def has_moved(self) -> bool:
        """Beyond 2.5 % of what every lock has frozen, by a publication that is not stale."""
        fresh = self.published is not None and (self.now().date() - self.published).days <= 6
        return fresh and abs(Decimal("1.10") - self.usd) * 1000 > 25 * self.usd

    def any(self, data) -> Lock:
        return Lock.objects.get(pk=data.draw(st.sampled_from(list(self.said))))

    def ends(self, pk: UUID, status: str, acts: int = 0) -> None:
        self.said[pk] = replace(self.said[pk], status=status, acts=acts)

    def settle(self, renegotiation: Renegotiation, sign: bool) -> list[Lock]:
        with transaction.atomic():
            lock, at = services.hold_renegotiated(renegotiation)
            if sign:
                return [
                    services.confirm_renegotiated(
                        lock, kept_stock={self.scene.sku.pk: 10}, at=at, by="test"
                    )
                ]
            return [services.decline_renegotiated(lock, at=at, by="test")]

    def attempt(self, act: Callable[[], list[Lock]]) -> list[Lock]:
        try:
            return act()
        except Problem:
            return []


@pytest.mark.django_db
def test_locks_are_what_the_model_says_after_anything_that_happens():
    run_state_machine_as_test(Locks, settings=SIZES)
