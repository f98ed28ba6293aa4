"""Stock at the moment of the lock: fresh, or made fresh in time, or the lock is refused (R-70,
R-80)."""

import datetime as dt

import pytest
from django.db import connections

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import SIMULATED, Sku, StockClaim
from pricing.models import Lock
from repurchase.batches.services import batches, price_lock, stock_refresh
from repurchase.demo import plants
from tests import world
from tests.repurchase.running import run
from tests.repurchase.test_locking import move_clock, planned

SANDBOX = "repurchase.demo.simulator.SandboxStock"
FIFTEEN = dt.timedelta(minutes=15)


def lock(batch) -> Code | None:
    try:
        price_lock.lock_and_invite(batch=batch, by="user:1")
    except Problem as problem:
        return problem.code
    return None


class Low:
    """Says that three pieces are left of everything."""

    def read(self, store, sku_codes):
        return {code: (3, clock.now(store)) for code in sku_codes}


class Plenty:
    def read(self, store, sku_codes):
        return {code: (100_000, clock.now(store)) for code in sku_codes}


class Half:
    """Knows only the first SKU it is asked for."""

    def read(self, store, sku_codes):
        return {sku_codes[0]: (100_000, clock.now(store))}


@pytest.mark.django_db
class TestALockWithoutASource:
    @pytest.fixture(autouse=True)
    def _none(self, settings):
        settings.STOCK_SOURCE = ""

    @pytest.mark.parametrize(
        ("age", "refused"),
        [
            (FIFTEEN - dt.timedelta(seconds=10), None),
            (FIFTEEN + dt.timedelta(seconds=1), Code.STOCK_SYNC_STALE),
            (dt.timedelta(minutes=16), Code.STOCK_SYNC_STALE),
        ],
    )
    def test_depends_on_the_age_of_the_stock(self, store, age, refused):
        batch = planned(store)
        move_clock(store, Sku.objects.get().stock_synced_at + age)
        assert lock(batch) is refused
        assert Lock.objects.exists() is (refused is None)

    def test_names_the_skus_and_writes_nothing(self, store):
        batch = planned(store)
        move_clock(store, world.NOW + dt.timedelta(minutes=16))
        with pytest.raises(Problem) as stopped:
            price_lock.lock_and_invite(batch=batch, by="user:1")
        assert stopped.value.evidence["sku"] == [Sku.objects.get().code]
        batch.refresh_from_db()
        assert (batch.status, Lock.objects.count(), StockClaim.objects.count()) == ("planned", 0, 0)

    def test_is_stopped_by_stock_that_was_never_synchronised(self, store):
        batch = planned(store)
        Sku.objects.update(stock_synced_at=None)
        assert lock(batch) is Code.STOCK_SYNC_STALE

    def test_goes_on_once_the_levels_are_sent(self, store):
        batch = planned(store)
        move_clock(store, world.NOW + dt.timedelta(minutes=16))
        Sku.objects.update(stock_synced_at=clock.now(store))
        assert lock(batch) is None

    def test_shows_the_seller_the_way(self, store, alice, client):
        batch = planned(store)
        move_clock(store, world.NOW + dt.timedelta(minutes=16))
        client.force_login(alice)
        page = client.post(f"/batches/{batch.ref}/lock/").content.decode()
        assert Sku.objects.get().code in page
        assert 'href="/stock/"' in page


