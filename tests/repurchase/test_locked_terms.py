"""R-19: a price refuses to be edited on every path: page, API, admin, bulk, and as the last line
the database."""

import json
import re

import psycopg2
import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.test import Client

from pricing.models import Lock
from repurchase.batches.price_guard import is_price_name
from repurchase.batches.services import batches, price_lock
from repurchase.models import Batch, RepeatLine, RepeatOrder
from tests import world
from tests.repurchase import services
from tests.repurchase.running import run

CHANGED = {
    "repurchase_repeatorder": [
        "goods_minor = goods_minor + 1", "freight_minor = 0", "tax_minor = tax_minor - 1",
        "total_minor = total_minor - 1", "promise_days = promise_days + 1", "currency = 'EUR'", "tax_rate = 0",
        "tax_code = 'x'", "incoterm = 'DDP'", "prices_include_tax = true", "status = 'planned'",
        "status = 'cancelled', total_minor = 1",
    ],
    "repurchase_repeatline": [
        "quantity = quantity + 1", "base_minor = base_minor - 1", "total_minor = total_minor - 1",
        "moq = moq + 1", "total_minor = 0",
    ],
    "pricing_lock": [
        "total_minor = total_minor - 1", "terms_digest = repeat('0', 64)", "currency = 'EUR'", "order_count = 1",
        "index_series = 'x'",
    ],
}  # fmt: skip
EDITS = [(table, change) for table, changes in CHANGED.items() for change in changes]


def locked_batch(store) -> Batch:
    _, orders = world.repeatable(store, lines=2)
    batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
    price_lock.lock_and_invite(batch=batch, by="user:1")
    batch.refresh_from_db()
    return batch


@pytest.mark.django_db
class TestTheDatabase:
    @pytest.mark.parametrize(("table", "change"), EDITS)
    @pytest.mark.parametrize("status", ["locked", "confirmed", "awaiting_payment"])
    def test_refuses_to_change_locked_terms(self, store, table, change, status):
        locked_batch(store)
        RepeatOrder.objects.update(status=status)
        with pytest.raises(IntegrityError, match="PRICE_LOCKED"), transaction.atomic():
            connection.cursor().execute(f"UPDATE {table} SET {change}")

    @pytest.mark.parametrize("table", [*CHANGED])
    def test_refuses_to_delete_them(self, store, table):
        batch = locked_batch(store)
        batch.orders.update(status="confirmed")
        connection.cursor().execute("DELETE FROM repurchase_orderfee")
        with pytest.raises(IntegrityError, match="PRICE_LOCKED"), transaction.atomic():
            connection.cursor().execute(f"DELETE FROM {table}")

    @pytest.mark.parametrize(("table", "change"), [e for e in EDITS if e[0] != "pricing_lock"])
    def test_lets_a_plan_be_made_again(self, store, table, change):
        _, orders = world.repeatable(store, lines=2)
        run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        connection.cursor().execute(f"UPDATE {table} SET {change}")
        RepeatOrder.objects.exclude(status="cancelled").delete()

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE repurchase_orderfee SET amount_minor = 1",
            "DELETE FROM repurchase_orderfee",
            "INSERT INTO repurchase_orderfee (store_id, order_id, position, part, kind, base_minor, amount_minor,"
            " currency, reason, detail, rule_version, rounding, tariff_currency) SELECT store_id, order_id, 99, part, kind,"
            " 1, 1, currency, '', '{}', '', '', '' FROM repurchase_orderfee LIMIT 1",
            "INSERT INTO repurchase_repeatline (store_id, order_id, source_line_id, line_no, sku_id, quantity, moq, base_minor,"
            " total_minor, outcome, codes, findings, hs_code, origin_country) SELECT store_id, order_id, source_line_id, 99,"
            " sku_id, 1, 1, 1, 1, outcome, codes, findings, '', 'CN' FROM repurchase_repeatline LIMIT 1",
            "UPDATE repurchase_lineservice SET text = 'other'",
            "DELETE FROM repurchase_lineservice",
        ],
    )
    def test_refuses_to_change_what_stands_around_a_locked_price(self, store, statement):
        services.locked(store)
        with pytest.raises(IntegrityError, match="PRICE_LOCKED"), transaction.atomic():
            connection.cursor().execute(statement)

    def test_lets_states_move(self, store):
        batch = locked_batch(store)
        batch.orders.update(status="confirmed", changed_at=world.NOW)
        batch.orders.update(status="awaiting_payment", note="x")
        Lock.objects.update(status="confirmed", ended_at=world.NOW, ended_by="buyer")

    def test_lets_a_line_leave_the_scope_with_the_buyers_answer(self, store):
        """R-15: what is not confirmed takes its amount along; nothing can become dearer by it."""
        batch = locked_batch(store)
        with pytest.raises(IntegrityError, match="PRICE_LOCKED"), transaction.atomic():
            RepeatLine.objects.filter(line_no=2).update(outcome="excluded", total_minor=0)
        batch.orders.update(
            status="confirmed", goods_minor=250_000, tax_minor=1, total_minor=252_501
        )
        RepeatLine.objects.filter(line_no=2).update(outcome="excluded", total_minor=0)
        for change in ({"goods_minor": 1}, {"total_minor": 252_502}):
            with pytest.raises(IntegrityError), transaction.atomic():
                batch.orders.update(**change)
        with pytest.raises(IntegrityError), transaction.atomic():
            RepeatLine.objects.filter(line_no=2).update(outcome="planned")

    def test_refuses_a_confirmation_that_is_dearer(self, store):
        batch = locked_batch(store)
        order = batch.orders.first()
        with pytest.raises(IntegrityError), transaction.atomic():
            batch.orders.filter(pk=order.pk).update(
                status="confirmed", total_minor=order.total_minor + 1
            )


