"""How a batch begins: once for one wish, dry, by a filter, whole or not at all; and how its failed
orders are retried."""

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import Client
from lxml import etree

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from eligibility import replay
from marketplace import clock
from marketplace.models import CommissionRate, PastOrder, Sku
from repurchase.batches.queries import screening_explanation
from repurchase.batches.queries import selections as selection_queries
from repurchase.batches.queries.batches import count_batch_orders
from repurchase.batches.queries.screening_explanation import records_of_batch
from repurchase.batches.services import batches, chunks, planning, price_lock, selections
from repurchase.integration.services import idempotency
from repurchase.models import Batch, KeptAnswer, RepeatOrder
from tests import world
from tests.repurchase.running import run
from tests.repurchase.test_repeated import accepted
from tests.repurchase.test_standing import standing

pytestmark = pytest.mark.django_db
EN = {"Accept-Language": "en"}
API = "/api/v1/batches/"


@pytest.fixture(autouse=True)
def _at_the_time_of_the_world(store):
    world.move_clock(store, world.NOW)


@pytest.fixture
def history(store):
    return world.repeatable(store)


def key_of(store) -> dict[str, str]:
    key = world.key(store)
    return EN | {"Authorization": f"Bearer {key}"}


def refused(code: Code, act, **arguments) -> Problem:
    with pytest.raises(Problem) as caught:
        act(**arguments)
    assert caught.value.code is code
    return caught.value


def numbers(orders) -> list[str]:
    return [order.number for order in orders]


def post(headers, body, client=None, **more):
    return (client or Client()).post(
        API, json.dumps(body), content_type="application/json", headers=headers | more
    )


def cells_of(xlsx: bytes) -> list[list[str]]:
    """The texts and numbers of the first sheet; a formula would have no place in it."""
    with zipfile.ZipFile(io.BytesIO(xlsx)) as book:
        shared = [
            "".join(si.itertext())
            for si in etree.fromstring(book.read("xl/sharedStrings.xml")).iter("{*}si")
        ]
        sheet = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    assert not list(sheet.iter("{*}f"))
    return [
        [
            shared[int(c.findtext("{*}v"))] if c.get("t") == "s" else c.findtext("{*}v") or ""
            for c in row
        ]
        for row in sheet.iter("{*}row")
    ]


class TestAnIdempotencyKey:
    def test_answers_the_same_to_the_same(self, store, history):
        key = key_of(store)
        body = {"order_ids": numbers(history[1])}
        first, again = (post(key, body, **{"Idempotency-Key": "k-1"}) for _ in range(2))
        assert (first.status_code, again.status_code) == (202, 202)
        assert first.json() == again.json()
        assert first.headers["Location"] == again.headers["Location"]
        assert Batch.objects.count() == 1

    def test_stands_for_one_request(self, store, history):
        key = key_of(store)
        post(key, {"order_ids": numbers(history[1])}, **{"Idempotency-Key": "k-1"})
        other = post(key, {"order_ids": numbers(history[1][:2])}, **{"Idempotency-Key": "k-1"})
        assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
        assert Batch.objects.count() == 1

    def test_of_another_store_is_another(self, store, history):
        other = world.store(clock_offset=store.clock_offset)
        _, theirs = world.repeatable(other)
        for of, orders in ((store, history[1]), (other, theirs)):
            answer = post(key_of(of), {"order_ids": numbers(orders)}, **{"Idempotency-Key": "k-1"})
            assert answer.status_code == 202
        assert Batch.objects.count() == 2

    def test_keeps_no_refusal(self, store, history):
        key, body = key_of(store), {"order_ids": [*numbers(history[1]), "later"]}
        assert post(key, body, **{"Idempotency-Key": "k-1"}).json()["code"] == "ORDER_UNKNOWN"
        world.past_order(store, history[0], [(Sku.objects.get(), 1, 1_000)], number="later")
        assert post(key, body, **{"Idempotency-Key": "k-1"}).status_code == 202

    def test_is_forgotten_after_72_hours(self, store, history):
        key, body = key_of(store), {"order_ids": numbers(history[1])}
        first = post(key, body, **{"Idempotency-Key": "k-1"}).json()["ref"]
        KeptAnswer.objects.update(kept_at=clock.now() - idempotency.RETENTION)
        Batch.objects.update(status="cancelled")
        assert post(key, body, **{"Idempotency-Key": "k-1"}).json()["ref"] != first
        KeptAnswer.objects.update(kept_at=clock.now() - idempotency.RETENTION)
        assert idempotency.prune() == 1

    @pytest.mark.parametrize("name", ["", "é", "x" * 256, "a\tb"])
    def test_is_plain_text(self, store, history, name):
        answer = post(
            key_of(store), {"order_ids": numbers(history[1])}, **{"Idempotency-Key": name}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "INPUT_INVALID")
        assert not Batch.objects.exists()

    @pytest.mark.django_db(transaction=True)
    def test_used_fifty_times_at_once_has_one_effect(self, store, history):
        """F-14. Who comes while the first runs is told so; nobody makes a second batch."""
        key, body = key_of(store), {"order_ids": numbers(history[1])}

        def call(_):
            try:
                return post(key, body, **{"Idempotency-Key": "k-1"})
            finally:
                connections.close_all()

        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(call, range(50)))
        assert Batch.objects.count() == 1
        assert LedgerEntry.objects.filter(kind="batch.created").count() == 1
        good = [a.json() for a in answers if a.status_code == 202]
        busy = [a.json()["code"] for a in answers if a.status_code == 409]
        assert len(good) + len(busy) == 50
        assert good
        assert all(answer == good[0] for answer in good)
        assert set(busy) <= {"IDEMPOTENCY_KEY_BUSY"}


