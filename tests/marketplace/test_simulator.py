"""The simulator keeps the demo working 16 minutes and 100 days after it was loaded, and the plants
failing."""

import datetime as dt
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import connection, transaction

from diagnostics.codes import Code
from marketplace import clock
from marketplace.models import SIMULATED, FxRate, FxRateSet, IndexClose, PastOrder, Sku, Store
from pricing.models import Lock
from repurchase.demo import ningbo, plants
from repurchase.demo.loading import load
from repurchase.demo.simulator import SIMULATED_ERP, SandboxStock, simulate
from repurchase.fulfilment.services import releases
from repurchase.models import Proforma, Release, RepeatOrder
from tests import world
from tests.repurchase.test_demo import codes_of, orders_of, screened
from tests.wrapping import taken_back

pytestmark = pytest.mark.django_db


def move_clocks(by: dt.timedelta) -> None:
    Store.objects.exclude(code=plants.OUT_OF_TIME_STORE).update(clock_offset=by)


@pytest.fixture(scope="class")
def the_demo(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), taken_back():
        load(data_dir=tmp_path_factory.mktemp("demo"))
        connection.check_constraints()  # once here, not after each test
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="class", params=[dt.timedelta(minutes=16), dt.timedelta(days=100)], ids=str)
def later(request, the_demo, django_db_blocker):
    """The sandbox clocks moved on, one round of the simulator later."""
    with django_db_blocker.unblock(), taken_back():
        move_clocks(request.param)
        simulate()
        connection.check_constraints()
        yield request.param
        transaction.set_rollback(True)


class TestTheDemoLater:
    @pytest.mark.parametrize("plant", plants.PLANTS, ids=lambda plant: plant.code)
    def test_still_shows_each_failure(self, later, plant):
        assert plant.code in codes_of(*orders_of(plant))

    @pytest.mark.parametrize("buyer", [ningbo.BULK_BUYER, "NB-MAAS"])
    def test_still_has_orders_that_can_be_repeated(self, later, buyer):
        store = Store.objects.get(code=ningbo.CODE)
        mine = PastOrder.objects.filter(store=store, buyer__external_id=buyer, status="completed")
        newest = list(mine.order_by("-completed_at").values_list("number", flat=True)[:10])
        assert set(screened(store, newest).orders.values_list("status", flat=True)) == {"planned"}

    def test_still_has_enough_for_a_batch_of_five_thousand(self, later):
        store = Store.objects.get(code=ningbo.CODE)
        since = clock.now(store) - dt.timedelta(days=90)
        mine = PastOrder.objects.filter(store=store, buyer__external_id=ningbo.BULK_BUYER)
        assert mine.filter(completed_at__range=(since, clock.now(store))).count() >= 5000

    def test_still_has_the_wholesaler_selling(self, later):
        store = Store.objects.get(code="harbour-lane")
        mine = PastOrder.objects.filter(store=store, buyer__external_id="18102", status="completed")
        newest = list(mine.order_by("-completed_at").values_list("number", flat=True)[:20])
        assert screened(store, newest).orders.filter(status="planned").count() >= 15

    def test_finds_nothing_to_do_in_a_second_round(self, later):
        assert set(simulate().values()) == {0}


class TestTheSimulator:
    def test_leaves_live_stores_alone(self):
        live = world.store(sandbox=False)
        item = world.sku(live, source=SIMULATED, stock_synced_at=world.NOW - dt.timedelta(days=3))
        assert simulate() == {}
        item.refresh_from_db()
        assert item.stock_synced_at == world.NOW - dt.timedelta(days=3)

    def test_refreshes_simulated_stock_but_not_what_is_planted_as_stale(self, store):
        old = clock.now(store) - dt.timedelta(minutes=16)
        fresh = world.sku(store, source=SIMULATED, stock_synced_at=old)
        stale = world.sku(store, source=SIMULATED, stock_synced_at=old, code=plants.STALE_SKU)
        read = world.sku(store, source="aliexpress", stock_synced_at=old)
        assert simulate()["stock"] == 1
        synced = dict(Sku.objects.values_list("pk", "stock_synced_at"))
        assert synced[fresh.pk] > old
        assert synced[stale.pk] == synced[read.pk] == old

    def test_publishes_a_rate_set_each_business_day_of_the_furthest_clock(self, store):
        now = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)  # a Friday
        world.rates(dt.date(2026, 11, 20))
        Store.objects.update(clock_offset=dt.timedelta(days=5))
        assert simulate(now=now)["rate_sets"] == 3
        made = FxRateSet.objects.filter(source=SIMULATED).order_by("published_on")
        assert [s.published_on.day for s in made] == [23, 24, 25]

    def test_never_moves_a_rate_between_two_currencies_by_more_than_four_in_a_thousand(self, store):
        world.rates(dt.date(2026, 1, 2))
        simulate(now=dt.datetime(2026, 11, 20, tzinfo=dt.UTC))
        crosses = [
            rates["CNY"] / rates["USD"]
            for rates in (
                dict(s.rates.values_list("currency", "per_euro"))
                for s in FxRateSet.objects.order_by("published_on")
            )
        ]
        moves = [abs(b / a - 1) for a, b in pairwise(crosses)]
        assert len(moves) > 200
        assert 0 < max(moves) <= Decimal("0.00402")

    def test_publishes_the_same_rates_for_the_same_day(self, store):
        def table() -> list:
            simulate(now=dt.datetime(2026, 11, 20, tzinfo=dt.UTC))
            latest = FxRateSet.objects.order_by("-published_on")[0]
            return list(latest.rates.order_by("currency").values_list("currency", "per_euro"))

        world.rates(dt.date(2026, 11, 2))
        first = table()
        FxRate.objects.filter(rate_set__source=SIMULATED).delete()
        FxRateSet.objects.filter(source=SIMULATED).delete()
        assert table() == first

    def test_closes_the_index_with_history_enough_for_a_week(self, store):
        simulate()
        days = IndexClose.objects.order_by("closed_on").values_list("closed_on", flat=True)
        assert len(days) >= 10
        assert (days[len(days) - 1] - days[0]).days > 14

    def test_never_lets_the_index_rise_by_three_per_cent_in_a_week(self, store):
        simulate()
        simulate(now=clock.now() + dt.timedelta(days=500))
        closes = list(IndexClose.objects.order_by("closed_on").values_list("value", flat=True))
        assert max(b / a for a, b in zip(closes, closes[5:], strict=False)) < Decimal("1.03")


