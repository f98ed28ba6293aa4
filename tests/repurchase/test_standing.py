"""One live lock a source order, said and linked; and the page of the stock's age.

That the database itself lets only one of many concurrent locks through is
tests/pricing/test_races.py (TestGoods).
"""

import datetime as dt

import pytest

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Sku
from pricing.models import Lock
from repurchase.batches.queries import batch_of_past_order, stock
from repurchase.batches.services import batches, price_lock
from repurchase.models import RepeatLine
from tests import world
from tests.repurchase.running import run
from tests.repurchase.test_locking import move_clock

pytestmark = pytest.mark.django_db
SECOND = dt.timedelta(seconds=1)
EN = {"Accept-Language": "en"}


@pytest.fixture
def history(store):
    return world.repeatable(store)


def made(store, orders, *, done=True):
    batch = batches.create(store=store, numbers=[o.number for o in orders], by="user:1")
    return run(batch) if done else batch


def standing(store, order):
    return batch_of_past_order.batches_by_past_order(store, [order.pk], now=clock.now(store)).get(
        order.pk
    )


class TestAnOrder:
    def test_in_no_batch_stands_nowhere(self, store, history):
        assert standing(store, history[1][0]) is None

    def test_stands_in_a_batch_from_screening_to_the_end_of_its_lock(self, store, history):
        first, other = history[1][0], history[1][1]
        batch = made(store, [first], done=False)
        found = standing(store, first)
        assert (found.batch, found.status, found.held) == (batch.ref, "screening", False)
        assert standing(store, other) is None
        run(batch)
        found = standing(store, first)
        assert (found.batch, found.status, found.held) == (batch.ref, "planned", False)
        price_lock.lock_and_invite(batch=batch, by="user:1")
        lock = Lock.objects.get()
        found = standing(store, first)
        assert (found.batch, found.held, found.until) == (batch.ref, True, lock.expires_at)
        move_clock(store, lock.expires_at)
        assert standing(store, first) is None

    def test_held_by_a_lock_names_that_one_before_a_plan(self, store, history):
        holder, other = made(store, history[1][:1]), made(store, history[1][:1])
        price_lock.lock_and_invite(batch=holder, by="user:1")
        assert standing(store, history[1][0]).batch == holder.ref != other.ref

    def test_that_failed_in_a_plan_does_not_stand_in_it(self, store, history):
        failing = world.past_order(store, history[0], [(world.sku(store, on_hand=0), 1, 1000)])
        made(store, [*history[1], failing])
        assert standing(store, failing) is None

    def test_is_found_in_the_same_queries_for_any_number(self, store, django_assert_num_queries):
        _, orders = world.repeatable(store, orders=60)
        price_lock.lock_and_invite(batch=made(store, orders[:55]), by="user:1")
        now = clock.now(store)
        for size in (2, 60):
            with django_assert_num_queries(4):
                batch_of_past_order.batches_by_past_order(
                    store, [o.pk for o in orders[:size]], now=now
                )


class TestTheHistory:
    def page(self, client, alice, history):
        client.force_login(alice)
        return client.get(f"/orders/buyers/{history[0].pk}/?tab=all", headers=EN).content.decode()

    def test_links_a_held_order_to_its_batch_and_says_until_when(
        self, store, history, alice, client
    ):
        batch = made(store, history[1])
        price_lock.lock_and_invite(batch=batch, by="user:1")
        page = self.page(client, alice, history)
        assert page.count(f'<a href="/batches/{batch.ref}/">{batch.ref}</a>') == 5
        assert page.count(f'datetime="{Lock.objects.get().expires_at.isoformat()}"') == 5
        assert "ORDER_ALREADY_LOCKED" in page

    def test_notes_a_planned_order_and_blocks_nothing(self, store, history, alice, client):
        batch = made(store, history[1])
        page = self.page(client, alice, history)
        assert page.count(f'<a href="/batches/{batch.ref}/">{batch.ref}</a>') == 5
        assert "ORDER_ALREADY_LOCKED" not in page
        assert "disabled" not in page


class TestTheTicks:
    def test_of_held_orders_say_so_and_link_to_their_batch(self, store, history, alice, client):
        batch = made(store, history[1][:2])
        price_lock.lock_and_invite(batch=batch, by="user:1")
        client.force_login(alice)
        tick = {"action": "tick-buyer", "buyer": history[0].pk, "store": store.pk}
        bar = client.post(
            "/orders/selection/", tick, headers=EN | {"HX-Request": "true"}
        ).content.decode()
        assert "2 of them are held by a live lock:" in bar
        assert f'<a href="/batches/{batch.ref}/">{batch.ref}</a>' in bar

    def test_of_free_orders_say_nothing_about_it(self, store, history, alice, client):
        made(store, history[1][:2])
        client.force_login(alice)
        tick = {"action": "tick-buyer", "buyer": history[0].pk, "store": store.pk}
        bar = client.post(
            "/orders/selection/", tick, headers=EN | {"HX-Request": "true"}
        ).content.decode()
        assert "5 orders ticked" in bar
        assert "held" not in bar


