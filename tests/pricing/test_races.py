"""Acts at the same moment, on connections of their own: one winner, nobody late (reliability 2 to
4, F-4)."""

import datetime as dt
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from django.db import IntegrityError, close_old_connections, connection, transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror import inventory
from marketplace.models import OrderClaim, StockClaim
from pricing import services
from pricing.models import Act, Lock
from tests import world
from tests.pricing.locked import Scene, end_at

pytestmark = pytest.mark.django_db(transaction=True)
MILLISECOND = dt.timedelta(milliseconds=1)


def at_once(calls: Sequence[Callable[[], object]], spread: float = 0) -> list[object]:
    """Runs each call on a thread and connection of its own; a Problem is an answer, anything else
    is raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        connection.ensure_connection()
        gate.wait(timeout=30)
        time.sleep(random.uniform(0, spread))
        try:
            return call()
        except Problem as problem:
            return problem.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        answers = list(pool.map(run, calls))
    close_old_connections()
    return answers


def winners(answers: Sequence[object]) -> list[object]:
    return [answer for answer in answers if isinstance(answer, list) and answer]


class TestALock:
    def test_confirmed_24_times_at_once_is_confirmed_once(self):
        scene = Scene()
        (lock,) = scene.lock()
        answers = at_once([partial(scene.confirm, lock)] * 24)
        assert len(winners(answers)) == 1
        assert Counter(a for a in answers if isinstance(a, Code)) == {Code.LINK_USED: 23}
        assert (Act.objects.count(), Lock.objects.get().status) == (1, "confirmed")

    def test_fought_over_by_everybody_has_one_winner_and_no_late_confirm(self):
        """Its end comes in the midst of confirms, declines, cancels and sweeps."""
        scene = Scene()
        outcomes = Counter()
        for _ in range(8):
            (lock,) = scene.lock()
            scene.grant(lock)
            end_at(lock, clock.now(scene.store) + 40 * MILLISECOND)
            each = [scene.confirm, scene.decline, scene.cancel]
            calls = [partial(act, lock) for act in each for _ in range(6)]
            calls += [services.end_due] * 6
            answers = at_once(random.sample(calls, len(calls)), spread=0.06)
            time.sleep(0.05)
            swept = services.end_due()
            stored = Lock.objects.get(pk=lock.pk)
            outcomes[stored.status] += 1
            assert len(winners(answers)) + len(swept) == 1
            assert (stored.ended_at < stored.expires_at) is (stored.status != "expired")
            acts = 1 if stored.status in ("confirmed", "declined") else 0
            assert Act.objects.filter(lock=lock).count() == acts
            assert not OrderClaim.objects.filter(released_at=None).exists()
            kept = StockClaim.objects.filter(holder=lock.pk, released_at=None, until=None).count()
            assert kept == (1 if stored.status == "confirmed" else 0)
        assert sum(outcomes.values()) == 8

    def test_confirmed_in_time_but_reached_after_its_end_is_refused(self):
        """Rule 2: a confirm that waited for the row is judged by the time after the wait."""
        scene = Scene()
        (lock,) = scene.lock()
        scene.grant(lock)
        held = threading.Event()

        def hold_beyond_the_end() -> None:
            with transaction.atomic():
                Lock.objects.select_for_update().get(pk=lock.pk)
                end_at(lock, clock.now(scene.store) + 300 * MILLISECOND)
                held.set()
                time.sleep(0.5)

        def confirm_in_time() -> object:
            held.wait(timeout=10)
            assert clock.now(scene.store) < lock.expires_at
            return scene.confirm(lock)

        assert at_once([hold_beyond_the_end, confirm_in_time]) == [None, Code.LOCK_EXPIRED]
        assert (Lock.objects.get().status, Act.objects.count()) == ("open", 0)

    def test_swept_by_many_expires_once(self):
        scene = Scene(orders=12)
        locks = scene.lock(*[scene.lot([order]) for order in scene.orders])
        for lock in locks:
            end_at(lock, clock.now(scene.store))
        answers = at_once([partial(services.end_due, limit=3)] * 8)
        ended = Counter(lock.pk for answer in answers for lock in answer)
        assert ended == {lock.pk: 1 for lock in locks}


@transaction.atomic
def confirm_then_decline(scene: Scene, first: Lock, second: Lock) -> list[Lock]:
    return scene.confirm(first) + scene.decline(second)


class TestTwoLots:
    def test_of_one_subject_acted_on_crosswise_do_not_deadlock(self):
        scene = Scene()
        for _ in range(5):
            one, two = scene.lock(
                scene.lot(scene.orders[:2]), scene.lot(scene.orders[2:], currency="EUR")
            )
            scene.grant(one)
            split = partial(confirm_then_decline, scene)
            calls = [partial(split, one, two), partial(split, two, one)] * 4
            answers = at_once([*calls, partial(scene.cancel, one)])
            assert len(winners(answers)) == 1


class TestGoods:
    def test_locked_by_ten_at_once_go_to_one(self):
        """Pitfall 4: one live lock a source order."""
        scene = Scene(orders=20)
        lots = [scene.lot(random.sample(scene.orders, 20), stock={}) for _ in range(10)]
        answers = at_once([partial(scene.lock, lot) for lot in lots])
        assert len(winners(answers)) == 1
        assert answers.count(Code.ORDER_ALREADY_LOCKED) == 9
        assert OrderClaim.objects.count() == 20

    def test_claimed_at_once_without_any_row_lock_are_claimed_once(self):
        """The constraint alone (one_live_claim_a_past_order): no service, no row lock before it."""
        scene = Scene(orders=1)

        def claim() -> object:
            try:
                made = OrderClaim.objects.create(
                    store=scene.store, past_order=scene.orders[0], holder=uuid.uuid4()
                )
            except IntegrityError as error:
                return str(error)
            return [made]

        answers = at_once([claim] * 8)
        assert len(winners(answers)) == 1
        assert (
            sum(
                "one_live_claim_a_past_order" in answer
                for answer in answers
                if isinstance(answer, str)
            )
            == 7
        )
        OrderClaim.objects.update(released_at=clock.now())
        assert winners([claim()])

    def test_whose_levels_are_sent_while_they_are_locked_do_not_deadlock(self):
        """Levels in opposite orders beside locks: SKU rows are always taken by id."""
        scene = Scene(orders=4)
        skus = [scene.sku, *(world.sku(scene.store) for _ in range(30))]
        rows = [{"sku": sku.code, "on_hand": 500} for sku in skus]
        stock = {sku.pk: 1 for sku in skus}
        for _ in range(5):
            put = partial(inventory.put, store=scene.store, source="api")
            calls = [partial(put, rows=rows), partial(put, rows=rows[::-1])] * 3
            locks = [partial(scene.lock, scene.lot([order], stock=stock)) for order in scene.orders]
            answers = at_once([*calls, *locks])
            assert [a.accepted for a in answers[:6]] == [31] * 6
            for (lock,) in winners(answers[6:]):
                scene.cancel(lock)
        assert not StockClaim.objects.filter(released_at=None).exists()

    def test_in_stock_for_three_go_to_three_of_ten(self):
        scene = Scene(orders=10, on_hand=39)
        answers = at_once([partial(scene.lock, scene.lot([order])) for order in scene.orders])
        assert (len(winners(answers)), answers.count(Code.STOCK_TOO_LOW)) == (3, 7)

    def test_of_a_lapsed_lock_are_taken_over_once_while_sweepers_come_by(self):
        scene = Scene()
        for _ in range(5):
            (old,) = scene.lock()
            end_at(old, clock.now(scene.store))
            answers = at_once([scene.lock_and_end] * 4 + [services.end_due] * 4, spread=0.01)
            taken = [a for a in answers if isinstance(a, tuple)]
            ended = [lock for _, some in taken for lock in some] + [
                lock for a in answers if isinstance(a, list) for lock in a
            ]
            assert (len(taken), ended) == (1, [old])
            scene.cancel(taken[0][0][0])
