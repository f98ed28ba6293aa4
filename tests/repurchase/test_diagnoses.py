"""Failed orders: recorded as events, told with their first cause, counted without a remainder
(R-69 to R-76)."""

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from diagnostics import failure_counts
from diagnostics.attribution import CauseRole
from diagnostics.codes import Code
from diagnostics.models import Failure
from marketplace.models import Buyer, PastOrder, Sku
from repurchase.batches.edits import EditScope
from repurchase.batches.queries import failures
from repurchase.batches.services import batches, edits, price_lock
from repurchase.batches.services.edit_targets import EditRequest
from repurchase.deadlines.sweep import run_sweep
from repurchase.models.order_states import OrderStatus
from tests import world
from tests.repurchase.running import run
from tests.repurchase.sealing import confirm
from tests.repurchase.test_api import Caller

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


def test_what_an_order_holds_up_is_told_before_tax(store):
    """USD 5,000.00 and 25.00 of freight, 19 % inside: 802.31 of it is tax, and nobody is kept from
    earning it."""
    _, (past, *_) = world.repeatable(store)
    PastOrder.objects.filter(pk=past.pk).update(prices_include_tax=True)
    batch = run(batches.create(store=store, numbers=[past.number], by="user:1"))
    price_lock.lock_and_invite(batch=batch, by="user:1")
    world.move_clock(store, world.NOW + 73 * HOUR)
    (case,) = failures.failure_cases(batch.orders, now=world.NOW + 73 * HOUR)
    assert case.blocked_minor == 502_500 - 80_231


@pytest.fixture
def history(store):
    """Five orders that pass; one badly rated, one with a stale SKU only, one with a stale line
    beside a good one."""
    buyer, orders = world.repeatable(store)
    good = Sku.objects.get()
    stale = world.sku(store, code="STALE", stock_synced_at=world.NOW - HOUR)
    lines = [(stale, 500, 500_000)]
    orders += [
        world.past_order(store, buyer, [(good, 500, 500_000)], rating=4, freight_minor=700),
        world.past_order(store, buyer, lines, freight_minor=700),
        world.past_order(store, buyer, [(good, 500, 500_000), *lines]),
    ]
    return orders


@pytest.fixture
def batch(store, history):
    return run(batches.create(store=store, numbers=[o.number for o in history], by="user:1"))


def recorded(batch, **filters) -> list[tuple[str, str]]:
    rows = Failure.objects.filter(batch=batch.ref, **filters).order_by("pk")
    return [(f.subject.rpartition("-")[2], f.code) for f in rows]


def again(batch, **choices):
    return run(batches.rescreen(batch=batch, by="user:1", **choices))


