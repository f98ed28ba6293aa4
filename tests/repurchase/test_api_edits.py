"""PATCH /batches/{id}/orders/ and the `edits` of POST /batches/ (R-16 to R-19)."""

import json

import pytest

from marketplace.models import ProductionGroup, Sku
from repurchase.batches.services import batches, price_lock
from repurchase.models import Batch, RepeatLine
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db
EVERY = {"all": True}


class Caller:
    def __init__(self, client, store, *scopes: str) -> None:
        self.client = client
        self.key = world.key(store, *scopes)

    def send(self, method: str, path: str, body: object):
        headers = {"Authorization": f"Bearer {self.key}", "Accept-Language": "en"}
        return self.client.generic(
            method, f"/api/v1/{path}", json.dumps(body), "application/json", headers=headers
        )


@pytest.fixture(autouse=True)
def _at_the_time_of_the_world(store):
    world.move_clock(store, world.NOW)


@pytest.fixture
def batch(store):
    _, orders = world.repeatable(store, orders=5, lines=2)
    return run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))


@pytest.fixture
def patch(client, store, batch):
    erp = Caller(client, store, "write")
    return lambda *edits, **more: erp.send(
        "PATCH", f"batches/{batch.ref}/orders/", {"edits": edits, **more}
    )


def quantities(batch: Batch) -> list[int]:
    return list(RepeatLine.objects.filter(order__batch=batch).values_list("quantity", flat=True))


