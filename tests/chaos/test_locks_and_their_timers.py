"""Timers under fire, with real beats, workers and a broker: F-2 (its half about locks), F-5 and
F-7."""

import datetime as dt
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from marketplace import clock
from marketplace.models import OrderClaim
from outbox.models import Event, Letter
from pricing.models import Lock
from repurchase.models import RepeatOrder
from tests import world
from tests.chaos import many
from tests.chaos.fleet import LIBRARY, fleet
from tests.chaos.sizes import say, size

pytestmark = pytest.mark.django_db(transaction=True)
SECOND = dt.timedelta(seconds=1)


def spread(count: int, *, first: float, last: float) -> list[dt.datetime]:
    """Ends between so many seconds from now, at random."""
    now = clock.now()
    return [now + random.uniform(first, last) * SECOND for _ in range(count)]


def wait_until_ended(seconds: float, meanwhile: Callable[[], object] = lambda: None) -> None:
    until = time.monotonic() + seconds
    while Lock.objects.filter(status="open").exists():
        assert time.monotonic() < until, (
            f"{Lock.objects.filter(status='open').count()} locks are still open"
        )
        meanwhile()
        time.sleep(0.25)


def lateness() -> list[float]:
    spans = Lock.objects.values_list("expires_at", "ended_at")
    return sorted((ended - end).total_seconds() for end, ended in spans)


def assert_each_ended_once(locks: Sequence[Lock]) -> None:
    told = Counter(Event.objects.filter(type="lock.expired").values_list("subject", flat=True))
    assert told == {f"lock:{lock.pk}": 1 for lock in locks}
    orders = [
        ref
        for data in Event.objects.filter(type="order.expired").values_list("data", flat=True)
        for ref in data["orders"]
    ]
    assert sorted(orders) == sorted(RepeatOrder.objects.values_list("ref", flat=True))
    assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"expired"}
    assert not OrderClaim.objects.filter(released_at=None).exists()
    assert Letter.objects.filter(kind="repurchase.expired").count() == len(locks)


class TestABrokerThatIsEmptied:
    def test_costs_open_locks_seconds_and_no_end(self, record_property):
        """F-2: each expires once; p99 at most 10 s late, the latest at most 30 s."""
        count = size(500, 10_000)
        store = world.store(clock_offset=dt.timedelta(0))  # in real time
        with fleet() as timers:
            timers.beat()
            timers.worker()
            timers.worker()
            timers.wait_until_ready(2)
            locks = many.locks(store, spread(count, first=size(4, 30), last=size(14, 150)))
            wait_until_ended(size(60, 240), meanwhile=timers.broker.flushall)
        late = lateness()
        record_property("late_p99_s", late[int(len(late) * 0.99)])
        say(
            f"F-2: {count} locks, late p99 {late[int(len(late) * 0.99)]:.1f} s, max {late[-1]:.1f} s"
        )
        assert late[0] >= 0
        assert late[int(len(late) * 0.99)] <= 10
        assert late[-1] <= 30
        assert_each_ended_once(locks)


class TestTwoBeatsAndThreeSweepers:
    def test_one_of_them_frozen_tell_nothing_twice(self):
        """F-5."""
        count, frozen_seconds = size(300, 3000), 60
        store = world.store(clock_offset=dt.timedelta(0))  # in real time
        with fleet() as timers:
            for _ in range(2):
                timers.beat()
            workers = [timers.worker() for _ in range(3)]
            timers.wait_until_ready(3)
            locks = many.locks(store, spread(count, first=3, last=frozen_seconds + 3))
            time.sleep(2.5)
            workers[0].send_signal(signal.SIGSTOP)
            try:
                wait_until_ended(frozen_seconds + 40)
                time.sleep(max(0, frozen_seconds - 12))
            finally:
                workers[0].send_signal(signal.SIGCONT)
            time.sleep(4)  # what it was about to do, it does now
        late = lateness()
        say(f"F-5: {count} locks, one sweeper frozen, latest {late[-1]:.1f} s")
        assert late[0] >= 0
        assert_each_ended_once(locks)


class TestWorkersWhoseClocksAreWrong:
    def test_end_no_lock_early_and_none_much_late(self):
        """F-7: the database's clock decides, and a worker throws no ring away that its own clock
        takes for old."""
        assert LIBRARY, "libfaketime is not installed (make setup-test)"
        count, wrong = size(60, 1000), ("+1h", "-1h", "+1d", "-1d")
        store = world.store(clock_offset=dt.timedelta(0))  # in real time
        with fleet() as timers:
            timers.beat()
            for offset in wrong:
                timers.worker(clock=offset)
            timers.wait_until_ready(len(wrong))
            locks = many.locks(store, spread(count, first=3, last=size(10, 60)))
            wait_until_ended(size(40, 120))
            swept = [
                log.read_text().count("repurchase.sweep") for log in timers.logs.glob("worker*")
            ]
        late = lateness()
        say(
            f"F-7: {count} locks, earliest {late[0]:.3f} s, latest {late[-1]:.1f} s, rings heard {swept}"
        )
        assert late[0] >= 0
        assert late[-1] <= 10
        assert all(swept), swept
        assert_each_ended_once(locks)
