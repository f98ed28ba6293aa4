"""What a lock is held against, and until when: each bound from both sides (R-48, R-50, R-51,
R-53)."""

import datetime as dt

import pytest
from django.db import transaction

from marketplace import clock
from marketplace.models import Sku
from pricing.models import Lock
from pricing.services import triggers
from tests import world
from tests.pricing.locked import Scene, renegotiate
from tests.pricing.test_services import refusal

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
MICROSECOND = dt.timedelta(microseconds=1)


class TestTheObservationsOfALot:
    def test_hold_a_close_against_the_one_of_seven_days_earlier(self, store):
        closes = {
            n: world.index_close(str(300 + n), closed_on=world.TODAY - n * DAY)
            for n in (0, 6, 7, 8)
        }
        observed = triggers.latest_observations("CRB", world.NOW, store=store)
        assert (observed.close, observed.base) == (closes[0], closes[7])

    def test_hold_it_against_the_last_close_before_where_that_day_has_none(self, store):
        closes = {
            n: world.index_close("300", closed_on=world.TODAY - n * DAY) for n in (0, 6, 8, 9)
        }
        assert triggers.latest_observations("CRB", world.NOW, store=store).base == closes[8]

    @pytest.mark.parametrize(("age", "acts"), [(6, True), (7, False)])
    def test_of_rates_act_until_they_are_six_days_old(self, store, age, acts):
        rates = world.rates(published_on=world.TODAY - age * DAY)
        assert triggers.latest_observations("", world.NOW, store=store).rates == (
            rates if acts else None
        )

    @pytest.mark.parametrize(("age", "acts"), [(6, True), (7, False)])
    def test_of_an_index_act_until_the_close_is_six_days_old(self, store, age, acts):
        close = world.index_close("300", closed_on=world.TODAY - age * DAY)
        assert triggers.latest_observations("CRB", world.NOW, store=store).close == (
            close if acts else None
        )


class TestTheEndOfALock:
    @pytest.mark.parametrize(("before_the_end", "opened"), [(MICROSECOND, 1), (0 * DAY, 0)])
    def test_is_half_open_for_a_trigger(self, before_the_end, opened):
        scene = Scene()
        (lock,) = scene.lock()
        world.rates(source="newer", USD="1.20", published_on=clock.now(scene.store).date())
        at = lock.expires_at - before_the_end
        with transaction.atomic():
            judged = triggers.open_renegotiations(store=scene.store, at=at)
        assert (judged.locks, len(judged.opened)) == (1, opened)

    def test_is_asked_of_the_row_itself_whoever_calls(self):
        """The guard of the UPDATE: a lock that its caller believed open has just ended."""
        scene = Scene()
        (lock,) = scene.lock()
        world.rates(source="newer", USD="1.20", published_on=clock.now(scene.store).date())
        with refusal("STATE_CONFLICT", state="ended"):
            triggers.open_moved([lock], now=lock.expires_at, by="user:1")

    @pytest.mark.parametrize(("before_the_end", "held"), [(MICROSECOND, 1), (0 * DAY, 0)])
    def test_is_half_open_for_a_renegotiation(self, before_the_end, held):
        (lock,) = Scene().lock()
        made = renegotiate(lock)
        at = made.deadline_at - before_the_end
        assert Lock.objects.renegotiated_at(at).count() == held
        assert Lock.objects.live_at(at).count() == held
        assert Lock.objects.due(at).count() == 1 - held


class TestTheAgeOfStockAtALock:
    """R-70, asked again by the lock: `marketplace.stock_age` holds the bound itself."""

    @pytest.mark.parametrize(("seconds_left", "taken"), [(60, True), (-60, False)])
    def test_decides_by_the_age_that_the_caller_gives(self, seconds_left, taken):
        scene, age = Scene(), dt.timedelta(minutes=15)
        synced = clock.now(scene.store) - age + dt.timedelta(seconds=seconds_left)
        Sku.objects.update(stock_synced_at=synced)
        if taken:
            assert scene.lock_and_end(stock_max_age=age)
            return
        with refusal("STOCK_SYNC_STALE", sku=[scene.sku.code], value=synced.isoformat(), limit=15):
            scene.lock_and_end(stock_max_age=age)
