"""The ledger of chunks: taken up under a name, taken over when silent, in turns between stores,
given up in the end."""

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from diagnostics.models import LedgerEntry
from marketplace import clock
from repurchase.batches.services import batches, chunks, job_leases, planning
from repurchase.deadlines import sweep
from repurchase.models import Batch, Chunk, RepeatOrder
from repurchase.models.jobs import MAX_TRIES, REQUEUE_AFTER, SILENT_AFTER
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db
SECOND = dt.timedelta(seconds=1)  # two sweeps on a busy machine take less than four
MOMENT = dt.timedelta(milliseconds=200)


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr("repurchase.models.batch_states.chunks.__defaults__", (2,))


def create(store, orders: int = 6) -> Batch:
    made = world.repeatable(store, orders=max(orders, 5))[1][:orders]
    return batches.create(store=store, numbers=[o.number for o in made], by="user:1")


class TestAChunk:
    def test_is_taken_up_under_a_name_by_one_worker(self, store):
        chunk = create(store).chunks.first()
        owner = job_leases.take(Chunk, chunk.pk)
        assert owner
        assert job_leases.take(Chunk, chunk.pk) == ""
        chunk.refresh_from_db()
        assert (chunk.owner, chunk.tries) == (owner, 1)

    @pytest.mark.parametrize(
        ("silent", "taken"), [(SILENT_AFTER - MOMENT, False), (SILENT_AFTER + MOMENT, True)]
    )
    def test_is_taken_over_when_its_worker_is_silent(self, store, silent, taken):
        chunk = create(store).chunks.first()
        job_leases.take(Chunk, chunk.pk)
        Chunk.objects.filter(pk=chunk.pk).update(beat_at=clock.now() - silent)
        assert bool(job_leases.take(Chunk, chunk.pk)) is taken
        assert Chunk.objects.get(pk=chunk.pk).tries == 1 + taken

    def test_of_a_worker_that_was_taken_over_writes_nothing(self, store, monkeypatch):
        batch = create(store, 2)
        (chunk,) = batch.chunks.all()
        keep = planning.record_screening

        def loses(*arguments):
            Chunk.objects.filter(pk=chunk.pk).update(owner="another", beat_at=clock.now())
            return keep(*arguments)

        monkeypatch.setattr(planning, "record_screening", loses)
        chunks.plan_one(chunk.pk)
        assert not RepeatOrder.objects.exists()
        assert not LedgerEntry.objects.filter(kind="chunk.generated").exists()
        chunk.refresh_from_db()
        assert chunk.done_at is None

    @pytest.mark.parametrize(
        ("fault", "tries"), [(RuntimeError, 1), (OperationalError, 0), (InterfaceError, 0)]
    )
    def test_is_given_back_on_a_fault_and_counts_it_unless_it_is_the_databases(
        self, store, monkeypatch, fault, tries
    ):
        def fails(*_):
            raise fault

        chunk = create(store, 2).chunks.get()
        monkeypatch.setattr(planning, "plan_chunk", fails)
        with pytest.raises(fault):
            chunks.plan_one(chunk.pk)
        chunk.refresh_from_db()
        assert (chunk.tries, chunk.owner, chunk.beat_at) == (tries, "", None)

    @pytest.mark.django_db(transaction=True)
    def test_shows_life_while_it_takes_long(self, store, monkeypatch):
        chunk = create(store, 2).chunks.get()
        beats = []
        generate = planning.plan_chunk

        def slow(batch, taken):
            for _ in range(12):
                time.sleep(0.2)
                beats.append(Chunk.objects.values_list("beat_at", flat=True).get(pk=taken.pk))
            generate(batch, taken)

        monkeypatch.setattr(planning, "plan_chunk", slow)
        chunks.plan_one(chunk.pk)
        assert len(set(beats)) >= 2
        chunk.refresh_from_db()
        assert chunk.done_at is not None

    @pytest.mark.django_db(transaction=True)
    def test_whose_row_another_holds_is_passed_by(self, store):
        batch = create(store, 4)
        first, second = batch.chunks.order_by("first_position")

        def next_one() -> bool:
            try:
                return chunks.plan_next()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool, transaction.atomic():
            Chunk.objects.select_for_update().get(pk=first.pk)
            assert pool.submit(next_one).result(timeout=5)
            second.refresh_from_db()
        assert second.done_at is not None

    @pytest.mark.django_db(transaction=True)
    def test_is_done_once_however_many_bells_ring(self, store):
        batch = create(store, 6)

        def bell(_) -> int:
            try:
                return chunks.plan_next()
            finally:
                connection.close()

        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(bell, range(18))) == 3
        planning.finish_batch(batch.pk)
        batch.refresh_from_db()
        assert (batch.status, batch.orders.count()) == ("planned", 6)
        assert LedgerEntry.objects.filter(kind="chunk.generated").count() == 3

    @pytest.mark.django_db(transaction=True)
    def test_that_is_the_last_closes_its_batch_with_no_other_bell(self, store):
        batch = create(store, 4)
        seen = []
        while chunks.plan_next():
            batch.refresh_from_db()
            seen.append(batch.status)
        assert seen == ["screening", "planned"]

    def test_whose_worker_is_lost_before_it_closes_the_batch_leaves_that_to_the_sweep(
        self, store, monkeypatch
    ):
        batch = create(store, 2)

        def lost(_):
            raise OperationalError

        with monkeypatch.context() as patch:
            patch.setattr(planning, "finish_batch", lost)
            with pytest.raises(OperationalError):
                chunks.plan_next()
        chunk = batch.chunks.get()
        assert (chunk.done_at is None, chunk.tries) == (False, 1)
        assert sweep.run_sweep(store=store).finished_batches == 1
        batch.refresh_from_db()
        assert batch.status == "planned"

    def test_takes_two_queries_to_find_for_any_number(self, store):
        counts = []
        # two chunks and thirty: the first is not the last, which closes the batch
        for orders in (4, 60):
            made = create(world.store(clock_offset=store.clock_offset), orders)
            with CaptureQueriesContext(connection) as seen:
                assert chunks.plan_next()
            counts.append(len(seen))
            Batch.objects.filter(pk=made.pk).update(status="cancelled")
        assert counts[0] == counts[1]


