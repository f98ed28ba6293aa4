"""A past order that was repeated says so, and is taken again by choice only: advice, never a
block."""

import pytest

from marketplace import clock
from repurchase.batches.queries import past_orders, prior_repeats
from repurchase.batches.queries import selections as selection_queries
from repurchase.batches.services import batches, price_lock, selections
from repurchase.models import Selection
from repurchase.models.order_states import OrderStatus
from tests import world
from tests.repurchase.orders import walk
from tests.repurchase.running import run
from tests.repurchase.test_locking import accept

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}
HTMX = EN | {"HX-Request": "true"}


@pytest.fixture
def history(store):
    return world.repeatable(store)


def planned(store, orders):
    return run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))


def accepted(store, orders):
    batch = planned(store, orders)
    price_lock.lock_and_invite(batch=batch, by="user:1")
    accept(batch)
    return batch


def tick(client, store, history, **values):
    sent = {"action": "tick-buyer", "buyer": history[0].pk, "store": store.pk} | values
    return client.post("/orders/selection/", sent, headers=HTMX).content.decode()


def ticked(store, alice):
    return selection_queries.selection_summary(store, user=alice, now=clock.now(store))


class TestARepeatedOrder:
    def test_names_its_newest_repeat_and_how_many_there_are(self, store, history):
        orders = history[1]
        first = accepted(store, orders[:2])
        second = accepted(store, orders[:1])
        found = prior_repeats.find_prior_repeats(store, [o.pk for o in orders])
        twice, once = found[orders[0].pk], found[orders[1].pk]
        assert (twice.times, twice.batch, twice.order, twice.status) == (
            2,
            second.ref,
            f"{second.ref}-0001",
            "awaiting_payment",
        )
        assert (once.times, once.order) == (1, f"{first.ref}-0002")
        assert set(found) == {o.pk for o in orders[:2]}

    @pytest.mark.parametrize(
        ("status", "counts"),
        [
            ("confirmed", True),
            ("awaiting_payment", True),
            ("paid", True),
            ("released", True),
            ("shipped", True),
            ("completed", True),
            ("declined", False),
            ("expired", False),
            ("terminated", False),
            ("cancelled", False),
        ],
    )
    def test_is_one_that_the_buyer_has_accepted_and_nobody_ended(
        self, store, history, status, counts
    ):
        batch = planned(store, history[1])
        price_lock.lock_and_invite(batch=batch, by="user:1")
        assert not prior_repeats.find_prior_repeats(
            store, [o.pk for o in history[1]]
        )  # held, not repeated
        walk(list(batch.orders.all()), OrderStatus(status))
        assert bool(prior_repeats.find_prior_repeats(store, [o.pk for o in history[1]])) is counts

    def test_is_found_in_one_query_for_any_number(self, store, history, django_assert_num_queries):
        accepted(store, history[1])
        for size in (1, 5):
            with django_assert_num_queries(1):
                assert (
                    len(prior_repeats.find_prior_repeats(store, [o.pk for o in history[1][:size]]))
                    == size
                )

    def test_of_another_store_is_not_told(self, store, history):
        accepted(store, history[1])
        assert not prior_repeats.find_prior_repeats(world.store(), [o.pk for o in history[1]])


class TestTheHistory:
    def test_links_to_the_repeat_with_its_state_and_stays_tickable(
        self, store, history, alice, client
    ):
        batch = accepted(store, history[1][:2])
        client.force_login(alice)
        page = client.get(f"/orders/buyers/{history[0].pk}/", headers=EN).content.decode()
        for n in (1, 2):
            assert f'<a href="/orders/{batch.ref}-000{n}/">{batch.ref}-000{n}</a>' in page
        assert page.count("Repeated already in") == 2
        assert page.count("(Awaiting payment") == 2
        assert page.count("is-repeated") == 2
        assert "disabled" not in page
        groups = client.get("/orders/", headers=EN).content.decode()
        assert "2 repeated already" in groups

    def test_puts_buyers_with_most_to_repeat_first(self, store, history):
        other, theirs = world.repeatable(store, orders=6, country="FR")
        now = clock.now(store)
        assert [g.buyer for g in past_orders.buyer_groups(store, now=now)] == [other, history[0]]
        accepted(store, theirs[:4])
        groups = past_orders.buyer_groups(store, now=clock.now(store))
        assert [(g.buyer, g.count, g.repeated, g.fresh) for g in groups] == [
            (history[0], 5, 0, 5),
            (other, 6, 4, 2),
        ]

    def test_tells_a_program(self, store, history):
        batch = accepted(store, history[1][:1])
        rows = past_orders.past_order_page(store, now=clock.now(store)).rows
        found = {row.order.number: row.repeated for row in rows}
        assert found[history[1][0].number].batch == batch.ref
        assert [n for n, again in found.items() if again] == [history[1][0].number]


