"""What the lock asks again, and what becomes of orders and lines that fail by now (R-26, R-90)."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from diagnostics.codes import Code
from diagnostics.models import Failure, LedgerEntry
from diagnostics.problem import Problem
from eligibility import party_questions
from eligibility.findings import Finding
from eligibility.models import PartyQuestion
from eligibility.rules import OrderVerdict
from marketplace import clock
from marketplace.models import (
    Buyer,
    Embargo,
    Membership,
    PastOrder,
    ProductionGroup,
    RegistrationRequirement,
    Role,
    Sku,
    StockClaim,
)
from outbox.models import Event
from pricing.models import Lock
from qualification.models import Qualification
from repurchase.batches.services import batches, price_lock, rechecks
from repurchase.models import Batch, OrderFee, RepeatLine
from tests import world
from tests.repurchase.listed import listed, officer
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db


def planned(store, past, **options) -> Batch:
    batch = run(
        batches.create(store=store, numbers=[o.number for o in past], by="user:1", **options)
    )
    assert batch.status == "planned"
    return batch


def five(store, **options) -> Batch:
    """Five orders of 500 pieces of one SKU; the third goes to a consignee of its own."""
    _, past = world.repeatable(store)
    PastOrder.objects.filter(pk=past[2].pk).update(consignee="Sample Drone Co., Ltd.")
    return planned(store, past, **options)


def two_lines(store, **options) -> Batch:
    """Two orders of two lines, each of a SKU of its own."""
    buyer, _ = world.repeatable(store)
    first, second = world.sku(store), world.sku(store, category=world.category(crb_exposed=False))
    past = [
        world.past_order(
            store, buyer, [(first, 100, 100_000), (second, 50, 50_000)], freight_minor=2500
        )
        for _ in range(2)
    ]
    return planned(store, past, **options)


def lock(batch: Batch, **asked) -> Batch:
    price_lock.lock_and_invite(batch=batch, by="user:1", **asked)
    batch.refresh_from_db()
    return batch


def refused(batch: Batch, **asked) -> Problem:
    """Nothing is written by it."""
    with pytest.raises(Problem) as raised:
        price_lock.lock_and_invite(batch=batch, by="user:1", **asked)
    batch.refresh_from_db()
    assert (batch.status, Lock.objects.exists()) == ("planned", False)
    assert set(statuses(batch)) == {"planned"}
    return raised.value


def statuses(batch: Batch) -> list[str]:
    return list(batch.orders.order_by("position").values_list("status", flat=True))


# What changes after the plan, so that the third of five orders, or every one, fails a check at the
# lock.


def the_consignee_is_listed(batch: Batch) -> None:
    listed("SAMPLE DRONE")


def its_destination_is_under_embargo(batch: Batch) -> None:
    Sku.objects.update(is_ear_controlled=True)
    order = batch.orders.get(position=3)
    batch.orders.filter(pk=order.pk).update(ship_to=order.ship_to | {"region": "Sampleland"})
    Embargo.objects.create(
        country="DE",
        region="Sampleland",
        programme="SAMPLE",
        valid_from=world.LONG_AGO,
        reference="x",
        **world.MIRRORED,
    )


class TestAnOrderThatFailsByNow:
    @pytest.mark.parametrize(
        ("change", "code", "status"),
        [
            (the_consignee_is_listed, "PARTY_SCREENED_OUT", "failed"),
            (its_destination_is_under_embargo, "EXPORT_CONTROLLED", "excluded"),
        ],
    )
    def test_leaves_the_plan_and_the_others_are_locked(self, store, change, code, status):
        batch = five(store)
        before = batch.orders.get(position=3).total_minor
        change(batch)
        lock(batch)
        assert statuses(batch) == ["locked", "locked", status, "locked", "locked"]
        left = batch.orders.get(position=3)
        assert (left.codes, left.total_minor, left.lock_id) == ([code], 0, None)
        assert set(left.lines.values_list("outcome", "total_minor")) == {(status, 0)}
        assert not OrderFee.objects.filter(order=left).exists()
        assert batch.left_at_lock == {
            "orders": 1,
            "lines": 1,
            "money": [{"currency": "USD", "minor": before}],
            "codes": {code: 1},
        }
        assert Lock.objects.get().order_count == 4
        assert StockClaim.objects.get().quantity == 2000
        assert LedgerEntry.objects.get(kind="batch.locked").facts["left"] == batch.left_at_lock
        assert Event.objects.get(type=f"order.{status}").data["orders"] == [left.ref]
        assert Failure.objects.get(subject=left.ref, ended_at=None).code == code

    def test_stops_the_whole_lock_where_all_or_nothing_was_asked_for(self, store):
        batch = five(store, policy="all_or_nothing")
        the_consignee_is_listed(batch)
        problem = refused(batch)
        assert (problem.code, problem.evidence["orders"]) == (
            Code.PARTY_SCREENED_OUT,
            [f"{batch.ref}-0003"],
        )
        assert PartyQuestion.objects.get().party == "Sample Drone Co., Ltd."

    def test_that_is_the_buyers_own_name_refuses_the_lock(self, store):
        """The case bug_screening_after_plan: the buyer is listed after the plan."""
        batch = five(store)
        listed(batch.buyer.name)
        assert refused(batch).code is Code.PARTY_SCREENED_OUT
        assert PartyQuestion.objects.get().party == batch.buyer.name

    @pytest.mark.parametrize("whole", [True, False])
    def test_is_never_decided_by_a_member_of_the_store_whatever_the_party_is_called_by_now(
        self, store, whole
    ):
        """Neither of a refused lock (`whole`), nor of an order that left at one."""
        batch = five(store)
        listed(batch.buyer.name if whole else "SAMPLE DRONE")
        refused(batch) if whole else lock(batch)
        Buyer.objects.update(name="Harbour Works")
        PastOrder.objects.update(consignee="Harbour Works")
        by = officer()
        Membership.objects.create(user=by, store=store, role=Role.VIEWER)
        with pytest.raises(Problem) as asked:
            party_questions.answer(
                question=PartyQuestion.objects.get(), answer="not_same", reason="x", by=by
            )
        assert asked.value.code is Code.ANSWER_BY_MEMBER

    def test_of_a_renamed_buyer_is_asked_about_under_the_name_of_today(self, store):
        batch = five(store)
        Buyer.objects.update(name="Sample Rotor Works")
        listed("Sample Rotor Works")
        assert refused(batch).code is Code.PARTY_SCREENED_OUT


class TestALineThatFailsByNow:
    @pytest.mark.parametrize(
        ("change", "code", "outcome"),
        [
            (lambda: _last(is_active=False), "SKU_INACTIVE", "failed"),
            (lambda: _last(is_standard=False), "SKU_NOT_STANDARD", "excluded"),
            (lambda: _last(on_hand=49), "STOCK_TOO_LOW", "failed"),
            (lambda: _require(), "REGISTRATION_MISSING", "failed"),
        ],
    )
    def test_leaves_its_order_which_is_priced_again(self, store, change, code, outcome):
        batch = two_lines(store)
        before = batch.orders.get(position=1)
        change()
        lock(batch)
        assert statuses(batch) == ["locked", "locked"]
        order = batch.orders.get(position=1)
        assert list(order.lines.order_by("line_no").values_list("outcome", "total_minor")) == [
            ("planned", 100_000),
            (outcome, 0),
        ]
        assert (order.goods_minor, order.freight_minor) == (100_000, 2500)
        assert (
            order.total_minor
            == order.goods_minor + order.freight_minor + order.tax_minor
            < before.total_minor
        )
        assert (
            order.fees_minor
            == sum(fee.amount_minor for fee in order.fees.all())
            < before.fees_minor
        )
        assert code in order.codes
        left = batch.left_at_lock
        assert (left["orders"], left["lines"], left["codes"]) == (0, 2, {code: 2})
        assert left["money"][0]["minor"] == 2 * (before.total_minor - order.total_minor)
        assert Lock.objects.get().total_minor == sum(o.total_minor for o in batch.orders.all())

    def test_takes_its_order_along_when_no_other_line_is_left(self, store):
        batch = two_lines(store)
        Sku.objects.filter(pk=RepeatLine.objects.filter(line_no=2).first().sku_id).update(
            is_active=False
        )
        RepeatLine.objects.filter(order__position=1, line_no=1).update(
            outcome="excluded", total_minor=0
        )
        lock(batch)
        assert statuses(batch) == ["failed", "locked"]

    def test_of_which_the_stock_suffices_for_some_is_given_in_the_order_of_positions(self, store):
        """R-10: as at the plan, the first that fit get it."""
        batch = five(store)
        Sku.objects.update(on_hand=1_600)
        lock(batch)
        assert statuses(batch) == ["locked"] * 3 + ["failed"] * 2
        assert batch.left_at_lock["codes"] == {"STOCK_TOO_LOW": 2}
        assert StockClaim.objects.get().quantity == 1500

    def test_leaves_its_stock_to_those_behind_it(self, store):
        batch = five(store)
        Sku.objects.update(on_hand=2_000)
        the_consignee_is_listed(batch)
        lock(batch)
        assert statuses(batch) == ["locked", "locked", "failed", "locked", "locked"]

    def test_that_can_not_be_made_in_time_is_given_in_the_order_of_positions(self, store):
        """R-18."""
        batch = five(store)
        group = ProductionGroup.objects.create(
            store=store, code="g", name="Kiln", pieces_a_day=80, **world.MIRRORED
        )
        Sku.objects.update(production_group=group)
        days = batch.orders.first().promise_days - batch.orders.first().transit_days
        lock(batch)
        fit = days * 80 // 500
        assert 0 < fit < 5
        assert statuses(batch) == ["locked"] * fit + ["failed"] * (5 - fit)
        assert batch.left_at_lock["codes"] == {"CAPACITY_EXCEEDED": 5 - fit}
        finding = batch.orders.last().findings[0]
        assert finding["evidence"]["group"] == "Kiln"
        assert finding["evidence"]["earliest"] > finding["evidence"]["day"]


def _last(**fields) -> None:
    Sku.objects.filter(pk=Sku.objects.order_by("pk").last().pk).update(**fields)


def _require() -> None:
    RegistrationRequirement.objects.create(
        scheme="EPR",
        country="DE",
        jurisdiction="DE",
        category=Sku.objects.order_by("pk").last().category,
        valid_from=world.LONG_AGO,
        reference="x",
    )


class TestTheWholeLock:
    def test_is_refused_by_the_code_of_what_leaves_nothing(self, store):
        batch = five(store)
        Sku.objects.update(is_active=False)
        assert refused(batch).code is Code.SKU_INACTIVE

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (
                lambda s: Buyer.objects.update(
                    certificate_valid_until=world.TODAY - dt.timedelta(days=1)
                ),
                Code.BUYER_CERTIFICATE_EXPIRED,
            ),
            (lambda s: type(s).objects.update(level=1), Code.STORE_LEVEL_TOO_LOW),
            (lambda s: type(s).objects.update(verified_at=None), Code.STORE_NOT_VERIFIED),
            (
                lambda s: PastOrder.objects.exclude(pk=PastOrder.objects.first().pk).update(
                    completed_at=None, status="open"
                ),
                Code.BUYER_TOO_FEW_ORDERS,
            ),
            (
                lambda s: Qualification.objects.update(state="documents"),
                Code.QUALIFICATION_REQUIRED,
            ),
        ],
    )
    def test_is_stopped_by_a_gate_that_fails_by_now(self, store, change, code):
        """R-26: a running lock survives a later change, a new one does not start."""
        batch = five(store)
        change(store)
        assert refused(batch).code is code

    def test_is_stopped_by_a_stale_source_of_stock_that_does_not_answer(self, store):
        batch = five(store)
        Sku.objects.update(stock_synced_at=clock.now(store) - dt.timedelta(minutes=16), on_hand=0)
        assert refused(batch).code is Code.STOCK_SYNC_STALE

    def test_takes_as_many_queries_for_many_orders_as_for_few(self, store):
        _, past = world.repeatable(store, orders=46, lines=2)
        PastOrder.objects.filter(pk__in=[past[0].pk, past[6].pk, past[7].pk]).update(
            consignee="Sample Drone"
        )
        few, many = planned(store, past[:6]), planned(store, past[6:])
        listed("Sample Drone")
        counts = []
        for batch in (few, many):
            with CaptureQueriesContext(connection) as seen:
                lock(batch)
            assert statuses(batch)[0] == "failed"
            counts.append(len(seen))
        assert counts[1] <= counts[0]


class TestAskingOnceMore:
    def test_happens_above_the_share_of_the_money(self, store):
        batch = five(store)
        the_consignee_is_listed(batch)
        problem = refused(batch, asks=True)
        assert (problem.code, problem.evidence["orders"]) == (Code.LOCK_LEAVES_OUT, 1)
        assert lock(batch, asks=True, agreed=problem.evidence["digest"]).status == "locked"

    def test_happens_again_when_more_leaves_than_was_shown(self, store):
        batch = five(store)
        the_consignee_is_listed(batch)
        agreed = refused(batch, asks=True).evidence["digest"]
        Sku.objects.update(on_hand=1_500)
        assert refused(batch, asks=True, agreed=agreed).evidence["orders"] == 2

    def test_is_about_the_reasons_too(self):
        """The same orders and money for another reason is another question."""
        one, other = (
            rechecks.PlanLosses(
                gone={
                    1: OrderVerdict(
                        order=None, lanes=(), findings=(Finding(code=code, evidence={}),), lines=()
                    )
                },
                money={"USD": 5},
            )
            for code in (Code.PARTY_SCREENED_OUT, Code.EXPORT_CONTROLLED)
        )
        assert one.digest != other.digest

    def test_does_not_happen_below_it(self, store):
        _, past = world.repeatable(store, orders=25)
        PastOrder.objects.filter(pk=past[2].pk).update(consignee="Sample Drone Co., Ltd.")
        batch = planned(store, past)
        the_consignee_is_listed(batch)
        assert lock(batch, asks=True).left_at_lock["orders"] == 1


class TestTheDatabase:
    """The rows of the table of states that the checks added (R-19: none leads around a lock)."""

    @pytest.mark.parametrize(
        ("position", "fields"),
        [
            (1, {"status": "failed"}),
            (1, {"status": "excluded", "codes": ["X"]}),
            (3, {"status": "planned"}),
            (3, {"status": "cancelled"}),
        ],
    )
    def test_lets_an_order_leave_the_plan_only_with_a_code_and_without_a_price(
        self, store, position, fields
    ):
        batch = five(store)
        batch.orders.filter(position=3).update(status="failed", codes=["X"], total_minor=0)
        with pytest.raises(IntegrityError, match="STATE_CONFLICT"), transaction.atomic():
            batch.orders.filter(position=position).update(**fields)
        batch.orders.filter(position=1).update(status="excluded", codes=["X"], total_minor=0)