class TestTheSimulatorInTheDemo:
    def test_acknowledges_confirmed_orders_once(self, the_demo):
        store = Store.objects.get(code=ningbo.CODE)
        batch = screened(store, ["NB-000001"])
        assert simulate()["acknowledgements"] == 0
        order = _confirmed(batch)
        assert simulate()["acknowledgements"] == 0  # it was not released yet
        _release(order)
        assert simulate()["acknowledgements"] == 1
        release = Release.objects.get(order=order)
        assert (release.erp.product.code, release.erp.simulated) == (SIMULATED_ERP[0], True)
        assert release.erp_number.startswith("SIM-")
        assert simulate()["acknowledgements"] == 0

    def test_ships_and_completes_by_the_stores_clock(self, the_demo):
        store = Store.objects.get(code=ningbo.CODE)
        order = _confirmed(screened(store, ["NB-000002"]))
        _release(order)
        assert simulate()["shipments"] == 0
        for days, told in ((1, "shipments"), (order.transit_days, "completions")):
            store.refresh_from_db()
            move_clocks(store.clock_offset + dt.timedelta(days=days, minutes=1))
            assert simulate()[told] == 1
        assert RepeatOrder.objects.get(pk=order.pk).status == "completed"

    def test_extends_certificates_but_not_the_planted_one(self, the_demo):
        move_clocks(dt.timedelta(days=390))
        assert simulate()["certificates"] > 0
        assert Code.BUYER_CERTIFICATE_EXPIRED in codes_of(
            *orders_of(plants.of(Code.BUYER_CERTIFICATE_EXPIRED))
        )


def _confirmed(batch) -> RepeatOrder:
    """The batch's one order, locked and confirmed by hand: the acts have tests of their own."""
    now = clock.now(batch.store)
    lock = Lock.objects.create(
        store=batch.store,
        buyer=batch.buyer,
        subject=batch.ref,
        currency="USD",
        rate_set=batch.rate_set,
        order_count=1,
        total_minor=1,
        terms_digest="0" * 64,
        locked_at=now,
        locked_by="test",
        expires_at=now + dt.timedelta(hours=72),
        status="confirmed",
        ended_at=now,
        ended_by="test",
    )
    order = batch.orders.get()
    RepeatOrder.objects.filter(pk=order.pk).update(status="confirmed", lock=lock)
    return order


def _release(order: RepeatOrder) -> None:
    """On open account."""
    now = clock.now(order.store)
    paper = Proforma.objects.create(
        store=order.store,
        batch=order.batch,
        occasion=order.batch.orders.get().lock_id,
        number=f"{order.ref}-PI1",
        open_account=True,
        asked_at=now,
        rung_at=now,
    )
    Proforma.objects.filter(pk=paper.pk).update(issued_at=now, file_key="x")
    RepeatOrder.objects.filter(pk=order.pk).update(proforma=paper)
    releases.release_one(store=order.store, order=order, by="test")


class TestTheStockSource:
    """What a lock asks when the stock grew stale since the plan (docs/stock.md)."""

    def read(self) -> dict:
        store = Store.objects.get(code=ningbo.CODE)
        return SandboxStock().read(store, list(store.skus.values_list("code", flat=True)))

    def test_knows_every_simulated_sku_but_the_one_planted_stale(self, the_demo):
        store = Store.objects.get(code=ningbo.CODE)
        codes = set(store.skus.values_list("code", flat=True))
        assert set(self.read()) == codes - {plants.STALE_SKU}

    def test_reads_by_the_store_s_own_clock(self, later):
        levels = self.read()
        now = clock.now(Store.objects.get(code=ningbo.CODE))
        assert all(now - at < dt.timedelta(seconds=30) for _, at in levels.values())

    def test_leaves_live_stores_and_levels_from_outside_alone(self, db):
        for store, stock_source in ((world.store(sandbox=False), ""), (world.store(), "api")):
            sku = world.sku(store, source=SIMULATED, stock_source=stock_source)
            assert SandboxStock().read(store, [sku.code]) == {}

    def test_and_the_simulator_leave_levels_from_outside_as_they_are(self, db):
        old = world.NOW - dt.timedelta(days=3)
        kept = world.sku(world.store(), source=SIMULATED, stock_source="api", stock_synced_at=old)
        simulate()
        kept.refresh_from_db()
        assert kept.stock_synced_at == old


class TestTheDemoAfterAPause:
    def test_is_fed_before_anybody_looks(self, the_demo, tmp_path):
        """The first batch after a second `make run` once failed whole, since the simulator had not
        fed yet."""
        ours = Sku.objects.filter(source=SIMULATED, stock_source="").exclude(code=plants.STALE_SKU)
        with taken_back():
            paused = clock.now() - dt.timedelta(hours=3)
            ours.update(stock_synced_at=paused)
            assert load(data_dir=tmp_path) is False
            assert ours.exists()
            assert not ours.filter(stock_synced_at__lte=paused).exists()
            transaction.set_rollback(True)
