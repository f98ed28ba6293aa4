import datetime as dt
from contextlib import contextmanager

import pytest
from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import OrderClaim, Sku, StockClaim, Store
from pricing import services
from pricing.locks import LockEvent, LockStatus
from pricing.models import Act, Lock
from pricing.services import lock_endings
from tests import world
from tests.pricing.locked import EVIDENCE, Scene, end_at, renegotiate

HOUR = dt.timedelta(hours=1)
MICROSECOND = dt.timedelta(microseconds=1)


@pytest.fixture
def scene(db) -> Scene:
    return Scene()


@contextmanager
def refusal(code: Code, **evidence):
    """The code is raised, and nothing at all is written."""
    before = everything()
    with pytest.raises(Problem) as refused, transaction.atomic():
        yield refused
    assert refused.value.code == code
    assert evidence.items() <= refused.value.evidence.items()
    assert everything() == before


def everything():
    return [
        list(model.objects.order_by("pk").values()) for model in (Lock, OrderClaim, StockClaim, Act)
    ]


def status_of(lock: Lock) -> str:
    return Lock.objects.get(pk=lock.pk).status


def claimed_orders(lock: Lock) -> set[int]:
    claims = OrderClaim.objects.filter(holder=lock.pk, released_at=None)
    return set(claims.values_list("past_order_id", flat=True))


def reserved(lock: Lock) -> list[tuple[int, dt.datetime | None]]:
    return list(
        StockClaim.objects.filter(holder=lock.pk, released_at=None).values_list("quantity", "until")
    )


class TestLocking:
    def test_holds_the_price_the_orders_and_the_stock_for_72_hours(self, scene):
        """R-48, R-10, pitfall 4."""
        before = clock.now(scene.store)
        (lock,) = scene.lock()
        assert before <= lock.locked_at <= clock.now(scene.store)
        assert lock.expires_at - lock.locked_at == 72 * HOUR
        assert (lock.status, lock.order_count, lock.total_minor) == ("open", 4, 40_000)
        assert (lock.rate_set, lock.locked_by) == (scene.rate_set, "user:1")
        assert claimed_orders(lock) == {order.pk for order in scene.orders}
        assert reserved(lock) == [(40, lock.expires_at)]

    def test_gives_each_lot_its_own_lock(self, scene):
        one, two = scene.orders[:2], scene.orders[2:]
        locks = scene.lock(scene.lot(one), scene.lot(two, index_series=""))
        assert [lock.index_series for lock in locks] == ["CRB", ""]
        assert [claimed_orders(lock) for lock in locks] == [
            {o.pk for o in one},
            {o.pk for o in two},
        ]

    def test_refuses_an_order_that_another_lock_holds(self, scene):
        (lock,) = scene.lock(scene.lot(scene.orders[:1]))
        until = lock.expires_at.isoformat()
        with refusal(Code.ORDER_ALREADY_LOCKED, orders=[scene.orders[0].number], value=until):
            scene.lock()

    def test_names_at_most_twenty_orders(self, db):
        scene = Scene(orders=21)
        scene.lock()
        with refusal(Code.ORDER_ALREADY_LOCKED) as refused:
            scene.lock()
        assert len(refused.value.evidence["orders"]) == 20

    @pytest.mark.parametrize(("on_hand", "fits"), [(80, True), (79, False)])
    def test_counts_what_other_locks_reserve(self, scene, on_hand, fits):
        """R-10: needed ≤ on hand − live reservations."""
        scene.lock(scene.lot([], stock={scene.sku.pk: 40}))
        Sku.objects.update(on_hand=on_hand)
        if fits:
            assert scene.lock()
        else:
            with refusal(Code.STOCK_TOO_LOW, sku=scene.sku.code, needed=40, available=39):
                scene.lock()

    def test_adds_up_what_its_lots_need(self, scene):
        Sku.objects.update(on_hand=39)
        lots = scene.lot(scene.orders[:2]), scene.lot(scene.orders[2:], currency="EUR")
        with refusal(Code.STOCK_TOO_LOW, needed=40, available=39):
            scene.lock(*lots)

    def test_refuses_another_stores_order(self, scene):
        stranger = Scene()
        with refusal(Code.ORDER_UNKNOWN, orders=[stranger.orders[0].pk]):
            scene.lock(scene.lot([*scene.orders, stranger.orders[0]]))

    def test_first_ends_a_due_lock_that_holds_its_orders(self, scene):
        (old,) = scene.lock()
        end_at(old, clock.now(scene.store))
        (new,), ended = scene.lock_and_end()
        assert ended == [old]
        assert (ended[0].status, ended[0].ended_by) == (LockStatus.EXPIRED, "system:lock")
        assert (status_of(old), claimed_orders(old)) == ("expired", set())
        assert claimed_orders(new) == {order.pk for order in scene.orders}

    def test_first_ends_a_due_lock_that_holds_its_stock(self, scene):
        Sku.objects.update(on_hand=40)
        (old,) = scene.lock(scene.lot(scene.orders[:2], stock={scene.sku.pk: 40}))
        end_at(old, clock.now(scene.store))
        _, ended = scene.lock_and_end(scene.lot(scene.orders[2:], stock={scene.sku.pk: 40}))
        assert ended == [old]

    def test_leaves_due_locks_of_other_goods_to_the_sweep(self, scene):
        (old,) = scene.lock(scene.lot(scene.orders[:2], stock={}))
        end_at(old, clock.now(scene.store))
        _, ended = scene.lock_and_end(scene.lot(scene.orders[2:]))
        assert (ended, status_of(old)) == ([], "open")

    def test_is_held_off_by_a_renegotiation_beyond_the_locks_end(self, scene):
        """R-53."""
        (old,) = scene.lock()
        renegotiate(old)
        end_at(old, clock.now(scene.store))
        OrderClaim.objects.update(until=old.renegotiation_deadline)
        with refusal(Code.ORDER_ALREADY_LOCKED):
            scene.lock()

    def test_takes_a_constant_number_of_queries(self, db, django_assert_max_num_queries):
        scene = Scene(orders=40)
        with django_assert_max_num_queries(18):
            scene.lock()