class TestALockOfAHeldOrder:
    def test_names_the_orders_and_links_to_the_batch_that_holds_them(
        self, store, history, alice, client
    ):
        holder, late = made(store, history[1][:2]), made(store, history[1])
        price_lock.lock_and_invite(batch=holder, by="user:1")
        client.force_login(alice)
        answer = client.post(f"/batches/{late.ref}/lock/", headers=EN)
        page = answer.content.decode()
        assert answer.status_code == 422
        assert f'<a href="/batches/{holder.ref}/">{holder.ref}</a>' in page
        assert [o.number in page for o in history[1]] == [True, True, False, False, False]

    def test_says_so_to_a_program(self, store, history):
        holder, late = made(store, history[1][:1]), made(store, history[1])
        price_lock.lock_and_invite(batch=holder, by="user:1")
        with pytest.raises(Problem) as refused:
            price_lock.lock_and_invite(batch=late, by="user:1")
        assert refused.value.code is Code.ORDER_ALREADY_LOCKED
        assert refused.value.evidence["held_by"] == [holder.ref]


class TestTheStockPage:
    def test_shows_the_longest_out_of_sync_first(self, store):
        now = clock.now(store)
        ages = {"B": 15 * 60 + 5, "C": 60, "A": 3600}
        for code, age in ages.items():
            world.sku(store, code=code, stock_synced_at=now - age * SECOND)
        world.sku(store, code="N", stock_synced_at=None)
        world.sku(store, code="OFF", stock_synced_at=None, is_active=False)
        rows = stock.stock_page(store, now=now).rows
        assert [(row.sku.code, row.stale) for row in rows] == [
            ("N", True),
            ("A", True),
            ("B", True),
            ("C", False),
        ]
        found = stock.freshness(store, now=now)
        assert (found.skus, found.stale, found.oldest) == (4, 3, now - 3600 * SECOND)

    @pytest.mark.parametrize(("age", "stale"), [(900 * SECOND, False), (901 * SECOND, True)])
    def test_calls_fifteen_minutes_in_sync_and_a_second_more_stale(self, store, age, stale):
        now = clock.now(store)
        world.sku(store, stock_synced_at=now - age)
        assert stock.stock_page(store, now=now).rows[0].stale is stale
        assert stock.freshness(store, now=now).stale == stale

    def test_counts_reservations_and_the_lines_that_are_blocked(self, store, history):
        good = Sku.objects.get()
        stale = world.sku(store, stock_synced_at=world.NOW - dt.timedelta(hours=1))
        blocked = [world.past_order(store, history[0], [(stale, 1, 1000)]) for _ in range(3)]
        batch = made(store, [*history[1], *blocked])
        price_lock.lock_and_invite(batch=batch, by="user:1")
        rows = {row.sku.pk: row for row in stock.stock_page(store, now=clock.now(store)).rows}
        assert (rows[good.pk].reserved, rows[good.pk].available) == (2500, 97_500)
        assert (rows[good.pk].blocked_lines, rows[stale.pk].blocked_lines) == (0, 3)
        assert RepeatLine.objects.filter(sku=stale).count() == 3

    def test_goes_on_page_by_page_over_skus_never_synchronised(
        self, store, django_assert_num_queries
    ):
        category, now = world.category(), clock.now(store)
        Sku.objects.bulk_create(
            Sku(
                store=store,
                code=f"K{n}",
                title="",
                category=category,
                **world.MIRRORED,
                stock_synced_at=None if n % 3 == 0 else now - (n % 7) * SECOND,
            )
            for n in range(130)
        )
        seen, cursor = [], ""
        for _ in range(3):
            with django_assert_num_queries(4):
                page = stock.stock_page(store, now=now, cursor=cursor)
            seen += [row.sku.pk for row in page.rows]
            cursor = page.next_cursor
        assert (len(seen), len(set(seen)), cursor) == (130, 130, "")

    def test_is_reached_from_the_workbench_and_from_the_code(self, store, alice, client, history):
        client.force_login(alice)
        made(store, history[1])
        for path in ("/", "/codes/STOCK_SYNC_STALE/"):
            assert 'href="/stock/"' in client.get(path).content.decode(), path
        assert client.get("/stock/").status_code == 200
