import base64
import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import FxRateSet, Sku
from repurchase.batches.queries import pagination
from repurchase.batches.queries.batches import count_batch_orders, plan_summary, screening_progress
from repurchase.batches.services import batches, chunks, job_leases, planning
from repurchase.deadlines import sweep
from repurchase.models import Batch, Chunk, OrderFee, RepeatLine, RepeatOrder
from repurchase.models.jobs import MAX_TRIES, REQUEUE_AFTER
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db


def numbers(orders) -> list[str]:
    return [order.number for order in orders]


def create(store, orders, **options) -> Batch:
    return batches.create(store=store, numbers=numbers(orders), by="user:1", **options)


class TestABatch:
    def test_plans_every_order_that_passes(self, store):
        _, orders = world.repeatable(store, orders=6, lines=2)
        batch = run(create(store, orders))
        assert batch.status == "planned"
        counts = count_batch_orders(batch, now=world.NOW)
        assert (counts.asked, counts.planned, counts.pending) == (6, 6, 0)
        assert RepeatLine.objects.filter(order__batch=batch, outcome="planned").count() == 12

    def test_keeps_the_link_to_the_source_order_and_its_lines(self, store):
        """R-02, R-14, R-46."""
        _, orders = world.repeatable(store)
        batch = run(create(store, orders))
        repeat = batch.orders.order_by("position").first()
        assert repeat.past_order == orders[0]
        assert repeat.ref == f"{batch.ref}-0001"
        line = repeat.lines.get()
        assert line.source_line.order == orders[0]
        assert (line.base_minor, line.total_minor, line.hs_code) == (500_000, 500_000, "691110")
        assert repeat.ship_to["city"] == "Hamburg"

    def test_fills_the_tax_code_freight_and_four_fee_parts(self, store):
        """R-13, R-68."""
        _, orders = world.repeatable(store)
        repeat = run(create(store, orders)).orders.first()
        assert repeat.tax_code == "S-DE-19.00-DE123456789"
        assert repeat.tax_minor == round((500_000 + 2_500) * 0.19)
        assert repeat.total_minor == repeat.goods_minor + repeat.freight_minor + repeat.tax_minor
        parts = list(repeat.fees.order_by("position").values_list("part", flat=True))
        assert list(dict.fromkeys(parts)) == [
            "commission",
            "logistics",
            "payment",
            "vat_remittance",
        ]
        assert repeat.fees_minor == sum(fee.amount_minor for fee in repeat.fees.all())
        commission = repeat.fees.get(kind="commission")
        assert commission.amount_minor == (500_000 + 2_500) * 8 // 100

    def test_gives_each_source_line_one_outcome(self, store):
        """Pitfall 8: nothing is dropped in silence."""
        buyer, orders = world.repeatable(store, orders=4)
        good = world.sku(store)
        gone = world.sku(store, is_active=False)
        orders.append(world.past_order(store, buyer, [(good, 10, 10_000), (gone, 10, 10_000)]))
        batch = run(create(store, orders))
        mixed = batch.orders.get(past_order=orders[-1])
        assert mixed.status == "planned"
        assert mixed.codes == ["SKU_INACTIVE"]
        assert list(mixed.lines.order_by("line_no").values_list("outcome", "total_minor")) == [
            ("planned", 10_000),
            ("failed", 0),
        ]
        assert mixed.goods_minor == 10_000

    def test_that_fails_a_gate_says_so_on_every_order(self, store):
        """R-26: the gates decide at creation."""
        _, orders = world.repeatable(store, certificate_valid_until=dt.date(2026, 11, 22))
        batch = run(create(store, orders))
        assert batch.status == "failed"
        assert {tuple(o.codes) for o in batch.orders.all()} == {("BUYER_CERTIFICATE_EXPIRED",)}
        gate = next(g for g in batch.gates if g["name"] == "buyer_certificate")
        assert (gate["passed"], gate["value"]) == (False, "2026-11-22")

    def test_without_a_commission_rate_fails_its_orders_and_never_charges_zero(self, store):
        """R-59."""
        buyer, orders = world.repeatable(store, orders=4)
        item = world.sku(store, category=world.category(rate=None))
        orders.append(world.past_order(store, buyer, [(item, 10, 10_000)]))
        batch = run(create(store, orders))
        assert batch.orders.get(past_order=orders[-1]).codes == ["COMMISSION_RATE_MISSING"]

    def test_ticks_the_special_lane_for_all_its_orders(self, store):
        """R-71: the same order passes once the channel is ticked."""
        _buyer, orders = world.repeatable(store, country="RU", region="Novosibirsk")
        from marketplace.models import Lane

        Lane.objects.filter(country="RU").update(special_clearance=True)
        batch = run(create(store, orders))
        assert {tuple(o.codes) for o in batch.orders.all()} == {("LANE_UNREACHABLE",)}
        batch = run(batches.rescreen(batch=batch, by="user:1", special_clearance=True))
        assert batch.status == "planned"
        assert count_batch_orders(batch, now=world.NOW).planned == 5

    def test_records_what_was_decided_in_the_ledger(self, store):
        _, orders = world.repeatable(store)
        run(create(store, orders))
        kinds = list(
            LedgerEntry.objects.filter(store_id=store.pk)
            .order_by("seq")
            .values_list("kind", flat=True)
        )
        assert kinds == ["batch.created", "chunk.generated", "batch.planned"]

    def test_all_or_nothing_fails_when_one_order_does(self, store):
        buyer, orders = world.repeatable(store)
        orders.append(
            world.past_order(store, buyer, [(world.sku(store, is_active=False), 1, 1_000)])
        )
        batch = run(create(store, orders, policy="all_or_nothing"))
        assert batch.status == "failed"