@pytest.mark.django_db(transaction=True)
class TestARole:
    @pytest.mark.parametrize("role", ["web", "worker"])
    def test_is_stopped_as_anybody(self, role):
        store = world.store()
        world.move_clock(store, world.NOW)
        batch = locked_batch(store)
        granted = "repurchase_repeatorder, repurchase_repeatline, pricing_lock"
        connection.cursor().execute(f"GRANT SELECT, UPDATE, DELETE ON {granted} TO {role}")
        known = connection.get_connection_params()
        with psycopg2.connect(dbname=known["dbname"], host=known["host"], user=role) as raw:
            for table, change in EDITS:
                with pytest.raises(psycopg2.IntegrityError, match="PRICE_LOCKED"):
                    raw.cursor().execute(f"UPDATE {table} SET {change}")
                raw.rollback()
            raw.cursor().execute("UPDATE repurchase_repeatorder SET status = 'confirmed'")
            raw.commit()
        raw.close()
        assert set(batch.orders.values_list("status", flat=True)) == {"confirmed"}


@pytest.mark.django_db
class TestTheAdmin:
    def test_has_no_form_that_changes_a_price(self, store, client):
        batch = locked_batch(store)
        boss = world.user("boss@example.com", is_staff=True, is_superuser=True)
        client.force_login(boss)
        for model, pk in (
            ("repurchase/repeatorder", batch.orders.first().pk),
            ("repurchase/batch", batch.pk),
            ("pricing/lock", Lock.objects.get().pk),
        ):
            before = list(apps.get_model(model.replace("/", ".")).objects.values())
            answer = client.post(
                f"/admin/{model}/{pk}/change/", {"total_minor": "1", "goods_minor": "1"}
            )
            assert answer.status_code == 403
            assert list(apps.get_model(model.replace("/", ".")).objects.values()) == before


PRICES = (
    "price",
    "unit_price",
    "unitPrice",
    "amount",
    "total",
    "total_minor",
    "base_minor",
    "discount",
    "currency",
)


class TestAName:
    @pytest.mark.parametrize("name", PRICES)
    def test_of_a_price_is_known_by_its_words(self, name):
        assert is_price_name(name)

    @pytest.mark.parametrize(
        "name", ["moq", "quantity", "promise_date", "select", "lines", "orders", "totally"]
    )
    def test_of_something_else_is_not(self, name):
        assert not is_price_name(name)


@pytest.mark.django_db
class TestThePage:
    @pytest.mark.parametrize("name", PRICES)
    def test_refuses_a_price(self, store, alice, name):
        _, orders = world.repeatable(store)
        batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        client = Client(headers={"accept-language": "en"})
        client.force_login(alice)
        for act in ("preview", "apply"):
            answer = client.post(
                f"/batches/{batch.ref}/edits/", {"act": act, "by": "all", "moq": 600, name: 1}
            )
            assert answer.status_code == 409
            assert "PRICE_LOCKED" in answer.content.decode()
        assert not batch.edits.exists()


@pytest.mark.django_db
class TestTheApi:
    @pytest.mark.parametrize("name", PRICES)
    @pytest.mark.parametrize("locked", [False, True])
    def test_refuses_a_price_before_the_lock_and_after_it(self, store, name, locked):
        _, orders = world.repeatable(store)
        batch = run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))
        if locked:
            price_lock.lock_and_invite(batch=batch, by="user:1")
        key = world.key(store)
        client = Client(headers={"authorization": f"Bearer {key}", "accept-language": "en"})
        for edit in (
            {"select": {"all": True}, name: "1.00"},
            {"select": {"all": True}, "moq": 600, name: 1},
        ):
            answer = client.patch(
                f"/api/v1/batches/{batch.ref}/orders/",
                json.dumps({"edits": [edit]}),
                "application/json",
            )
            said = answer.json()
            assert (answer.status_code, said["code"]) == (409, "PRICE_LOCKED")
            assert [e["pointer"] for e in said["errors"]] == [f"#/edits/0/{name}"]
        body = {"order_ids": [orders[0].number], "edits": [{"select": {"all": True}, name: 1}]}
        answer = client.post("/api/v1/batches/", json.dumps(body), "application/json")
        assert (answer.status_code, answer.json()["code"]) == (409, "PRICE_LOCKED")
        assert Batch.objects.count() == 1


@pytest.mark.django_db
def test_signed_prices_are_compared_by_a_plan_for_as_many_orders_as_there_are(store):
    """A plan that was kept from a confirmation of two orders compared 5000 with each other: 13
    s."""
    _, past = world.repeatable(store, orders=302)
    batch = run(batches.create(store=store, numbers=[order.number for order in past], by="user:1"))
    touch = "UPDATE repurchase_repeatorder SET changed_at = changed_at WHERE batch_id = %s AND position < %s"
    with connection.cursor() as cursor:
        cursor.execute(touch, [batch.pk, 2])
        cursor.execute("SET LOCAL client_min_messages = log; SET LOCAL debug_print_plan = on")
        cursor.execute(touch, [batch.pk, 302])
    plans = [said for said in connection.connection.notices if "NAMEDTUPLESTORESCAN" in said]
    nodes = [
        re.findall(r"\{(NESTLOOP|[A-Z]+JOIN|SORT|NAMEDTUPLESTORESCAN)\b", plan) for plan in plans
    ]
    assert nodes
    assert "NESTLOOP" not in [each[each.index("NAMEDTUPLESTORESCAN") - 1] for each in nodes]