class TestTheSameSelection:
    @pytest.mark.django_db(transaction=True)
    def test_started_by_two_browsers_and_a_program_at_once_is_one_batch(self, store, history):
        alice = world.member(store, "owner", "alice@example.com")
        bob = world.member(store, "operator", "bob@example.com")
        now = clock.now(store)
        for user in (alice, bob):
            selections.tick_buyer(store=store, user=user, buyer_id=history[0].pk, now=now)
        key = key_of(store)
        wish = {"buyer": history[0].external_id, "selection": {}}

        def browser(user):
            client = Client()
            client.force_login(user)
            return client.post("/batches/", {"store": store.pk})

        callers = [
            lambda: browser(alice),
            lambda: browser(alice),
            lambda: browser(bob),
            lambda: post(key, wish),
            lambda: post(key, {"order_ids": numbers(history[1])}),
        ]

        def call(act):
            try:
                return act()
            finally:
                connections.close_all()

        with ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(call, callers))
        batch = Batch.objects.get()
        assert [a.status_code for a in answers] == [302, 302, 302, 202, 202]
        assert {a.headers["Location"] for a in answers[:3]} == {f"/batches/{batch.ref}/"}
        assert {a.json()["ref"] for a in answers[3:]} == {batch.ref}

    def test_pressed_twice_leads_to_the_batch_and_says_so(self, store, history, alice, client):
        selections.tick_buyer(store=store, user=alice, buyer_id=history[0].pk, now=clock.now(store))
        client.force_login(alice)
        first = client.post("/batches/", {"store": store.pk})
        again = client.post("/batches/", {"store": store.pk}, follow=True, headers=EN)
        assert again.redirect_chain[0][0] == first.headers["Location"]
        assert "This was started a moment ago" in again.content.decode()
        assert not selection_queries.selection_summary(
            store, user=alice, now=clock.now(store)
        ).count

    def test_ticked_anew_is_a_new_wish(self, store, history, alice):
        now = clock.now(store)
        selections.tick_buyer(store=store, user=alice, buyer_id=history[0].pk, now=now)
        first = batches.create_from_selection(store=store, user=alice)
        selections.tick_orders(store=store, user=alice, order_ids=[history[1][0].pk], now=now)
        second = batches.create_from_selection(store=store, user=alice)
        assert (first.asked, second.asked, second.fresh) == (5, 1, True)

    @pytest.mark.parametrize(
        "other",
        [
            {"policy": "all_or_nothing"},
            {"dry_run": True},
            {"special_clearance": True},
            {"numbers": 4},
        ],
    )
    def test_asked_for_otherwise_is_another(self, store, history, other):
        made = {"store": store, "by": "user:1", "once": True, "numbers": numbers(history[1])}
        if "numbers" in other:
            other = {"numbers": numbers(history[1][:4])}
        assert batches.create(**made) != batches.create(**made | other)
        assert batches.create(**made | {"numbers": numbers(history[1][::-1])}).fresh is False

    @pytest.mark.parametrize(
        ("done", "later", "fresh"), [(False, 60, False), (True, 1, False), (True, 2, True)]
    )
    def test_is_the_same_while_it_is_screened_and_for_a_moment(
        self, store, history, done, later, fresh
    ):
        made = {"store": store, "by": "user:1", "once": True, "numbers": numbers(history[1])}
        batch = batches.create(**made)
        if done:
            run(batch)
        world.move_clock(store, batch.created_at + later * batches.AT_ONCE / 2)
        assert batches.create(**made).fresh is fresh