class TestARefusal:
    @pytest.fixture(autouse=True)
    def nothing_is_written(self, store):
        yield
        assert not Batch.objects.exists()
        assert not Chunk.objects.exists()
        assert not LedgerEntry.objects.exists()

    def test_of_5001_orders(self, store):
        """R-03."""
        with pytest.raises(Problem) as refused:
            batches.create(store=store, numbers=[str(n) for n in range(5001)], by="user:1")
        assert refused.value.code is Code.BATCH_TOO_LARGE
        assert refused.value.evidence == {"value": 5001, "limit": 5000}

    def test_of_nothing(self, store):
        with pytest.raises(Problem) as refused:
            create(store, [])
        assert refused.value.code is Code.BATCH_EMPTY

    def test_of_two_buyers_names_the_rows(self, store):
        """R-05."""
        _, orders = world.repeatable(store, orders=2)
        other = world.past_order(store, world.buyer(store), [(world.sku(store), 1, 1_000)])
        with pytest.raises(Problem) as refused:
            create(store, [*orders, other])
        assert refused.value.code is Code.MIXED_BUYERS
        assert refused.value.evidence["orders"] == [other.number]

    def test_of_another_stores_order_is_as_of_one_that_does_not_exist(self, store):
        _, orders = world.repeatable(store, orders=1)
        other = world.store()
        foreign = world.past_order(other, world.buyer(other), [(world.sku(other), 1, 1_000)])
        for unknown in (foreign.number, "no such order"):
            with pytest.raises(Problem) as refused:
                batches.create(store=store, numbers=[orders[0].number, unknown], by="user:1")
            assert refused.value.code is Code.ORDER_UNKNOWN
            assert refused.value.evidence["orders"] == [unknown]

    def test_for_want_of_fresh_rates(self, store):
        _, orders = world.repeatable(store)
        FxRateSet.objects.update(published_on=dt.date(2026, 11, 16))
        with pytest.raises(Problem) as refused:
            create(store, orders)
        assert refused.value.code is Code.FX_RATE_STALE

    def test_of_an_unknown_policy(self, store):
        _, orders = world.repeatable(store)
        with pytest.raises(Problem) as refused:
            create(store, orders, policy="perhaps")
        assert refused.value.code is Code.INPUT_INVALID


class TestRatesSixDaysOld:
    def test_are_still_fresh(self, store):
        _, orders = world.repeatable(store)
        FxRateSet.objects.update(published_on=dt.date(2026, 11, 17))
        assert run(create(store, orders)).status == "planned"


