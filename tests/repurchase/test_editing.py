"""R-16 to R-19 on rows: an edit is previewed, applied as previewed, kept by a rescreening, undone,
refused."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from eligibility import replay
from marketplace import clock
from marketplace.models import (
    Buyer,
    CommissionRate,
    PastOrderLine,
    ProductionDay,
    ProductionGroup,
    Sku,
)
from repurchase.batches.edits import EditScope, prorate_line_total
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.queries import capacity, screening_explanation
from repurchase.batches.queries import edits as edit_queries
from repurchase.batches.queries.screening_explanation import records_of_batch
from repurchase.batches.queries.totals import batch_totals, sum_left_out_lines
from repurchase.batches.services import batches, edits, price_lock
from repurchase.batches.services.edit_targets import EditRequest
from repurchase.integration.feed import native
from repurchase.models import Batch, RepeatLine, RepeatOrder
from repurchase.models.order_states import OrderStatus
from tests import world
from tests.repurchase.orders import walk
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db


def planned(store, orders: int = 6, lines: int = 2, **options) -> Batch:
    _, made = world.repeatable(store, orders=orders, lines=lines)
    numbers = [order.number for order in made]
    return run(batches.create(store=store, numbers=numbers, by="user:1", **options))


def two(store) -> tuple[Batch, Batch]:
    _, made = world.repeatable(store, orders=10, lines=2)
    halves = [[o.number for o in half] for half in (made[:5], made[5:])]
    one, other = (run(batches.create(store=store, numbers=half, by="user:1")) for half in halves)
    return one, other


def every(**values) -> list[EditRequest]:
    return [EditRequest(by=EditScope.ALL, **values)]


def edit(batch: Batch, asked: list[EditRequest], **options) -> Batch:
    edits.apply(batch=batch, asked=asked, by="user:1", **options)
    batch.refresh_from_db()
    return batch


def quantities(batch: Batch) -> list[int]:
    lines = RepeatLine.objects.filter(order__batch=batch).order_by("order__position", "line_no")
    return list(lines.values_list("quantity", flat=True))


class TestWhatAnEditLeavesOut:
    """An order of three lines, 250 + 7 + 9 pieces; whoever takes 20 pieces of the second pays 8.00
    a piece."""

    @pytest.fixture
    def batch(self, store) -> Batch:
        buyer, made = world.repeatable(store)
        cheaper, off = world.sku(store, price="10.00", moq=1), world.sku(store, price=None)
        world.list_price(cheaper, "8.00", min_quantity=20)
        good = PastOrderLine.objects.get(order=made[0]).sku
        made += [
            world.past_order(
                store,
                buyer,
                [(good, 250, 250_000), (cheaper, 7 + n, 7_000 + 1_000 * n), (off, 9, 777)],
            )
            for n in range(3)
        ]
        return run(batches.create(store=store, numbers=[o.number for o in made], by="user:1"))

    def test_is_said_in_lines_and_money_before_it_is_applied(self, batch):
        told = edits.preview(batch=batch, asked=every(moq=20))
        assert [(x.code, x.whole, x.lines, x.money.minor) for x in told.leaving] == [
            ("PRICE_OUT_OF_BAND", False, 3, 7_000 + 8_000 + 9_000)
        ]
        assert (told.lines_left_out_then, told.lines_left_out_now) == (3, 6)
        (sums,) = told.sums
        assert (sums.left_out_then.minor, sums.left_out_now.minor) == (3 * 777, 3 * 777 + 24_000)
        (before,) = batch_totals(batch, now=batch.screened_at)
        assert (before.total.minor, before.left_out.minor) == (
            sums.then_minor,
            sums.left_out_then.minor,
        )
        edits.apply(batch=batch, asked=every(moq=20), by="user:1")
        (after,) = batch_totals(batch, now=batch.screened_at)
        assert (after.total.minor, after.left_out.minor) == (
            sums.now_minor,
            sums.left_out_now.minor,
        )
        assert (after.asked, after.left_out_lines) == (before.asked, told.lines_left_out_now)
        found = sum_left_out_lines(batch.orders.all())
        assert [(x.code, x.lines, x.money.minor) for x in found] == [
            ("PRICE_OUT_OF_BAND", 3, 24_000),
            ("PRICE_REFERENCE_MISSING", 3, 3 * 777),
        ]

    def test_tells_what_comes_back_too(self, batch):
        edit(batch, every(moq=20))
        told = edits.preview(batch=batch, asked=every(moq=1))
        assert told.leaving == []
        assert (told.lines_left_out_then, told.lines_left_out_now) == (6, 3)

    def test_tells_lines_of_orders_that_drop_out_apart(self, batch):
        """With the promise of tomorrow no lane is quick enough: all orders drop out, each for one
        cause."""
        told = edits.preview(batch=batch, asked=every(promise_days=1))
        assert {(x.whole, x.lines) for x in told.leaving} == {(True, 5 + 3 * 2)}
        assert told.lines_left_out_now == 5 + 3 * 3

    def test_stands_on_page_diagnosis_and_preview(self, batch, alice, client):
        client.force_login(alice)
        english = {"Accept-Language": "en"}
        asked = {"act": "preview", "by": "all", "moq": "20", "store": batch.store_id}
        preview = client.post(
            f"/batches/{batch.ref}/edits/", asked, headers=english
        ).content.decode()
        assert "PRICE_OUT_OF_BAND" in preview
        assert "240.00" in preview
        for url in (f"/batches/{batch.ref}/", f"/batches/{batch.ref}/diagnostics/"):
            page = client.get(url, headers=english).content.decode()
            assert "Left out, and why" in page
            assert "23.31" in page


def group(store, pieces: int, **fields) -> ProductionGroup:
    made = ProductionGroup.objects.create(
        store=store, code=f"g{pieces}", name="Kiln", pieces_a_day=pieces, **world.MIRRORED | fields
    )
    Sku.objects.filter(store=store).update(production_group=made)
    return made


def refused(code: Code, act, **arguments) -> Problem:
    with pytest.raises(Problem) as caught:
        act(**arguments)
    assert caught.value.code is code
    return caught.value


class TestAnEdit:
    def test_is_previewed_without_writing_anything(self, store):
        batch = planned(store)
        before = list(RepeatOrder.objects.values())
        found = edits.preview(batch=batch, asked=every(moq=300))
        assert (found.orders, found.lines, found.raised, found.lowered, found.dropped) == (
            6,
            12,
            12,
            0,
            0,
        )
        assert (found.planned_then, found.planned_now) == (6, 6)
        assert list(RepeatOrder.objects.values()) == before
        assert not batch.edits.exists()

    def test_comes_to_exactly_what_was_previewed(self, store):
        batch = planned(store)
        found = edits.preview(batch=batch, asked=every(moq=300))
        batch = edit(batch, every(moq=300), version=found.version, digest=found.digest)
        (totals,) = batch_queries.plan_summary(batch, now=world.NOW).totals
        assert [(s.currency, s.now_minor) for s in found.sums] == [("USD", totals.total.minor)]
        assert quantities(batch) == [300] * 12
        assert batch.version == 2
        assert set(RepeatLine.objects.values_list("moq", flat=True)) == {300}

    def test_computes_base_tax_and_fees_as_the_planner_does(self, store):
        """R-17: 250 pieces for USD 2,500.00 → 300 for USD 3,000.00; freight charged stays, tax and
        fees follow."""
        batch = edit(planned(store, orders=5), every(quantity=300))
        order = batch.orders.first()
        assert [line.base_minor for line in order.lines.all()] == [300_000, 300_000]
        assert (order.goods_minor, order.freight_minor) == (600_000, 2_500)
        assert order.tax_minor == round(602_500 * 0.19)
        commission = order.fees.get(kind="commission")
        assert (commission.base_minor, commission.amount_minor) == (602_500, 48_200)

    def test_keeps_references_and_positions_and_touches_only_its_orders(self, store):
        batch = planned(store)
        refs = list(batch.orders.order_by("position").values_list("ref", "position", "past_order"))
        ids = set(batch.orders.values_list("pk", flat=True))
        chosen = refs[2][0]
        batch = edit(batch, [EditRequest(by=EditScope.ORDERS, names=[chosen], promise_days=45)])
        assert (
            list(batch.orders.order_by("position").values_list("ref", "position", "past_order"))
            == refs
        )
        assert len(ids & set(batch.orders.values_list("pk", flat=True))) == 5
        assert list(batch.orders.exclude(promise_days=30).values_list("ref", "promise_days")) == [
            (chosen, 45)
        ]

    @pytest.mark.parametrize(
        "by", [EditScope.SKUS, EditScope.CATEGORIES, EditScope.ORDERS, EditScope.LINES]
    )
    def test_names_its_lines_by(self, store, by):
        batch = planned(store, orders=5, lines=2)
        item = Sku.objects.get()
        other = world.sku(store)
        first = batch.orders.order_by("position").first()
        names = {
            EditScope.SKUS: [item.code],
            EditScope.CATEGORIES: [item.category.code],
            EditScope.ORDERS: [first.past_order.number],
            EditScope.LINES: [(first.ref, 2)],
        }[by]
        batch = edit(batch, [EditRequest(by=by, names=names, quantity=260)])
        expected = {EditScope.ORDERS: 2, EditScope.LINES: 1}.get(by, 10)
        assert sum(n == 260 for n in quantities(batch)) == expected
        assert other.code not in edit_queries.selectable_codes(batch)["skus"]

    def test_is_applied_again_by_a_rescreening(self, store):
        batch = edit(planned(store), every(moq=300))
        batch = run(batches.rescreen(batch=batch, by="user:1"))
        assert quantities(batch) == [300] * 12
        assert batch.version == 3

    def test_can_be_undone_until_the_lock(self, store):
        batch = edit(planned(store), every(moq=300))
        batch = edit(batch, every(promise_days=40))
        edits.undo(batch=batch, by="user:2", version=3)
        assert set(batch.orders.values_list("promise_days", flat=True)) == {30}
        assert quantities(batch) == [300] * 12
        edits.undo(batch=batch, by="user:2")
        assert quantities(batch) == [250] * 12
        refused(Code.EDIT_EMPTY, edits.undo, batch=batch, by="user:2")
        assert [e.undone_by for e in batch.edits.all()] == ["user:2", "user:2"]

    def test_leaves_a_ledger_entry(self, store):
        batch = edit(planned(store), every(moq=300))
        edits.undo(batch=batch, by="user:2")
        entry, undone = LedgerEntry.objects.filter(kind__startswith="batch.edit").order_by("seq")
        assert (entry.kind, entry.facts["lines"], entry.facts["raised"]) == ("batch.edited", 12, 12)
        assert entry.facts["digest"] == batch.edits.get().digest
        assert (undone.kind, undone.facts["edit"]) == ("batch.edit_undone", 2)
        assert ledger.first_bad_entry(store.pk)[0] is None

    def test_can_be_replayed(self, store):
        """The decision record holds what the edited orders were judged by."""
        batch = edit(planned(store), every(moq=300, promise_days=45))
        records = list(records_of_batch(batch))
        assert [r.part for r in records] == ["gates", "chunk", "edit"]
        assert all(replay.rerun(r).outcome is replay.ReplayOutcome.SAME for r in records)
        facts = replay.rerun(records[-1]).inputs.orders[0]
        assert (facts.promise_days, facts.lines[0].quantity, facts.lines[0].moq) == (45, 300, 300)
        assert screening_explanation.explain_screening(batch.orders.first()).record == records[-1]

    def test_is_judged_by_stock_transit_and_price_band(self, store):
        """R-10, R-11, R-47 on the edited values; the others of the batch keep what is left of the
        stock."""
        batch = planned(store, orders=5, lines=1)
        Sku.objects.update(on_hand=2_600)
        found = edits.preview(batch=batch, asked=every(quantity=600))
        assert (found.planned_now, found.dropped) == (4, 1)
        assert found.drop_outs[0].codes == ["STOCK_TOO_LOW"]
        found = edits.preview(batch=batch, asked=every(promise_days=9))
        assert {tuple(d.codes) for d in found.drop_outs} == {("TRANSIT_TOO_SLOW",)}
        item = Sku.objects.get()
        item.price_list.create(
            store=store,
            min_quantity=400,
            amount="9.00",
            currency="USD",
            valid_from=world.LONG_AGO,
            **world.MIRRORED,
        )
        first = EditRequest(by=EditScope.ORDERS, names=[batch.orders.first().ref], quantity=400)
        (gone,) = edits.preview(batch=batch, asked=[first]).drop_outs
        assert gone.codes == ["PRICE_OUT_OF_BAND"]  # by the band of the new quantity

    def test_takes_scarce_stock_from_orders_that_it_does_not_name(self, store):
        batch = planned(store, orders=5, lines=1)
        Sku.objects.update(on_hand=2_500)
        first = batch.orders.order_by("position").first()
        found = edits.preview(
            batch=batch, asked=[EditRequest(by=EditScope.ORDERS, names=[first.ref], quantity=600)]
        )
        assert (found.orders, found.dropped) == (1, 1)
        assert found.drop_outs[0].ref.endswith("-0005")
        batch = edit(batch, [EditRequest(by=EditScope.ORDERS, names=[first.ref], quantity=600)])
        assert batch.orders.filter(status="planned").count() == 4
        edits.undo(batch=batch, by="user:1")
        assert batch.orders.filter(status="planned").count() == 5

    def test_cures_a_batch_that_failed(self, store):
        _, made = world.repeatable(store, orders=5)
        Sku.objects.update(moq=600)
        batch = run(batches.create(store=store, numbers=[o.number for o in made], by="user:1"))
        assert (batch.status, batch.orders.first().codes) == ("failed", ["MOQ_NOT_MET"])
        batch = edit(batch, every(moq=100))
        assert batch.status == "planned"
        edits.undo(batch=batch, by="user:1")
        batch.refresh_from_db()
        assert batch.status == "failed"

    def test_may_come_with_the_batch(self, store):
        _, made = world.repeatable(store)
        numbers = [o.number for o in made]
        asked = [EditRequest(by=EditScope.ORDERS, names=numbers[:2], quantity=700, promise_days=50)]
        batch = run(batches.create(store=store, numbers=numbers, by="user:1", edits=asked))
        assert quantities(batch) == [700, 700, 500, 500, 500]
        assert (batch.edits.get().lines, batch.edits.get().version) == (2, 1)
        edits.undo(batch=batch, by="user:1")
        assert quantities(batch) == [500] * 5

    def test_reaches_the_feed_and_the_lock(self, store):
        batch = edit(planned(store, orders=5), every(moq=300, promise_days=45))
        (lock,) = price_lock.lock_and_invite(batch=batch, by="user:1")
        assert lock.total_minor == sum(batch.orders.values_list("total_minor", flat=True))
        batch.orders.update(status="confirmed")
        xml = b"".join(native.document(batch, now=world.NOW)).decode()
        assert xml.count('<Quantity unitCode="C62">300</Quantity>') == 10
        assert xml.count("<PromiseDays>45</PromiseDays>") == 5

    @pytest.mark.parametrize(("small", "large"), [(5, 30)])
    def test_takes_the_same_number_of_queries_for_any_number_of_orders(self, store, small, large):
        counts = []
        for n in (small, large):
            batch = planned(world.store(sandbox=True, clock_offset=store.clock_offset), orders=n)
            with CaptureQueriesContext(connection) as found:
                edit(batch, every(moq=300))
            counts.append(len(found))
        assert counts[0] == counts[1]
        assert counts[0] < 80


class TestARefusedEdit:
    @pytest.mark.parametrize(
        ("asked", "code", "pointer"),
        [
            (
                EditRequest(by=EditScope.SKUS, names=["NO-SUCH"], moq=3),
                Code.SKU_UNKNOWN,
                "#/edits/0/select/skus/0",
            ),
            (
                EditRequest(by=EditScope.ORDERS, names=["NO-SUCH"], moq=3),
                Code.ORDER_UNKNOWN,
                "#/edits/0/select/orders/0",
            ),
            (
                EditRequest(by=EditScope.CATEGORIES, names=["no"], moq=3),
                Code.INPUT_INVALID,
                "#/edits/0/select/categories/0",
            ),
            (
                EditRequest(by=EditScope.LINES, names=[("X", 1)], moq=3),
                Code.INPUT_INVALID,
                "#/edits/0/select/lines/0",
            ),
            (EditRequest(by=EditScope.ALL), Code.EDIT_EMPTY, "#/edits/0"),
            (
                EditRequest(by=EditScope.SKUS, names=[], moq=3),
                Code.EDIT_EMPTY,
                "#/edits/0/select/skus",
            ),
            (EditRequest(by=EditScope.ALL, moq=0), Code.INPUT_INVALID, "#/edits/0/moq"),
            (EditRequest(by=EditScope.ALL, moq=1_000_001), Code.INPUT_INVALID, "#/edits/0/moq"),
            (
                EditRequest(by=EditScope.ALL, promise_days=366),
                Code.INPUT_INVALID,
                "#/edits/0/promise_days",
            ),
            (
                EditRequest(by=EditScope.ALL, promise_date=world.TODAY),
                Code.INPUT_INVALID,
                "#/edits/0/promise_date",
            ),
            (
                EditRequest(by=EditScope.ALL, moq=20, quantity=19),
                Code.MOQ_NOT_MET,
                "#/edits/0/quantity",
            ),
            (EditRequest(by=EditScope.ALL, quantity=99), Code.MOQ_NOT_MET, "#/edits/0/quantity"),
        ],
    )
    def test_names_the_place(self, store, asked, code, pointer):
        batch = planned(store, orders=5)
        Sku.objects.update(moq=100)
        problem = refused(code, edits.apply, batch=batch, asked=[asked], by="user:1")
        assert [(row["pointer"], row["code"]) for row in problem.evidence["rows"]] == [
            (pointer, str(code))
        ]
        assert not batch.edits.exists()

    def test_asks_for_the_moq_of_the_batch_line_when_it_has_one(self, store):
        batch = edit(planned(store, orders=5), every(moq=300))
        problem = refused(Code.MOQ_NOT_MET, edits.preview, batch=batch, asked=every(quantity=299))
        assert problem.evidence["limit"] == 300
        assert edits.preview(batch=batch, asked=every(quantity=300)).raised == 0

    def test_that_is_stale_changes_nothing(self, store):
        batch = planned(store, orders=5)
        seen = edits.preview(batch=batch, asked=every(moq=300))
        edit(batch, every(promise_days=40))
        late = {"batch": batch, "asked": every(moq=300), "by": "user:2"}
        refused(Code.PLAN_CHANGED, edits.apply, **late, version=seen.version, digest=seen.digest)
        refused(Code.PLAN_CHANGED, edits.apply, **late, version=2, digest=seen.digest)
        refused(Code.PLAN_CHANGED, edits.undo, batch=batch, by="user:2", version=1)
        assert quantities(batch) == [250] * 10

    def test_is_stale_when_the_facts_behind_the_preview_have_changed(self, store):
        batch = planned(store, orders=5)
        seen = edits.preview(batch=batch, asked=every(moq=300))
        Sku.objects.update(is_active=False)
        refused(
            Code.PLAN_CHANGED,
            edits.apply,
            batch=batch,
            asked=every(moq=300),
            by="user:1",
            version=seen.version,
            digest=seen.digest,
        )

    @pytest.mark.parametrize(
        ("status", "code"),
        [
            ("locked", Code.PRICE_LOCKED),
            ("closed", Code.PRICE_LOCKED),
            ("screening", Code.STATE_CONFLICT),
            ("cancelled", Code.STATE_CONFLICT),
        ],
    )
    def test_comes_too_late_or_too_early(self, store, status, code):
        batch = planned(store, orders=5)
        Batch.objects.update(status=status)
        batch.refresh_from_db()
        refused(code, edits.preview, batch=batch, asked=every(moq=300))
        refused(code, edits.apply, batch=batch, asked=every(moq=300), by="user:1")
        refused(code, edits.undo, batch=batch, by="user:1")


class TestCapacity:
    """Each order 500 pieces of one SKU, promised in 30 days, 10 of them under way: due on day
    20."""

    @pytest.mark.parametrize(("pieces", "fits"), [(150, True), (149, False)])
    def test_exactly_met_passes_and_one_piece_more_is_refused(self, store, pieces, fits):
        batch = planned(store, orders=5)  # 5 × 2 × 300 = 3000 by day 20
        group(store, pieces)
        if fits:
            assert quantities(edit(batch, every(moq=300))) == [300] * 10
            return
        problem = refused(
            Code.CAPACITY_EXCEEDED, edits.apply, batch=batch, asked=every(moq=300), by="u"
        )

        def day(n: int) -> str:
            return (world.TODAY + dt.timedelta(days=n)).isoformat()

        assert problem.evidence == {
            "group": "Kiln",
            "day": day(20),
            "needed": 3000,
            "limit": 149 * 20,
            "earliest": day(31),
        }
        assert quantities(batch) == [250] * 10

    def test_of_a_promise_names_the_first_day_and_one_that_works(self, store):
        batch = planned(store, orders=5)
        group(store, 250)
        found = edits.preview(batch=batch, asked=every(promise_days=19)).overflow
        assert (found.day, found.earliest) == (
            world.TODAY + dt.timedelta(days=9),
            world.TODAY + dt.timedelta(days=20),
        )
        edit(batch, every(promise_date=found.earliest))
        assert set(batch.orders.values_list("promise_days", flat=True)) == {20}

    def test_minds_days_of_their_own(self, store):
        batch = planned(store, orders=5)
        made = group(store, 125)  # 2500 by day 20
        assert edits.preview(batch=batch, asked=every(promise_days=30)).overflow is None
        ProductionDay.objects.create(
            store=store, group=made, day=world.TODAY + dt.timedelta(days=3), pieces=0
        )
        found = edits.preview(batch=batch, asked=every(promise_days=30)).overflow
        assert found.earliest == world.TODAY + dt.timedelta(days=31)

    def test_counts_what_other_live_locks_and_confirmed_orders_draw_on(self, store):
        other, batch = two(store)
        price_lock.lock_and_invite(batch=other, by="user:1")
        group(store, 125)
        assert edits.preview(batch=batch, asked=every(promise_days=30)).overflow is not None
        other.orders.update(status="confirmed")
        assert edits.preview(batch=batch, asked=every(promise_days=30)).overflow is not None
        walk(list(other.orders.all()), OrderStatus.SHIPPED)
        assert edits.preview(batch=batch, asked=every(promise_days=30)).overflow is None

    def test_is_asked_again_at_the_lock(self, store):
        one, late = two(store)
        group(store, 125)
        assert capacity.plan_overflow(late, now=world.NOW) is None
        price_lock.lock_and_invite(batch=one, by="user:1")
        refused(Code.CAPACITY_EXCEEDED, price_lock.lock_and_invite, batch=late, by="user:1")
        edit(late, every(promise_date=capacity.plan_overflow(late, now=world.NOW).earliest))
        assert price_lock.lock_and_invite(batch=late, by="user:1")

    @pytest.mark.parametrize(("hours", "fits"), [(7.99, True), (8, False)])
    def test_is_judged_by_the_day_of_the_lock(self, store, hours, fits):
        """R-18: screened at 16:00 in Shanghai; at 24:00 a day of making is gone, and the promise
        stays where it was."""
        batch = planned(store, orders=5, policy="all_or_nothing")  # 2500 by day 20
        group(store, 125)
        world.move_clock(store, world.NOW + dt.timedelta(hours=hours))
        Sku.objects.update(stock_synced_at=clock.now(store))
        if fits:
            assert price_lock.lock_and_invite(batch=batch, by="user:1")
            return
        problem = refused(
            Code.CAPACITY_EXCEEDED, price_lock.lock_and_invite, batch=batch, by="user:1"
        )

        def day(n: int) -> str:
            return (world.TODAY + dt.timedelta(days=n)).isoformat()

        assert problem.evidence == {
            "group": "Kiln",
            "day": day(20),
            "needed": 2500,
            "limit": 125 * 19,
            "earliest": day(31),
            "orders": [f"{batch.ref}-0005"],
        }
        found = capacity.plan_overflow(batch, now=clock.now(store))
        assert (found.day.isoformat(), found.earliest.isoformat()) == (day(20), day(31))
        shown = edits.preview(batch=batch, asked=every(promise_days=30)).overflow
        assert (shown.day, shown.earliest) == (found.day, found.earliest)
        edit(batch, every(promise_date=found.earliest))
        assert price_lock.lock_and_invite(batch=batch, by="user:1")


class TestTwoMembersAtOnce:
    @pytest.mark.django_db(transaction=True)
    def test_have_one_winner(self, db):
        store = world.store()
        world.move_clock(store, world.NOW)
        batch = planned(store, orders=5)
        seen = edits.preview(batch=batch, asked=every(moq=300))

        def act(by: str) -> str:
            try:
                edits.apply(
                    batch=batch,
                    asked=every(moq=300),
                    by=by,
                    version=seen.version,
                    digest=seen.digest,
                )
            except Problem as problem:
                return str(problem.code)
            finally:
                connections.close_all()
            return "applied"

        with ThreadPoolExecutor(4) as pool:
            outcomes = sorted(pool.map(act, ["a", "b", "c", "d"]))
        assert outcomes == ["PLAN_CHANGED"] * 3 + ["applied"]
        assert batch.edits.count() == 1


def test_the_base_of_a_line_is_what_the_row_keeps(store):
    edit(planned(store, orders=5, lines=2), every(quantity=37))
    line = RepeatLine.objects.select_related("source_line").first()
    assert line.base_minor == prorate_line_total(line.source_line, 37)


class TestScarceStock:
    def test_that_another_order_drags_along_is_shared_out_too(self, store):
        """Lowering A in one order lets a third one back in, which wants B, of which a second one
        has taken all."""
        buyer, plain = world.repeatable(store)
        a, b = (
            world.sku(store, price="10.00", on_hand=5),
            world.sku(store, price="10.00", on_hand=10),
        )
        first = world.past_order(store, buyer, [(a, 4, 4_000)])
        second = world.past_order(store, buyer, [(b, 10, 10_000)])
        third = world.past_order(
            store, buyer, [(plain[0].lines.get().sku, 1, 1_000), (a, 2, 2_000), (b, 6, 6_000)]
        )
        numbers = [order.number for order in (*plain, first, second, third)]
        batch = run(batches.create(store=store, numbers=numbers, by="user:1"))
        edits.apply(
            batch=batch,
            asked=[EditRequest(by=EditScope.ORDERS, names=[first.number], quantity=3)],
            by="user:1",
        )
        wanted = RepeatLine.objects.filter(order__batch=batch, sku=b, outcome="planned")
        assert sum(wanted.values_list("quantity", flat=True)) <= 10
        batch.refresh_from_db()
        price_lock.lock_and_invite(batch=batch, by="user:1")


class TestOneSetOfTerms:
    def edit(self, store, batch):
        number = batch.orders.first().past_order.number
        asked = [EditRequest(by=EditScope.ORDERS, names=[number], quantity=600)]
        return edits.preview(
            batch=batch_queries.get_batch(store, batch.ref, now=clock.now(store)), asked=asked
        )

    def planned(self, store):
        _, orders = world.repeatable(store)
        return run(batches.create(store=store, numbers=[o.number for o in orders], by="user:1"))

    def test_is_broken_by_a_tariff_written_since(self, store):
        batch = self.planned(store)
        CommissionRate.objects.update(mirrored_at=clock.now(store))
        with pytest.raises(Problem) as refused:
            self.edit(store, batch)
        assert refused.value.code is Code.PLAN_STALE

    def test_is_broken_by_a_tax_number_checked_since(self, store):
        batch = self.planned(store)
        Buyer.objects.update(tax_number_checked_at=clock.now(store))
        with pytest.raises(Problem) as refused:
            self.edit(store, batch)
        assert refused.value.code is Code.PLAN_STALE