class TestTheSweep:
    def test_expires_what_is_due_and_gives_everything_back(self, scene):
        """R-49."""
        due, open_ = (
            scene.lock(scene.lot(scene.orders[:2])),
            scene.lock(scene.lot(scene.orders[2:])),
        )
        end_at(due[0], clock.now(scene.store))
        assert services.end_due() == due
        assert (status_of(due[0]), claimed_orders(due[0]), reserved(due[0])) == (
            "expired",
            set(),
            [],
        )
        assert (status_of(open_[0]), len(claimed_orders(open_[0])), len(reserved(open_[0]))) == (
            "open",
            2,
            1,
        )
        ended = Lock.objects.get(pk=due[0].pk)
        assert ended.ended_by == "system:sweep"
        assert ended.ended_at >= ended.expires_at

    def test_is_harmless_when_it_comes_twice(self, scene):
        (lock,) = scene.lock()
        end_at(lock, clock.now(scene.store))
        assert services.end_due() == [lock]
        assert services.end_due() == []

    def test_takes_a_bounded_number_the_longest_overdue_first(self, scene):
        now = clock.now(scene.store)
        locks = scene.lock(*[scene.lot([order]) for order in scene.orders])
        for n, lock in enumerate(locks):
            end_at(lock, now - n * HOUR)
        assert services.end_due(limit=3) == locks[:0:-1]
        assert services.end_due(limit=3) == locks[:1]

    @pytest.mark.parametrize(
        ("offset", "due"), [(73 * HOUR, True), (71 * HOUR, False), (-HOUR, False)]
    )
    def test_goes_by_each_stores_own_clock(self, scene, offset, due):
        (lock,) = scene.lock()
        world.store()
        Store.objects.filter(pk=scene.store.pk).update(clock_offset=offset)
        assert bool(services.end_due()) is due
        lock.refresh_from_db()
        if due:
            assert lock.ended_at >= lock.expires_at

    def test_of_a_slow_clock_leaves_a_lock_that_the_worlds_clock_would_end(self, scene):
        (lock,) = scene.lock()
        end_at(lock, clock.now())
        Store.objects.filter(pk=scene.store.pk).update(clock_offset=-HOUR)
        assert services.end_due() == []

    def test_of_one_store_leaves_the_others_alone(self, scene):
        other = Scene()
        locks = scene.lock() + other.lock()
        for lock in locks:
            end_at(lock, clock.now())
        assert services.end_due(store=other.store) == locks[1:]

    def test_can_look_ahead_in_a_sandbox_only(self, scene):
        (lock,) = scene.lock()
        at = lock.expires_at
        assert services.end_due(store=scene.store, at=at - MICROSECOND) == []
        for store in (None, world.store(sandbox=False)):
            with refusal(Code.INPUT_INVALID):
                services.end_due(store=store, at=at)
        assert services.end_due(store=scene.store, at=at) == [lock]
        assert Lock.objects.get().ended_at == at

    def test_leaves_a_renegotiation_alone(self, scene):
        (lock,) = scene.lock()
        renegotiate(lock)
        end_at(lock, clock.now())
        assert services.end_due() == []

    def test_terminates_a_renegotiation_at_its_deadline_and_gives_everything_back(self, scene):
        """R-55."""
        (lock,) = scene.lock()
        renegotiation = renegotiate(lock, deadline=clock.now(scene.store))
        assert services.end_due() == [lock]
        stored = Lock.objects.get()
        assert (stored.status, claimed_orders(lock), reserved(lock)) == ("terminated", set(), [])
        renegotiation.refresh_from_db()
        assert (renegotiation.ended_at, renegotiation.ended_by) == (stored.ended_at, "system:sweep")