class TestAChunk:
    def test_delivered_twice_is_done_once(self, store):
        _, orders = world.repeatable(store)
        batch = run(create(store, orders))
        before = (RepeatOrder.objects.count(), RepeatLine.objects.count(), OrderFee.objects.count())
        run(batch)
        assert (
            RepeatOrder.objects.count(),
            RepeatLine.objects.count(),
            OrderFee.objects.count(),
        ) == before

    def test_takes_the_same_number_of_queries_for_few_and_many_orders(self, store):
        _, few = world.repeatable(store, orders=5)
        counts = []
        for orders in (few, [*few, *(_more(store, few, 60))]):
            batch = create(store, orders)
            with CaptureQueriesContext(connection) as queries:
                chunks.plan_one(batch.chunks.get().pk)
            counts.append(len(queries))
        assert counts[0] == counts[1]

    def test_with_a_hostile_note_is_written_as_it_is(self, store):
        buyer, orders = world.repeatable(store, orders=4)
        note = "tab\there\nline\r\\N \\. \"quoted\" 'and' {braces} 中文 🙂"
        orders.append(
            world.past_order(
                store, buyer, [(world.sku(store), 1, 1_000)], note=note, consignee=note
            )
        )
        batch = run(create(store, orders))
        repeat = batch.orders.get(past_order=orders[-1])
        assert repeat.note == note
        assert repeat.ship_to["consignee"] == note


def _more(store, orders, n):
    line = orders[0].lines.get()
    return [world.past_order(store, orders[0].buyer, [(line.sku, 10, 10_000)]) for _ in range(n)]


class TestScarceStock:
    """R-10 over a whole batch: what is there is shared out in order, across chunks."""

    def test_goes_to_the_first_orders(self, store, monkeypatch):
        monkeypatch.setattr("repurchase.models.batch_states.chunks.__defaults__", (2,))
        _, orders = world.repeatable(store, orders=6)
        Sku.objects.filter(store=store).update(on_hand=1700)
        batch = run(create(store, orders))
        assert Chunk.objects.filter(batch=batch).count() == 3
        outcomes = list(batch.orders.order_by("position").values_list("status", flat=True))
        assert outcomes == ["planned"] * 3 + ["failed"] * 3
        assert batch.orders.order_by("position").last().codes == ["STOCK_TOO_LOW"]

    def test_is_not_used_up_by_an_order_that_fails_for_another_reason(self, store):
        buyer, orders = world.repeatable(store, orders=5)
        item = orders[0].lines.get().sku
        unrated = world.past_order(store, buyer, [(item, 1000, 1_000_000)], rating=None)
        Sku.objects.filter(store=store).update(on_hand=2500)
        batch = run(create(store, [unrated, *orders]))
        assert count_batch_orders(batch, now=world.NOW).planned == 5


class TestCancelling:
    def test_while_screening_leaves_nothing_half(self, store):
        _, orders = world.repeatable(store)
        batch = create(store, orders)
        batches.cancel(batch=batch, by="user:1")
        run(batch)
        assert batch.status == "cancelled"
        assert not RepeatOrder.objects.exists()

    def test_a_plan_ends_its_orders(self, store):
        _, orders = world.repeatable(store)
        batch = run(create(store, orders))
        batches.cancel(batch=batch, by="user:1")
        assert {o.status for o in batch.orders.all()} == {"cancelled"}

    def test_is_open_to_a_batch_that_failed(self, store):
        _, orders = world.repeatable(store)
        batch = create(store, orders)
        batch.chunks.update(tries=MAX_TRIES)
        planning.fail_batch(batch.pk)
        assert batches.cancel(batch=batch, by="user:1").status == "cancelled"

    def test_twice_is_refused(self, store):
        _, orders = world.repeatable(store)
        batch = create(store, orders)
        batches.cancel(batch=batch, by="user:1")
        with pytest.raises(Problem) as refused:
            batches.cancel(batch=batch, by="user:1")
        assert refused.value.code is Code.STATE_CONFLICT