class TestAFailure:
    def test_is_recorded_for_each_order_that_came_to_nothing(self, batch):
        assert recorded(batch) == [("0006", "ORDER_RATING_TOO_LOW"), ("0007", "STOCK_SYNC_STALE")]

    def test_keeps_time_evidence_and_the_money_held_up(self, batch):
        stale = Failure.objects.get(code="STOCK_SYNC_STALE")
        assert (stale.currency, stale.blocked_minor) == ("USD", 500_700)
        assert stale.at >= batch.screened_at
        (cause,) = stale.causes
        assert cause["evidence"]["sku"] == "STALE"
        assert cause["evidence"]["value"] == (world.NOW - HOUR).isoformat()
        assert (cause["role"], cause["line"]) == ("first", 1)

    def test_is_the_same_one_when_a_screening_finds_it_again(self, batch):
        before = recorded(batch)
        again(batch)
        assert recorded(batch) == before

    def test_ends_when_it_is_cured_and_stays_as_it_was(self, batch):
        Sku.objects.filter(code="STALE").update(stock_synced_at=world.NOW)
        again(batch)
        assert recorded(batch, ended_how="cured") == [("0007", "STOCK_SYNC_STALE")]
        assert recorded(batch, ended_at=None) == [("0006", "ORDER_RATING_TOO_LOW")]

    def test_is_another_one_when_its_first_cause_changes(self, batch):
        Sku.objects.filter(code="STALE").update(is_standard=False)
        again(batch)
        assert recorded(batch, ended_how="changed") == [("0007", "STOCK_SYNC_STALE")]
        assert ("0007", "SKU_NOT_STANDARD") in recorded(batch, ended_at=None)

    def test_comes_back_as_a_new_one_after_it_was_cured(self, batch):
        for synced in (world.NOW, world.NOW - HOUR):
            Sku.objects.filter(code="STALE").update(stock_synced_at=synced)
            again(batch)
        assert recorded(batch, code="STOCK_SYNC_STALE", ended_how="cured") == [
            ("0007", "STOCK_SYNC_STALE")
        ]
        assert recorded(batch, code="STOCK_SYNC_STALE", ended_at=None) == [
            ("0007", "STOCK_SYNC_STALE")
        ]

    def test_is_recorded_when_an_edit_makes_an_order_fail_and_ends_with_its_undo(self, batch):
        asked = EditRequest(by=EditScope.ORDERS, names=[f"{batch.ref}-0001"], promise_days=1)
        edits.apply(batch=batch, asked=[asked], by="user:1")
        assert ("0001", "TRANSIT_TOO_SLOW") in recorded(batch, ended_at=None)
        edits.undo(batch=batch, by="user:1")
        assert recorded(batch, ended_how="cured") == [("0001", "TRANSIT_TOO_SLOW")]

    def test_is_recorded_for_locked_orders_that_lapse_at_their_locks_end(self, store, batch):
        price_lock.lock_and_invite(batch=batch, by="user:1")
        world.move_clock(store, world.NOW + 73 * HOUR)
        run_sweep(store=store)
        assert recorded(batch, code="LOCK_EXPIRED") == [
            (f"000{n}", "LOCK_EXPIRED") for n in (1, 2, 3, 4, 5, 8)
        ]
        end = batch.orders.first().lock.expires_at
        assert {
            f.causes[0]["evidence"]["value"] for f in Failure.objects.filter(code="LOCK_EXPIRED")
        } == {end.isoformat()}

    def test_is_recorded_for_what_the_buyer_leaves_out_and_not_for_what_is_confirmed(self, batch):
        price_lock.lock_and_invite(batch=batch, by="user:1")
        confirm(batch, left_out=1)
        assert recorded(batch, code="BUYER_DECLINED") == [("0001", "BUYER_DECLINED")]
        assert batch.orders.filter(status=OrderStatus.AWAITING_PAYMENT).count() == 5

    def test_is_none_when_every_order_is_ready_and_costs_nothing(self, store, history):
        made = run(
            batches.create(store=store, numbers=[o.number for o in history[:5]], by="user:1")
        )
        assert recorded(made) == []

    def test_can_be_neither_changed_nor_deleted(self, batch):
        row = Failure.objects.first()
        for change in (lambda: Failure.objects.update(code="MOQ_NOT_MET"), row.delete):
            with pytest.raises(DatabaseError, match="failures are events"), transaction.atomic():
                change()
        Failure.objects.update(ended_at=world.NOW, ended_how="cured")
        with pytest.raises(DatabaseError, match="failures are events"), transaction.atomic():
            Failure.objects.update(ended_at=None, ended_how=None)