class TestTheTurn:
    def test_is_the_stores_that_was_served_longest_ago(self, store):
        """Ten chunks of one store, then one of another: it is the second to be done, not the
        eleventh."""
        big = create(store, 20)
        small = create(world.store(clock_offset=store.clock_offset), 2)
        done = []
        while chunks.plan_next():
            newest = Chunk.objects.exclude(done_at=None).order_by("-beat_at").first()
            done.append(newest.batch_id)
        assert done.index(small.pk) == 1
        assert done.count(big.pk) == 10

    def test_alternates_between_stores(self, store):
        one = create(store, 6)
        other = create(world.store(clock_offset=store.clock_offset), 6)
        done = []
        while chunks.plan_next():
            done.append(Chunk.objects.exclude(done_at=None).order_by("-beat_at").first().batch_id)
        assert done == [one.pk, other.pk] * 3

    def test_goes_first_to_the_store_with_the_fewest_under_way(self, store):
        one = create(store, 6)
        other = create(world.store(clock_offset=store.clock_offset), 2)
        for chunk in one.chunks.order_by("first_position")[:2]:
            assert job_leases.take(Chunk, chunk.pk)
        assert chunks.plan_next()
        assert other.chunks.get().done_at is not None

    @pytest.mark.parametrize(("limit", "goes_on"), [(0, True), (2, False), (3, True)])
    def test_may_be_bounded_for_each_store(self, store, settings, limit, goes_on):
        settings.CHUNKS_A_STORE = limit
        one = create(store, 6)
        for chunk in one.chunks.order_by("first_position")[:2]:
            assert job_leases.take(Chunk, chunk.pk)
        assert chunks.plan_next() is goes_on


class TestTheRequeuer:
    @pytest.mark.parametrize(
        ("ago", "rung"), [(REQUEUE_AFTER - 4 * SECOND, 0), (REQUEUE_AFTER + MOMENT, 1)]
    )
    def test_rings_again_what_nobody_took_up(self, store, ago, rung):
        create(store, 2)
        Chunk.objects.update(rung_at=clock.now() - ago)
        assert sweep.run_sweep(store=store).rung_chunks == rung
        assert sweep.run_sweep(store=store).rung_chunks == 0

    def test_rings_at_once_for_a_silent_worker_and_not_twice(self, store):
        chunk = create(store, 2).chunks.get()
        job_leases.take(Chunk, chunk.pk)
        assert sweep.run_sweep(store=store).rung_chunks == 0
        now = clock.now()
        Chunk.objects.update(
            beat_at=now - SILENT_AFTER - MOMENT, rung_at=now - SILENT_AFTER - 2 * MOMENT
        )
        assert sweep.run_sweep(store=store).rung_chunks == 1
        assert sweep.run_sweep(store=store).rung_chunks == 0
        assert chunks.plan_next()

    def test_gives_a_batch_up_whose_chunk_was_tried_too_often(self, store):
        """Lost workers count: nothing but the number of times that it was taken up is asked for."""
        batch = create(store, 4)
        poison = batch.chunks.order_by("first_position").first()
        for _ in range(MAX_TRIES):
            assert job_leases.take(Chunk, poison.pk)
            Chunk.objects.filter(pk=poison.pk).update(beat_at=clock.now() - 2 * SILENT_AFTER)
        assert job_leases.take(Chunk, poison.pk) == ""
        assert chunks.plan_next()  # the sound one
        assert not chunks.plan_next()
        sweep.run_sweep(store=store)
        batch.refresh_from_db()
        poison.refresh_from_db()
        assert (batch.status, batch.code, poison.code) == ("failed", "WORK_FAILED", "WORK_FAILED")
        assert batch.orders.count() == 2
        entry = LedgerEntry.objects.get(kind="batch.failed")
        assert (entry.facts["code"], entry.facts["tries"]) == ("WORK_FAILED", MAX_TRIES)
        batch = run(batches.rescreen(batch=batch, by="user:1"))
        assert (batch.status, batch.code) == ("planned", "")


class TestCancelling:
    @pytest.mark.django_db(transaction=True)
    def test_does_not_wait_for_a_chunk_and_leaves_nothing_half(self, store, monkeypatch):
        """The chunk is in the midst of its work, which takes three seconds more."""
        batch = create(store, 4)
        begun = []
        keep = planning.record_screening

        def slow(*arguments):
            kept = keep(*arguments)
            begun.append(time.monotonic())
            time.sleep(3)
            return kept

        monkeypatch.setattr(planning, "record_screening", slow)

        def work() -> None:
            try:
                chunks.plan_next()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            working_on = pool.submit(work)
            while not begun:
                time.sleep(0.01)
            asked = time.monotonic()
            batches.cancel(batch=batch, by="user:1")
            assert time.monotonic() - asked < 2
            working_on.result(timeout=20)
        batch.refresh_from_db()
        assert batch.status == "cancelled"
        assert not RepeatOrder.objects.exists()
        assert not chunks.plan_next()
