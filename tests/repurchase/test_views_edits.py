"""The panel of quantities and promises on the batch page: preview, apply, undo; who may; never a
price."""

import re

import pytest

from marketplace.models import ProductionGroup, Sku
from repurchase.batches.services import batches, price_lock
from repurchase.models import RepeatLine
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _at_the_time_of_the_world(store):
    world.move_clock(store, world.NOW)


@pytest.fixture
def batch(store):
    _, orders = world.repeatable(store, orders=5, lines=2)
    return run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))


def post(client, batch, act: str, **values):
    return client.post(
        f"/batches/{batch.ref}/edits/", {"act": act, "store": batch.store_id, **values}
    )


def hidden(answer) -> dict[str, str]:
    return dict(
        re.findall(r'type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', answer.content.decode())
    )


def quantities(batch) -> set[int]:
    return set(RepeatLine.objects.filter(order__batch=batch).values_list("quantity", flat=True))


class TestThePanel:
    def test_previews_applies_and_undoes(self, client, bob, batch):
        """bob is an operator: who may plan may edit."""
        client.force_login(bob)
        seen = post(client, batch, "preview", by="all", moq="300")
        assert seen.status_code == 200
        assert quantities(batch) == {250}
        assert "35,848.75" in seen.content.decode()
        done = client.post(f"/batches/{batch.ref}/edits/", hidden(seen) | {"act": "apply"})
        assert done.status_code == 302
        assert quantities(batch) == {300}
        page = client.get(f"/batches/{batch.ref}/").content.decode()
        assert 'value="undo"' in page
        assert post(client, batch, "undo", version="2").status_code == 302
        assert quantities(batch) == {250}

    def test_answers_htmx_with_the_preview_only(self, client, alice, batch):
        client.force_login(alice)
        answer = client.post(
            f"/batches/{batch.ref}/edits/",
            {"act": "preview", "by": "all", "promise_days": 40},
            headers={"HX-Request": "true"},
        )
        assert b"<html" not in answer.content
        assert b'value="apply"' in answer.content

    def test_applies_nothing_that_was_not_previewed(self, client, alice, batch):
        client.force_login(alice)
        seen = hidden(post(client, batch, "preview", by="all", moq="300"))
        for changes in ({"digest": ""}, {"version": ""}, {"moq": "301"}, {"digest": "0" * 64}):
            answer = client.post(f"/batches/{batch.ref}/edits/", seen | {"act": "apply"} | changes)
            assert answer.status_code == 409
        assert quantities(batch) == {250}

    def test_tells_what_can_t_be_made_and_offers_no_button(self, client, alice, store, batch):
        client.force_login(alice)
        group = ProductionGroup.objects.create(
            store=store, code="kiln", name="Kiln", pieces_a_day=149, **world.MIRRORED
        )
        Sku.objects.update(production_group=group)
        page = post(client, batch, "preview", by="all", moq="300").content.decode()
        assert "2026-12-13" in page
        assert "2026-12-24" in page
        assert 'value="apply"' not in page
        assert "CAPACITY_EXCEEDED" in page

    def test_names_orders_that_drop_out(self, client, alice, batch):
        client.force_login(alice)
        page = post(client, batch, "preview", by="all", promise_days="9").content.decode()
        assert f"{batch.ref}-0001" in page
        assert "TRANSIT_TOO_SLOW" in page

    @pytest.mark.parametrize(
        ("values", "status"),
        [
            ({"by": "nothing", "moq": "3"}, 422),
            ({"by": "all", "moq": "many"}, 422),
            ({"by": "all", "moq": "-3"}, 422),
            ({"by": "all", "promise_date": "soon"}, 422),
            ({"by": "all"}, 422),
            ({"by": "skus", "names": "A\0B", "moq": "3"}, 422),
            ({"by": "lines", "names": "X#1, Y", "moq": "3"}, 422),
        ],
    )
    def test_refuses_nonsense(self, client, alice, batch, values, status):
        client.force_login(alice)
        assert post(client, batch, "preview", **values).status_code == status

    def test_takes_codes_and_single_lines(self, client, alice, batch):
        client.force_login(alice)
        first = batch.orders.order_by("position").first()
        seen = post(client, batch, "preview", by="lines", names=f"{first.ref}#2", quantity="260")
        client.post(f"/batches/{batch.ref}/edits/", hidden(seen) | {"act": "apply"})
        assert sorted(RepeatLine.objects.values_list("quantity", flat=True)) == [250] * 9 + [260]
        page = client.get(f"/orders/{first.ref}/").content.decode()
        assert re.search(r"250</span>\s*→\s*260", page)

    def test_is_not_for_a_viewer(self, client, store, batch):
        client.force_login(world.member(store, "viewer"))
        assert 'name="moq"' not in client.get(f"/batches/{batch.ref}/").content.decode()
        for act in ("preview", "apply", "undo"):
            assert post(client, batch, act, by="all", moq="3").status_code == 403

    def test_is_gone_with_the_lock(self, client, alice, batch):
        client.force_login(alice)
        price_lock.lock_and_invite(batch=batch, by="user:1")
        assert 'id="edits"' not in client.get(f"/batches/{batch.ref}/").content.decode()
        assert post(client, batch, "preview", by="all", moq="300").status_code == 409

    def test_has_no_field_for_a_price(self, client, alice, batch):
        client.force_login(alice)
        page = client.get(f"/batches/{batch.ref}/").content.decode()
        names = set(re.findall(r'<(?:input|select)[^>]*\sname="(\w+)"', page))
        assert {"moq", "quantity", "promise_days", "promise_date"} <= names
        assert not [name for name in names if re.search("price|amount|total|minor", name)]