class TestTheBulkEdit:
    def test_tells_what_it_comes_to_then_does_exactly_that(self, batch, patch):
        edit = {"select": EVERY, "moq": 300, "promise_date": "2026-12-28"}
        told = patch(edit, preview=True).json()
        assert told == {
            "applied": False,
            "version": 1,
            "digest": told["digest"],
            "orders": 5,
            "lines": 10,
            "raised": 10,
            "lowered": 0,
            "promises": 5,
            "planned_then": 5,
            "planned_now": 5,
            "dropped": 0,
            "drop_outs": [],
            "capacity": None,
            "lines_left_out_then": 0,
            "lines_left_out_now": 0,
            "leaving": [],
            "sums": [
                {
                    "currency": "USD",
                    "then": {"amount": "29898.75", "currency": "USD"},
                    "now": {"amount": "35848.75", "currency": "USD"},
                    "left_out_then": {"amount": "0.00", "currency": "USD"},
                    "left_out_now": {"amount": "0.00", "currency": "USD"},
                }
            ],
        }
        assert quantities(batch) == [250] * 10
        done = patch(edit, version=told["version"], digest=told["digest"])
        assert (done.status_code, done.json()["applied"], done.json()["version"]) == (200, True, 2)
        assert quantities(batch) == [300] * 10
        assert set(batch.orders.values_list("promise_days", flat=True)) == {35}

    def test_takes_several_edits_in_their_order(self, batch, patch):
        first = batch.orders.order_by("position").first()
        line = {"order": first.past_order.number, "line": 2}
        answer = patch(
            {"select": EVERY, "moq": 260},
            {"select": {"orders": [first.ref]}, "quantity": 280},
            {"select": {"lines": [line]}, "quantity": 290},
        )
        assert answer.status_code == 200
        assert sorted(quantities(batch)) == [260] * 8 + [280, 290]
        assert batch.edits.get().lines == 10

    def test_of_another_version_is_refused(self, batch, patch):
        patch({"select": EVERY, "moq": 260})
        answer = patch({"select": EVERY, "moq": 300}, version=1)
        assert (answer.status_code, answer.json()["code"]) == (409, "PLAN_CHANGED")
        assert quantities(batch) == [260] * 10

    @pytest.mark.parametrize(
        ("edit", "code", "pointer"),
        [
            ({"select": EVERY, "moq": 3, "colour": 1}, "INPUT_INVALID", "#/edits/0/colour"),
            ({"select": {**EVERY, "skus": ["a"]}, "moq": 3}, "INPUT_INVALID", "#/edits/0/select"),
            ({"select": {"all": False}, "moq": 3}, "INPUT_INVALID", "#/edits/0/select"),
            ({"select": {}, "moq": 3}, "INPUT_INVALID", "#/edits/0/select"),
            ({"moq": 3}, "INPUT_INVALID", "#/edits/0/select"),
            ({"select": EVERY, "moq": "many"}, "INPUT_INVALID", "#/edits/0/moq"),
            ({"select": EVERY, "promise_date": "soon"}, "INPUT_INVALID", "#/edits/0/promise_date"),
            ({"select": EVERY}, "EDIT_EMPTY", "#/edits/0"),
            ({"select": {"skus": ["x", "y"]}, "moq": 3}, "SKU_UNKNOWN", "#/edits/0/select/skus/0"),
            ({"select": EVERY, "moq": 9, "quantity": 8}, "MOQ_NOT_MET", "#/edits/0/quantity"),
            (
                {"select": {"lines": [{"order": "x", "line": 1, "price": 3}]}, "moq": 1},
                "PRICE_LOCKED",
                "#/edits/0/select/lines/0/price",
            ),
        ],
    )
    def test_names_what_it_can_t_take(self, batch, patch, edit, code, pointer):
        for preview in (True, False):
            answer = patch(edit, preview=preview)
            said = answer.json()
            assert said["code"] == code
            assert said["errors"][0]["pointer"] == pointer
        assert not batch.edits.exists()

    def test_tells_in_a_preview_and_refuses_otherwise_what_can_t_be_made_in_time(
        self, store, batch, patch
    ):
        group = ProductionGroup.objects.create(
            store=store, code="kiln", name="Kiln", pieces_a_day=149, **world.MIRRORED
        )
        Sku.objects.update(production_group=group)
        told = patch({"select": EVERY, "moq": 300}, preview=True).json()["capacity"]
        assert told == {
            "group": "kiln",
            "day": "2026-12-13",
            "needed": 3000,
            "capacity": 2980,
            "earliest": "2026-12-24",
        }
        answer = patch({"select": EVERY, "moq": 300})
        assert (answer.status_code, answer.json()["code"]) == (422, "CAPACITY_EXCEEDED")
        assert "2026-12-13" in answer.json()["detail"]
        assert "2026-12-24" in answer.json()["detail"]
        assert patch({"select": EVERY, "moq": 300, "promise_date": "2026-12-24"}).status_code == 200

    def test_comes_too_late_after_the_lock(self, batch, patch):
        price_lock.lock_and_invite(batch=batch, by="user:1")
        answer = patch({"select": EVERY, "moq": 300})
        assert (answer.status_code, answer.json()["code"]) == (409, "PRICE_LOCKED")

    def test_takes_the_scope_to_write(self, client, store, batch):
        reader = Caller(client, store, "read")
        answer = reader.send(
            "PATCH", f"batches/{batch.ref}/orders/", {"edits": [{"select": EVERY, "moq": 3}]}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "SCOPE_MISSING")


class TestANewBatch:
    def test_is_planned_with_its_edits(self, client, store):
        _, orders = world.repeatable(store)
        erp = Caller(client, store, "read", "write")
        edits = [{"select": {"orders": [orders[0].number]}, "quantity": 600, "promise_days": 40}]
        body = {"order_ids": [o.number for o in orders], "edits": edits}
        assert erp.send("POST", "batches/", body).status_code == 202
        batch = run(Batch.objects.get())
        assert sorted(quantities(batch)) == [500] * 4 + [600]

    def test_with_an_edit_that_names_nothing_is_not_made(self, client, store):
        _, orders = world.repeatable(store)
        edits = [{"select": {"skus": ["NO-SUCH"]}, "moq": 3}]
        body = {"order_ids": [o.number for o in orders], "edits": edits}
        answer = Caller(client, store, "write").send("POST", "batches/", body)
        assert (answer.status_code, answer.json()["code"]) == (422, "SKU_UNKNOWN")
        assert answer.json()["errors"][0]["pointer"] == "#/edits/0/select/skus/0"
        assert not Batch.objects.exists()