@pytest.mark.django_db(transaction=True)
class TestALockWithASource:
    """The source reads on a connection of its own, so these tests commit."""

    def later(self, batch, settings, source=SANDBOX):
        settings.STOCK_SOURCE = source
        move_clock(batch.store, world.NOW + dt.timedelta(minutes=16))
        batch.refresh_from_db()

    def test_sixteen_minutes_after_the_plan_is_taken(self, store, settings):
        batch = planned(store)
        Sku.objects.update(source=SIMULATED)
        self.later(batch, settings)
        assert lock(batch) is None
        sku = Sku.objects.get()
        assert clock.now(store) - sku.stock_synced_at < dt.timedelta(seconds=30)
        assert (sku.on_hand, sku.stock_source) == (100_000, "")
        assert StockClaim.objects.get().quantity == 2500

    def test_leaves_what_was_planted_stale_as_it_is(self, store, settings):
        batch = planned(store)
        Sku.objects.update(source=SIMULATED, code=plants.STALE_SKU)
        self.later(batch, settings)
        assert lock(batch) is Code.STOCK_SYNC_STALE
        assert Sku.objects.get().stock_synced_at == world.NOW

    def test_leaves_stock_from_outside_to_its_owner(self, store, settings):
        batch = planned(store)
        Sku.objects.update(source=SIMULATED, stock_source="api")
        self.later(batch, settings)
        assert lock(batch) is Code.STOCK_SYNC_STALE

    def test_is_refused_when_the_fresh_number_is_too_low(self, store, settings):
        batch = planned(store)
        self.later(batch, settings, f"{__name__}.Low")
        assert lock(batch) is Code.STOCK_TOO_LOW
        assert Sku.objects.get().on_hand == 3  # what was read is known, whatever became of the lock
        assert not Lock.objects.exists()

    def test_is_refused_while_one_sku_stays_silent(self, store, settings):
        buyer, orders = world.repeatable(store)
        orders.append(world.past_order(store, buyer, [(world.sku(store, code="ZZZ"), 10, 10_000)]))
        batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        self.later(batch, settings, f"{__name__}.Half")
        with pytest.raises(Problem) as stopped:
            price_lock.lock_and_invite(batch=batch, by="user:1")
        assert (stopped.value.code, stopped.value.evidence["sku"]) == (
            Code.STOCK_SYNC_STALE,
            ["ZZZ"],
        )

    def test_asks_for_nothing_that_is_fresh(self, store, settings):
        batch = planned(store)
        settings.STOCK_SOURCE = f"{__name__}.Low"
        assert lock(batch) is None
        connections.close_all()


class Silent:
    """Never says anything, and counts how often it is asked."""

    asked = 0

    def read(self, store, sku_codes):
        type(self).asked += 1
        return {}


@pytest.mark.django_db
class TestAPlan:
    @pytest.fixture
    def past(self, store):
        """Orders of goods whose feed fell silent two hours ago."""
        world.move_clock(store, world.NOW)
        _, past = world.repeatable(store)
        Sku.objects.update(stock_synced_at=clock.now(store) - dt.timedelta(hours=2))
        stock_refresh._silent_until.clear()
        return past

    def batch(self, store, past):
        return batches.create(store=store, numbers=[order.number for order in past], by="user:1")

    def test_asks_a_source_that_is_stale_as_a_lock_does(self, store, past, settings):
        settings.STOCK_SOURCE = f"{__name__}.Plenty"
        batch = run(self.batch(store, past))
        assert {order.status for order in batch.orders.all()} == {"planned"}

    def test_is_refused_what_no_source_can_tell(self, store, past, settings):
        settings.STOCK_SOURCE = ""
        batch = run(self.batch(store, past))
        assert {order.status for order in batch.orders.all()} == {"failed"}

    def test_waits_for_a_silent_source_once_not_for_each_chunk(
        self, store, past, settings, monkeypatch
    ):
        monkeypatch.setattr("repurchase.models.batch_states.chunks.__defaults__", (1,))
        settings.STOCK_SOURCE = f"{__name__}.Silent"
        monkeypatch.setattr(Silent, "asked", 0)
        run(self.batch(store, past))
        assert Silent.asked == 1

    def test_asks_nobody_while_stock_is_fresh(self, store, past, settings, monkeypatch):
        settings.STOCK_SOURCE = f"{__name__}.Silent"
        monkeypatch.setattr(Silent, "asked", 0)
        Sku.objects.update(stock_synced_at=clock.now(store))
        assert {order.status for order in run(self.batch(store, past)).orders.all()} == {"planned"}
        assert Silent.asked == 0