class TestConfirming:
    def test_settles_the_lock_and_keeps_the_stock_without_an_end(self, scene):
        (lock,) = scene.lock()
        (confirmed,) = scene.confirm(lock)
        stored = Lock.objects.get()
        assert (confirmed.status, stored.status) == ("confirmed", "confirmed")
        assert stored.ended_by == f"grant:{scene.grant(lock).pk}"
        assert lock.locked_at < stored.ended_at < lock.expires_at
        assert (claimed_orders(lock), reserved(lock)) == (set(), [(40, None)])

    @pytest.mark.parametrize(("kept", "left"), [(30, [(30, None)]), (0, [])])
    def test_gives_back_the_stock_of_orders_left_out(self, scene, kept, left):
        (lock,) = scene.lock()
        scene.confirm(lock, kept=kept)
        assert reserved(lock) == left

    def test_never_keeps_more_than_was_reserved(self, scene):
        (lock,) = scene.lock()
        with pytest.raises(ValueError, match="41 pieces"):
            scene.confirm(lock, kept=41)
        assert (status_of(lock), reserved(lock)) == ("open", [(40, lock.expires_at)])

    def test_never_keeps_what_was_not_reserved(self, scene):
        (lock,) = scene.lock(scene.lot(stock={}))
        with pytest.raises(ValueError, match="without being reserved"):
            scene.confirm(lock)
        assert status_of(lock) == "open"

    def test_records_the_act_with_its_evidence(self, scene):
        (lock,) = scene.lock()
        (confirmed,) = scene.confirm(lock)
        act = Act.objects.get()
        assert (act.kind, act.grant, act.lock, act.at) == (
            "confirm",
            scene.grant(lock),
            lock,
            confirmed.ended_at,
        )
        assert (act.ip, act.user_agent, act.consent_version, act.terms_digest) == (
            EVIDENCE.ip,
            EVIDENCE.user_agent,
            EVIDENCE.consent_version,
            lock.terms_digest,
        )

    def test_frees_the_past_orders_for_another_lock(self, scene):
        scene.confirm(*scene.lock())
        assert scene.lock()

    def test_is_all_or_nothing(self, scene):
        fine, late = scene.lock(
            scene.lot(scene.orders[:2]), scene.lot(scene.orders[2:], currency="EUR")
        )
        end_at(late, clock.now(scene.store))
        with refusal(Code.LOCK_EXPIRED, value=late.expires_at.isoformat()):
            scene.confirm(fine, late)
        assert status_of(fine) == "open"

    def test_of_one_lot_leaves_the_other_open(self, scene):
        one, two = scene.lock(
            scene.lot(scene.orders[:2]), scene.lot(scene.orders[2:], currency="EUR")
        )
        scene.confirm(one)
        assert (status_of(one), status_of(two)) == ("confirmed", "open")
        scene.decline(two)
        assert (status_of(one), status_of(two)) == ("confirmed", "declined")


@pytest.fixture(params=["confirm", "decline"])
def act(request, scene):
    return getattr(scene, request.param)