class TestScreeningAgain:
    def test_decides_by_todays_facts_and_makes_the_rows_anew(self, store):
        _, orders = world.repeatable(store)
        Sku.objects.filter(store=store).update(stock_synced_at=world.NOW - dt.timedelta(hours=1))
        batch = run(create(store, orders))
        assert batch.status == "failed"
        Sku.objects.filter(store=store).update(stock_synced_at=clock.now(store))
        batch = run(batches.rescreen(batch=batch, by="user:1"))
        assert (batch.status, batch.attempt, batch.orders.count()) == ("planned", 2, 5)


class TestThePlan:
    def test_adds_up(self, store):
        _, orders = world.repeatable(store)
        batch = run(create(store, orders))
        summary = plan_summary(batch, now=clock.now(store))
        (totals,) = summary.totals
        rows = list(batch.orders.all())
        assert totals.total.minor == sum(o.total_minor for o in rows)
        assert sum(fee.minor for fee in totals.fees.values()) == sum(o.fees_minor for o in rows)
        assert totals.net.minor == sum(o.total_minor - o.tax_minor - o.fees_minor for o in rows)
        assert summary.can_lock

    def test_tells_how_far_the_screening_is_from_rows(self, store, monkeypatch):
        monkeypatch.setattr("repurchase.models.batch_states.chunks.__defaults__", (2,))
        _, orders = world.repeatable(store, orders=5)
        batch = create(store, orders)
        chunks.plan_one(batch.chunks.order_by("pk").first().pk)
        found = screening_progress(batch, now=batch.attempt_at + dt.timedelta(seconds=4))
        assert (found.counts.asked, found.counts.done, found.counts.pending) == (5, 2, 3)
        assert (found.phase, found.rate, found.seconds_left) == ("planning", 0.5, 6)

    def test_tells_its_phase(self, store, monkeypatch):
        monkeypatch.setattr("repurchase.models.batch_states.chunks.__defaults__", (5,))
        _, orders = world.repeatable(store, orders=5)
        batch = create(store, orders)
        (chunk,) = batch.chunks.all()
        seen = [screening_progress(batch, now=clock.now(store)).phase]
        job_leases.take(Chunk, chunk.pk)
        seen.append(screening_progress(batch, now=clock.now(store)).phase)
        batch.chunks.update(beat_at=None)
        chunks.plan_one(chunk.pk)
        seen.append(screening_progress(batch, now=clock.now(store)).phase)
        planning.finish_batch(batch.pk)
        batch.refresh_from_db()
        seen.append(screening_progress(batch, now=clock.now(store)).phase)
        assert seen == ["waiting", "planning", "finishing", "ended"]


class TestAPassOfTheTimers:
    def test_goes_on_past_a_batch_that_fails(self, store, monkeypatch):
        _, orders = world.repeatable(store)
        broken, sound = create(store, orders), create(store, orders)
        for chunk in Chunk.objects.all():
            chunks.plan_one(chunk.pk)
        finish = planning.finish_batch

        def fails_for_one(batch_id: int) -> None:
            if batch_id == broken.pk:
                raise RuntimeError
            finish(batch_id)

        monkeypatch.setattr(planning, "finish_batch", fails_for_one)
        assert sweep.run_sweep(store=store).finished_batches == 1
        sound.refresh_from_db()
        assert sound.status == "planned"

    def test_goes_on_past_a_batch_that_can_t_be_given_up(self, store, monkeypatch):
        _, orders = world.repeatable(store)
        broken, lost = create(store, orders), create(store, orders)
        Chunk.objects.update(rung_at=clock.now() - 2 * REQUEUE_AFTER, tries=MAX_TRIES)
        give_up = planning.fail_batch

        def fails_for_one(batch_id: int) -> None:
            if batch_id == broken.pk:
                raise RuntimeError
            give_up(batch_id)

        monkeypatch.setattr(planning, "fail_batch", fails_for_one)
        assert sweep.run_sweep(store=store).rung_chunks == 0
        lost.refresh_from_db()
        assert lost.status == "failed"


class TestACursor:
    @pytest.mark.parametrize("text", ["[" * 100_000, "[" * 100, f'["{"x" * 200}"]'])
    def test_that_is_deep_or_long_is_refused(self, text):
        cursor = base64.urlsafe_b64encode(text.encode()).decode()
        with pytest.raises(Problem) as refused:
            pagination.decode_cursor(cursor, str)
        assert refused.value.code is Code.INPUT_INVALID