class TestASelectionOfAProgram:
    def test_takes_all_repeatable_orders_but_some(self, store, history):
        unrated = world.past_order(store, history[0], [(Sku.objects.get(), 1, 1_000)], rating=None)
        wish = {"buyer": history[0].external_id, "selection": {"except": numbers(history[1][:2])}}
        told = post(key_of(store), wish).json()
        assert told["counts"]["asked"] == 3
        asked = {pk for chunk in Batch.objects.get().chunks.all() for pk in chunk.past_order_ids}
        assert asked == {o.pk for o in history[1][2:]}
        assert unrated.pk not in asked

    def test_filters_and_leaves_out_what_was_repeated_unless_told(self, store, history):
        accepted(store, history[1][:2])
        key, buyer = key_of(store), history[0].external_id
        for chosen, asked in (
            ({}, 3),
            ({"filter": {"repeated": True}}, 5),
            ({"filter": {"q": history[1][3].number}}, 1),
        ):
            answer = post(key, {"buyer": buyer, "selection": chosen})
            assert answer.json()["counts"]["asked"] == asked, chosen

    @pytest.mark.parametrize(
        ("wish", "status", "code"),
        [
            ({"selection": {}}, 422, "INPUT_INVALID"),
            ({"buyer": "B", "order_ids": ["x"], "selection": {}}, 422, "INPUT_INVALID"),
            ({"buyer": "B"}, 422, "INPUT_INVALID"),
            ({"buyer": "nobody", "selection": {}}, 404, "NOT_FOUND"),
            ({"buyer": "B", "selection": {"colour": 1}}, 422, "INPUT_INVALID"),
            ({"buyer": "B", "selection": {"filter": {"colour": 1}}}, 422, "INPUT_INVALID"),
            ({"buyer": "B", "selection": {"except": ["no such"]}}, 422, "ORDER_UNKNOWN"),
            ({"buyer": "B", "selection": {"filter": {"q": "no such"}}}, 422, "BATCH_EMPTY"),
        ],
    )
    def test_is_refused_when_it_is_none(self, store, history, wish, status, code):
        if wish.get("buyer") == "B":
            wish = wish | {"buyer": history[0].external_id}
        key = key_of(store)
        for path in (API, "/api/v1/screenings/"):
            answer = Client().post(
                path, json.dumps(wish), content_type="application/json", headers=key
            )
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert not Batch.objects.exists()

    def test_can_be_screened_dry(self, store, history):
        wish = {"buyer": history[0].external_id, "selection": {"except": numbers(history[1][:1])}}
        answer = Client().post(
            "/api/v1/screenings/",
            json.dumps(wish),
            content_type="application/json",
            headers=key_of(store),
        )
        assert answer.json()["counts"] == {"asked": 4, "planned": 4, "failed": 0, "excluded": 0}