class TestTheSharesOfAStore:
    def test_equal_the_raw_events(self, store, batch):
        """R-76"""
        price_lock.lock_and_invite(batch=batch, by="user:1")
        world.move_clock(store, world.NOW + 73 * HOUR)
        run_sweep(store=store)
        events = failures.list_failures(store, since=world.NOW - HOUR, until=world.NOW + 100 * HOUR)
        counted = {s.code: s.failures for s in failure_counts.count_by_cause(events)}
        assert counted == {
            Code.LOCK_EXPIRED: 6,
            Code.ORDER_RATING_TOO_LOW: 1,
            Code.STOCK_SYNC_STALE: 1,
        }
        assert sum(counted.values()) == Failure.objects.filter(store_id=store.pk).count()
        money = sum(Failure.objects.values_list("blocked_minor", flat=True))
        assert failure_counts.sum_blocked_amounts(events) == {"USD": money}

    def test_are_of_the_span_asked_for_its_end_left_out_and_of_that_store_only(self, store, batch):
        at = Failure.objects.values_list("at", flat=True).first()
        assert len(failures.list_failures(store, since=at, until=at + HOUR)) == 2
        assert failures.list_failures(store, since=at - HOUR, until=at) == []
        assert failures.list_failures(world.store(), since=at, until=at + HOUR) == []


class TestTheDiagnosisOfABatch:
    def test_counts_every_order_that_came_to_nothing_once(self, batch):
        found = failures.batch_diagnosis(batch, now=world.NOW)
        assert [(s.code, s.failures) for s in found.shares] == [
            (Code.ORDER_RATING_TOO_LOW, 1),
            (Code.STOCK_SYNC_STALE, 1),
        ]
        assert found.blocked == {"USD": 500_700 * 2}

    def test_gives_every_order_under_a_gate_the_gate_as_first_cause(self, store, history):
        Buyer.objects.update(certificate_valid_until=world.TODAY - dt.timedelta(days=1))
        made = run(batches.create(store=store, numbers=[o.number for o in history], by="user:1"))
        found = failures.batch_diagnosis(made, now=world.NOW)
        shares = {s.code: s.failures for s in found.shares}
        assert shares == {Code.BUYER_CERTIFICATE_EXPIRED: 7, Code.ORDER_RATING_TOO_LOW: 1}
        assert dict(found.beside)[Code.BUYER_CERTIFICATE_EXPIRED] == 1

    def test_takes_as_many_queries_for_many_orders_as_for_one(self, store, history):
        counts = []
        Sku.objects.update(is_active=False)
        for some in (history[:1], history):
            made = run(batches.create(store=store, numbers=[o.number for o in some], by="user:1"))
            with CaptureQueriesContext(connection) as asked:
                failures.batch_diagnosis(made, now=world.NOW)
            counts.append(len(asked))
        assert counts == [4, 4]  # the fourth: what is left out of orders that go on

    def test_sees_a_lock_that_lapsed_whether_or_not_a_sweep_came_by(self, store, batch):
        price_lock.lock_and_invite(batch=batch, by="user:1")
        batch.refresh_from_db()
        found = failures.batch_diagnosis(batch, now=world.NOW + 80 * HOUR)
        assert {s.code: s.failures for s in found.shares}[Code.LOCK_EXPIRED] == 6


class TestTheDiagnosisOfAnOrder:
    def test_of_one_that_goes_on_without_a_line_names_the_line_and_its_money(self, store, batch):
        found = failures.order_diagnosis(store, f"{batch.ref}-0008", now=world.NOW)
        assert found.case.first is None
        assert [(c.code, c.role, c.found.line) for c in found.case.causes] == [
            (Code.STOCK_SYNC_STALE, CauseRole.LINE, 2)
        ]
        assert found.case.blocked_minor == 500_000

    def test_tells_what_happened_oldest_first(self, store, batch):
        Sku.objects.filter(code="STALE").update(stock_synced_at=world.NOW)
        again(batch)
        found = failures.order_diagnosis(store, f"{batch.ref}-0007", now=world.NOW)
        kinds = [each.kind for each in found.timeline]
        assert kinds == [
            "source.completed",
            "batch.created",
            "order.failed",
            "batch.planned",
            "batch.rescreened",
            "order.cured",
            "batch.planned",
        ]
        assert [each.at for each in found.timeline] == sorted(each.at for each in found.timeline)

    def test_takes_five_queries(self, store, batch, django_assert_num_queries):
        with django_assert_num_queries(5):
            failures.order_diagnosis(store, f"{batch.ref}-0007", now=world.NOW)