class TestAnAct:
    def test_at_the_end_is_too_late(self, scene, act):
        """R-48: the end is read from the database's clock, so it is past by microseconds here."""
        (lock,) = scene.lock()
        end_at(lock, clock.now(scene.store))
        with refusal(Code.LOCK_EXPIRED, value=lock.expires_at.isoformat()):
            act(lock)

    def test_after_a_sweep_is_too_late_in_the_same_words(self, scene, act):
        (lock,) = scene.lock()
        end_at(lock, clock.now(scene.store))
        services.end_due()
        with refusal(Code.LOCK_EXPIRED, value=lock.expires_at.isoformat()):
            act(lock)

    def test_on_other_terms_than_those_offered_is_refused(self, scene, act):
        (lock,) = scene.lock()
        with refusal(Code.TERMS_CHANGED):
            act(lock, digest="e" * 64)

    @pytest.mark.parametrize("again", ["confirm", "decline"])
    def test_happens_once(self, scene, act, again):
        (lock,) = scene.lock()
        (acted,) = act(lock)
        with refusal(Code.LINK_USED, value=acted.ended_at.isoformat()):
            getattr(scene, again)(lock)

    def test_comes_too_late_after_a_cancellation(self, scene, act):
        (lock,) = scene.lock()
        scene.cancel(lock)
        with refusal(Code.LOCK_ENDED, state="cancelled"):
            act(lock)

    def test_can_not_settle_a_renegotiation(self, scene, act):
        (lock,) = scene.lock()
        renegotiate(lock)
        with refusal(Code.RENEGOTIATION_REQUIRED):
            act(lock)

    def test_past_a_renegotiations_deadline_is_too_late(self, scene, act):
        (lock,) = scene.lock()
        renegotiate(lock, deadline=clock.now(scene.store))
        with refusal(Code.RENEGOTIATION_LAPSED, value=lock.renegotiation_deadline.isoformat()):
            act(lock)

    def test_reaches_no_lock_but_the_grants_own(self, scene, act):
        other = Scene()
        (mine,), (theirs,) = scene.lock(subject="BR-SAME"), other.lock(subject="BR-SAME")
        with refusal(Code.NOT_FOUND):
            act(mine, theirs)

    def test_names_at_least_one_lock(self, scene):
        (lock,) = scene.lock()
        with refusal(Code.NOT_FOUND):
            services.decline(grant=scene.grant(lock), digests={}, evidence=EVIDENCE)


class TestDeclining:
    def test_gives_everything_back(self, scene):
        (lock,) = scene.lock()
        scene.decline(lock)
        assert (status_of(lock), claimed_orders(lock), reserved(lock)) == ("declined", set(), [])
        assert Act.objects.get().kind == "decline"


class TestCancelling:
    def test_ends_all_open_locks_and_gives_everything_back(self, scene):
        locks = scene.lock(scene.lot(scene.orders[:2]), scene.lot(scene.orders[2:], currency="EUR"))
        assert {lock.pk for lock in scene.cancel(locks[0])} == {lock.pk for lock in locks}
        for lock in locks:
            assert (status_of(lock), claimed_orders(lock), reserved(lock)) == (
                "cancelled",
                set(),
                [],
            )

    @pytest.mark.parametrize("act", ["confirm", "decline"])
    def test_comes_too_late_after_the_buyers_first_act(self, scene, act):
        one, _ = scene.lock(
            scene.lot(scene.orders[:2]), scene.lot(scene.orders[2:], currency="EUR")
        )
        getattr(scene, act)(one)
        with refusal(Code.LOCK_ENDED):
            scene.cancel(one)

    def test_comes_too_late_at_the_end(self, scene):
        (lock,) = scene.lock()
        end_at(lock, clock.now(scene.store))
        with refusal(Code.LOCK_EXPIRED):
            scene.cancel(lock)

    def test_happens_once(self, scene):
        (lock,) = scene.lock()
        scene.cancel(lock)
        with refusal(Code.LOCK_ENDED, state="cancelled"):
            scene.cancel(lock)

    def test_is_not_for_a_renegotiation_nor_for_nothing(self, scene):
        (lock,) = scene.lock()
        renegotiate(lock)
        with refusal(Code.STATE_CONFLICT):
            scene.cancel(lock)
        with refusal(Code.LOCK_ENDED):
            services.cancel(store=Scene().store, subject=lock.subject, by="user:1")


class TestTheGuard:
    """The UPDATE says again what the row locks ensure (reliability 3)."""

    @pytest.mark.parametrize(
        ("event", "offset", "moves"),
        [
            (LockEvent.CONFIRM, -MICROSECOND, True),
            (LockEvent.CONFIRM, 0 * MICROSECOND, False),
            (LockEvent.CONFIRM, MICROSECOND, False),
            (LockEvent.CANCEL, 0 * MICROSECOND, False),
            (LockEvent.EXPIRE, -MICROSECOND, False),
            (LockEvent.EXPIRE, 0 * MICROSECOND, True),
        ],
    )
    def test_goes_by_the_microsecond(self, scene, event, offset, moves):
        (lock,) = scene.lock()
        if moves:
            lock_endings.apply_lock_event([lock], event=event, at=lock.expires_at + offset, by="x")
            assert status_of(lock) == lock.status != "open"
        else:
            with refusal(Code.STATE_CONFLICT):
                lock_endings.apply_lock_event(
                    [lock], event=event, at=lock.expires_at + offset, by="x"
                )

    def test_lets_nothing_pass_twice(self, scene):
        (lock,) = scene.lock()
        scene.cancel(lock)
        with refusal(Code.STATE_CONFLICT):
            lock_endings.apply_lock_event(
                [lock], event=LockEvent.CONFIRM, at=lock.locked_at, by="x"
            )