class TestADryRun:
    def test_is_planned_holds_nothing_and_cant_be_locked(self, store, history):
        batch = run(
            batches.create(store=store, numbers=numbers(history[1]), by="user:1", dry_run=True)
        )
        assert (batch.status, count_batch_orders(batch, now=world.NOW).planned) == ("planned", 5)
        assert standing(store, history[1][0]) is None
        refused(Code.DRY_RUN_ONLY, price_lock.lock_and_invite, batch=batch, by="user:1")
        assert batch.orders.filter(status="planned").count() == 5

    def test_becomes_a_real_batch(self, store, history):
        batch = run(
            batches.create(store=store, numbers=numbers(history[1]), by="user:1", dry_run=True)
        )
        batches.adopt(batch=batch, by="user:2")
        assert standing(store, history[1][0]).batch == batch.ref
        assert price_lock.lock_and_invite(batch=batch, by="user:1")
        refused(Code.STATE_CONFLICT, batches.adopt, batch=batch, by="user:2")
        assert LedgerEntry.objects.filter(kind="batch.adopted").count() == 1

    def test_is_marked_on_its_pages(self, store, history, alice, client):
        selections.tick_buyer(store=store, user=alice, buyer_id=history[0].pk, now=clock.now(store))
        client.force_login(alice)
        made = client.post("/batches/", {"store": store.pk, "dry_run": "yes"})
        batch = run(Batch.objects.get())
        page = client.get(made.headers["Location"], headers=EN).content.decode()
        assert "Dry run" in page
        assert "Make it a real batch" in page
        assert "Lock prices and send" not in page
        assert "Dry run" in client.get("/batches/", headers=EN).content.decode()
        assert client.post(f"/batches/{batch.ref}/adopt/", {"store": store.pk}).status_code == 302
        page = client.get(made.headers["Location"], headers=EN).content.decode()
        assert "Lock prices and send" in page

    def test_of_a_program_says_so(self, store, history):
        key = key_of(store)
        told = post(key, {"order_ids": numbers(history[1]), "dry_run": True}).json()
        assert told["dry_run"] is True
        batch = run(Batch.objects.get())
        lock = Client().post(
            f"{API}{batch.ref}/lock/", content_type="application/json", headers=key
        )
        assert (lock.status_code, lock.json()["code"]) == (409, "DRY_RUN_ONLY")
        assert Client().post(f"{API}{batch.ref}/adopt/", headers=key).json()["dry_run"] is False


class TestTheCounts:
    @pytest.mark.parametrize("policy", ["partial", "all_or_nothing"])
    @pytest.mark.parametrize("dry_run", [False, True])
    def test_add_up_at_every_moment(self, store, history, monkeypatch, policy, dry_run):
        monkeypatch.setattr("repurchase.models.batch_states.chunks.__defaults__", (2,))
        failing = world.past_order(store, history[0], [(world.sku(store, on_hand=0), 1, 1_000)])
        old = world.past_order(
            store,
            history[0],
            [(Sku.objects.first(), 1, 1_000)],
            completed_at=world.NOW - 91 * world.NOW.resolution * 86400_000_000,
        )
        batch = batches.create(
            store=store,
            numbers=numbers([*history[1], failing, old]),
            by="u",
            policy=policy,
            dry_run=dry_run,
        )
        seen = [count_batch_orders(batch, now=world.NOW)]
        while chunks.plan_next():
            seen.append(count_batch_orders(batch, now=world.NOW))
        planning.finish_batch(batch.pk)
        batch.refresh_from_db()
        seen.append(count_batch_orders(batch, now=world.NOW))
        for c in seen:
            assert (
                c.asked
                == c.pending + c.failed + c.excluded + c.planned + c.locked + c.accepted + c.ended
            )
        assert [c.pending for c in seen] == [7, 5, 3, 1, 0, 0]
        assert (seen[-1].planned, seen[-1].failed, seen[-1].excluded) == (5, 1, 1)
        assert batch.status == ("planned" if policy == "partial" else "failed")