class TestThePages:
    def test_show_causes_evidence_and_timeline(self, client, alice, batch):
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        page = client.get(f"/orders/{batch.ref}-0007/diagnostics/").content.decode()
        assert "First cause" in page
        assert "STOCK_SYNC_STALE" in page
        assert "Set the ERP&#x27;s stock refresh to 15 minutes or less" in page
        assert "(UTC+08:00)" in page
        page = client.get(f"/batches/{batch.ref}/diagnostics/").content.decode()
        assert "2 of 8 orders came to nothing" in page
        assert "50.0 %" in page
        assert "USD 10,014.00" in page

    def test_say_so_when_nothing_failed(self, client, alice, store, history):
        made = run(batches.create(store=store, numbers=[history[0].number], by="user:1"))
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        assert (
            b"No order of this batch came to nothing"
            in client.get(f"/batches/{made.ref}/diagnostics/").content
        )
        page = client.get(f"/orders/{made.ref}-0001/diagnostics/").content
        assert b"Nothing was found against this order" in page

    def test_are_linked_from_order_and_batch(self, client, alice, batch):
        client.force_login(alice)
        assert (
            f"/batches/{batch.ref}/diagnostics/"
            in client.get(f"/batches/{batch.ref}/").content.decode()
        )
        order = f"/orders/{batch.ref}-0007/"
        assert f"{order}diagnostics/" in client.get(order).content.decode()


class TestTheApi:
    @pytest.fixture
    def erp(self, client, store):
        return Caller(client, store, "read")

    @pytest.mark.parametrize(
        ("change", "code", "fix"),
        [
            (
                lambda: Buyer.objects.update(
                    certificate_valid_until=world.TODAY - dt.timedelta(days=1)
                ),
                "BUYER_CERTIFICATE_EXPIRED",
                "Ask the buyer to renew it in the Business Buyer back office, under “certificate validity”.",
            ),
            (
                lambda: Sku.objects.update(stock_synced_at=world.NOW - HOUR),
                "STOCK_SYNC_STALE",
                "Set the ERP's stock refresh to 15 minutes or less and switch on strong sync.",
            ),
            (
                lambda: _to_novosibirsk(),
                "LANE_UNREACHABLE",
                "Tick the special clearance channel (专线清关通道) and screen again.",
            ),
        ],
    )
    def test_tells_the_three_causes_of_the_source_with_their_fixes(
        self, store, history, erp, change, code, fix
    ):
        """R-69 to R-71"""
        change()
        made = run(batches.create(store=store, numbers=[history[0].number], by="user:1"))
        told = erp.get(f"orders/{made.ref}-0001/diagnostics/").json()
        assert told["first_cause"]["code"] == code
        assert told["first_cause"]["fix"] == fix
        assert told["first_cause"]["type"].endswith(f"/codes/{code}/")
        assert told["blocked"] == {"amount": "5025.00", "currency": "USD"}
        assert told["timeline"][-2]["kind"] == "order.failed"
        assert told["timeline"][-2]["at"].endswith("Z")

    def test_tells_a_batch_by_shares(self, batch, erp):
        told = erp.get(f"batches/{batch.ref}/diagnostics/").json()
        assert told["failed"] == 2
        assert [(s["code"], s["orders"], s["of"]) for s in told["shares"]] == [
            ("ORDER_RATING_TOO_LOW", 1, 2),
            ("STOCK_SYNC_STALE", 1, 2),
        ]
        assert told["blocked"] == [{"amount": "10014.00", "currency": "USD"}]


def _to_novosibirsk() -> None:
    service = world.lane("RU", region="Новосибирская область", special_clearance=True)
    world.rate_card(service, "RU")
    PastOrder.objects.update(country="RU", region="Новосибирская область")