class TestTheTickOfAGroup:
    def test_leaves_out_what_was_repeated_and_says_so(self, store, history, alice, client):
        accepted(store, history[1][:2])
        client.force_login(alice)
        bar = tick(client, store, history)
        assert "3 orders ticked" in bar
        assert "2 were repeated already and are left out." in bar
        assert "Take them too" in bar
        found = ticked(store, alice)
        assert found.ids == {o.pk for o in history[1][2:]}
        batch = batches.create_from_selection(store=store, user=alice)
        assert batch.asked == 3

    def test_takes_them_when_told_to(self, store, history, alice, client):
        batch = accepted(store, history[1][:2])
        client.force_login(alice)
        bar = tick(client, store, history, repeated="yes")
        assert "5 orders ticked" in bar
        assert "2 of the ticked ones were repeated already:" in bar
        assert f'<a href="/orders/{batch.ref}-0001/">' in bar
        assert "Leave them out" in bar
        assert batches.create_from_selection(store=store, user=alice).asked == 5

    def test_of_nothing_else_still_offers_them(self, store, history, alice, client):
        accepted(store, history[1])
        client.force_login(alice)
        bar = tick(client, store, history)
        assert "5 were repeated already and are left out." in bar
        assert "Take them too" in bar
        assert 'btn-primary"\n                disabled' in bar

    def test_costs_the_same_queries_for_any_number(
        self, store, history, alice, django_assert_max_num_queries
    ):
        accepted(store, history[1][:1])
        now = clock.now(store)
        counts = []
        for orders in (0, 40):
            if orders:
                item = history[1][0].lines.get().sku
                more = [
                    world.past_order(store, history[0], [(item, 500, 500_000)])
                    for _ in range(orders)
                ]
                accepted(store, more[:20])
            selections.tick_buyer(store=store, user=alice, buyer_id=history[0].pk, now=now)
            with django_assert_max_num_queries(12) as seen:
                assert ticked(store, alice).left_out == (21 if orders else 1)
            counts.append(len(seen))
        assert counts[0] == counts[1]


class TestTheTickOfOneOrder:
    def test_takes_it_again_and_says_so(self, store, history, alice, client):
        batch = accepted(store, history[1][:2])
        client.force_login(alice)
        bar = client.post(
            "/orders/selection/",
            {"action": "tick", "orders": [history[1][0].pk, history[1][4].pk], "store": store.pk},
            headers=HTMX,
        ).content.decode()
        assert "1 of the ticked ones was repeated already:" in bar
        assert f'<a href="/orders/{batch.ref}-0001/">' in bar

    def test_stands_beside_a_group_without_the_others(self, store, history, alice, client):
        accepted(store, history[1][:2])
        client.force_login(alice)
        tick(client, store, history)
        now = clock.now(store)
        selections.tick_orders(store=store, user=alice, order_ids=[history[1][0].pk], now=now)
        found = ticked(store, alice)
        assert (found.count, len(found.repeated), found.left_out) == (4, 1, 1)


class TestASecondRepeat:
    def test_is_planned_locked_and_said_on_its_pages(self, store, history, alice, client):
        before = accepted(store, history[1][:2])
        batch = planned(store, history[1])
        client.force_login(alice)
        page = client.get(f"/batches/{batch.ref}/", headers=EN).content.decode()
        assert "2 ready orders repeat past orders that were repeated already" in page
        assert page.count("Repeated already in") == 2
        page = client.get(f"/orders/{batch.ref}-0001/", headers=EN).content.decode()
        assert f'Repeated already in <a href="/orders/{before.ref}-0001/">' in page
        page = client.get(f"/orders/{before.ref}-0001/", headers=EN).content.decode()
        assert "Repeated already in" not in page  # its own repeat is no other one
        assert price_lock.lock_and_invite(batch=batch, by="user:1")


def test_a_selection_starts_without_what_was_repeated(store, alice):
    assert Selection.objects.create(store=store, user=alice).with_repeated is False