class TestARetry:
    @pytest.fixture
    def batch(self, store, history):
        self.lacking = world.sku(store, on_hand=0)
        failing = [
            world.past_order(store, history[0], [(self.lacking, 1, 1_000)]) for _ in range(3)
        ]
        orders = [history[1][0], failing[0], *history[1][1:], *failing[1:]]
        return run(batches.create(store=store, numbers=numbers(orders), by="user:1"))

    def test_plans_the_failed_orders_anew_and_leaves_the_others_alone(self, store, batch):
        kept = list(batch.orders.filter(status="planned").order_by("pk").values())
        failed = list(
            batch.orders.filter(status="failed").order_by("position").values_list("position", "ref")
        )
        Sku.objects.filter(pk=self.lacking.pk).update(on_hand=2)
        batch = batches.retry(batch=batch, by="user:2")
        assert (batch.status, batch.attempt) == ("screening", 2)
        assert count_batch_orders(batch, now=world.NOW).pending == 3
        batch = run(batch)
        assert batch.status == "planned"
        now = dict(batch.orders.values_list("position", "status"))
        assert [(p, now[p]) for p, _ in failed] == [(2, "planned"), (7, "planned"), (8, "failed")]
        assert (
            list(batch.orders.filter(pk__in=[r["id"] for r in kept]).order_by("pk").values())
            == kept
        )
        assert dict(batch.orders.values_list("position", "ref"))[7] == dict(failed)[7]
        assert ledger.first_bad_entry(store.pk)[0] is None
        assert LedgerEntry.objects.get(kind="batch.retried").facts["orders"] == 3

    def test_can_be_explained_and_replayed(self, batch):
        Sku.objects.filter(pk=self.lacking.pk).update(on_hand=9)
        batch = run(batches.retry(batch=batch, by="user:2"))
        assert {replay.rerun(r).outcome for r in records_of_batch(batch)} == {
            replay.ReplayOutcome.SAME
        }
        for order in batch.orders.all():
            found = screening_explanation.explain_screening(order)
            assert found.order.outcome == order.status
            assert found.record.attempt == (2 if order.position in (2, 7, 8) else 1)

    def test_makes_a_batch_whole_that_was_to_be_whole(self, store, history):
        lacking = world.sku(store, on_hand=0)
        failing = world.past_order(store, history[0], [(lacking, 1, 1_000)])
        batch = run(
            batches.create(
                store=store,
                numbers=numbers([*history[1], failing]),
                by="u",
                policy="all_or_nothing",
            )
        )
        assert batch.status == "failed"
        Sku.objects.filter(pk=lacking.pk).update(on_hand=1)
        assert run(batches.retry(batch=batch, by="u")).status == "planned"

    def test_of_a_retry_and_a_rescreening_after_it_work(self, batch):
        batch = run(batches.retry(batch=batch, by="u"))
        Sku.objects.filter(pk=self.lacking.pk).update(on_hand=9)
        batch = run(batches.retry(batch=batch, by="u"))
        assert (batch.attempt, count_batch_orders(batch, now=world.NOW).planned) == (3, 8)
        batch = run(batches.rescreen(batch=batch, by="u"))
        assert (
            batch.attempt,
            count_batch_orders(batch, now=world.NOW).planned,
            batch.chunks.count(),
        ) == (4, 8, 1)

    def test_is_refused_where_there_is_nothing_to_cure(self, store, history):
        batch = run(batches.create(store=store, numbers=numbers(history[1]), by="u"))
        refused(Code.NOTHING_TO_RETRY, batches.retry, batch=batch, by="u")

    def test_keeps_one_set_of_terms(self, store, batch):
        CommissionRate.objects.update(mirrored_at=clock.now(store))
        refused(Code.PLAN_STALE, batches.retry, batch=batch, by="u")
        assert batch.orders.count() == 8

    def test_of_a_plan_of_yesterday_is_refused(self, store, batch):
        world.move_clock(store, world.NOW + 25 * 3600_000_000 * world.NOW.resolution)
        refused(Code.PLAN_STALE, batches.retry, batch=batch, by="u")

    def test_finishes_a_batch_that_was_given_up(self, store, history, monkeypatch):
        monkeypatch.setattr("repurchase.models.batch_states.chunks.__defaults__", (2,))
        batch = batches.create(store=store, numbers=numbers(history[1]), by="u")
        assert chunks.plan_next()
        batch.chunks.filter(done_at=None).update(tries=5)
        planning.fail_batch(batch.pk)
        batch.refresh_from_db()
        assert (batch.status, batch.code) == ("failed", "WORK_FAILED")
        batch = run(batches.retry(batch=batch, by="u"))
        assert (batch.status, batch.code, batch.orders.count()) == ("planned", "", 5)

    def test_is_offered_on_the_page_and_by_the_api(self, store, batch, alice, client):
        client.force_login(alice)
        page = client.get(f"/batches/{batch.ref}/", headers=EN).content.decode()
        assert "Retry the 3 that failed" in page
        assert client.post(f"/batches/{batch.ref}/retry/", {"store": store.pk}).status_code == 302
        run(Batch.objects.get())
        answer = Client().post(f"{API}{batch.ref}/retry/", headers=key_of(store))
        assert (answer.status_code, answer.json()["attempt"]) == (202, 3)


class TestTheRefusedRows:
    @pytest.fixture
    def batch(self, store, history):
        gone = world.sku(store, is_active=False, code="=1+1")
        good = Sku.objects.exclude(pk=gone.pk).get()
        mixed = world.past_order(
            store, history[0], [(good, 1, 1_000), (gone, 1, 1_000)], number="@SUM(A1)"
        )
        failing = world.past_order(store, history[0], [(world.sku(store, on_hand=0), 1, 1_000)])
        return run(
            batches.create(store=store, numbers=numbers([*history[1], mixed, failing]), by="u")
        )

    def test_are_told_line_by_line_with_code_cause_and_fix(self, store, batch, alice, client):
        client.force_login(alice)
        answer = client.get(f"/batches/{batch.ref}/refused.jsonl", headers=EN)
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        assert f'filename="{batch.ref}-refused.jsonl"' in answer.headers["Content-Disposition"]
        rows = [json.loads(line) for line in answer.content.splitlines()]
        assert {(r["source_number"], r["line"], r["code"]) for r in rows} >= {
            ("@SUM(A1)", 2, "SKU_INACTIVE"),
            (PastOrder.objects.latest("pk").number, 1, "STOCK_TOO_LOW"),
        }
        assert all(
            r["cause"] and r["fix"] and r["fixer"] and r["severity"] == "curable" for r in rows
        )
        assert (
            answer.content == client.get(f"/batches/{batch.ref}/refused.jsonl", headers=EN).content
        )

    def test_are_a_spreadsheet_without_a_formula(self, batch, alice, client):
        client.force_login(alice)
        answer = client.get(f"/batches/{batch.ref}/refused.xlsx", headers=EN)
        rows = cells_of(answer.content)
        assert rows[0][:6] == ["Repeat order", "Source order", "State", "Line", "SKU", "Code"]
        (of_line,) = (row for row in rows if row[5] == "SKU_INACTIVE")
        assert of_line[:5] == [f"{batch.ref}-0006", "'@SUM(A1)", "failed", "2", "'=1+1"]

    def test_come_by_the_api_too(self, store, batch):
        key = key_of(store)
        for form, kind in (("xlsx", "spreadsheetml"), ("jsonl", "ndjson")):
            answer = Client().get(f"{API}{batch.ref}/refused.{form}", headers=key)
            assert answer.status_code == 200
            assert kind in answer.headers["Content-Type"]
        assert Client().get(f"{API}{batch.ref}/refused.csv", headers=key).status_code == 404

    def test_take_the_same_queries_for_any_number(self, store, batch, django_assert_num_queries):
        from repurchase.batches.queries.exclusions import iterate_exclusions as rows_of

        found = RepeatOrder.objects.filter(batch=batch).count()
        with django_assert_num_queries(2):
            assert 0 < len(list(rows_of(batch))) <= found
