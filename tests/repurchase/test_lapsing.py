"""The sweep: bounded, store by store, and a damaged row holds up nothing but itself."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace import clock
from outbox.models import Letter
from pricing.models import Lock
from repurchase.confirmation.services import triggers
from repurchase.deadlines import lock_expiry, sweep
from repurchase.models import Batch, RepeatOrder
from tests import world
from tests.chaos import many

pytestmark = pytest.mark.django_db


def damaged(lock: Lock) -> None:
    """Whatever tries to end it fails in the database, as a broken index or trigger would make
    it."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"""
            CREATE OR REPLACE FUNCTION damage() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'damaged'; END $$;
            CREATE TRIGGER damaged BEFORE UPDATE ON pricing_lock FOR EACH ROW WHEN (OLD.id = '{lock.pk}')
                EXECUTE FUNCTION damage();
        """)


@pytest.fixture
def due(store):
    now = clock.now(store)
    return lambda count, of=store: many.locks(of, [now] * count)


class TestASweep:
    def test_ends_more_than_one_transaction_holds(self, due):
        due(250)
        assert lock_expiry.end_due() == (250, 250)
        assert set(RepeatOrder.objects.values_list("status", flat=True)) == {"expired"}
        assert set(Batch.objects.values_list("status", flat=True)) == {"closed"}
        assert Letter.objects.filter(kind="repurchase.expired").count() == 250

    def test_takes_as_many_queries_for_ninety_nine_plans_as_for_five(self, due, store):
        taken = []
        for of, plans in ((store, 5), (world.store(clock_offset=store.clock_offset), 99)):
            due(plans, of=of)
            with CaptureQueriesContext(connection) as queries:
                assert lock_expiry.end_due(store=of) == (plans, plans)
            taken.append(len(queries))
        assert taken[0] == taken[1] <= 45

    def test_leaves_a_damaged_row_and_ends_the_others(self, due, store):
        locks = due(30)
        damaged(locks[7])
        other = world.store(clock_offset=store.clock_offset)
        due(3, of=other)
        assert lock_expiry.end_due() == (32, 32)
        assert Lock.objects.get(status="open") == locks[7]

    def test_does_nothing_the_second_time(self, due):
        due(5)
        assert sweep.run_sweep().ended_locks == 5
        assert sweep.run_sweep().ended_locks == 0

    def test_rung_many_times_at_once_passes_once_a_second(self, due):
        due(5)
        passes = [sweep.run_sweep_unless_recent() for _ in range(50)]
        assert sum(swept is not None for swept in passes) == 1
        assert passes[0].ended_locks == 5


class TestJudging:
    def test_leaves_a_damaged_row_and_judges_the_others(self, store):
        locks = many.locks(
            store, [clock.now(store) + (n + 1) * sweep.MIN_INTERVAL * 3600 for n in range(20)]
        )
        damaged(locks[3])
        world.rates(clock.now(store).date(), source="newer", CNY="8.034")
        assert triggers.open_renegotiations() == 19
        assert Lock.objects.get(status="open") == locks[3]

    def test_of_many_locks_is_bounded_by_transaction_and_not_by_pass(self, store):
        many.locks(store, [clock.now(store) + sweep.MIN_INTERVAL * 3600] * 250)
        world.rates(clock.now(store).date(), source="newer", CNY="8.034")
        assert triggers.open_renegotiations() == 250

    def test_finds_nothing_new_in_a_handful_of_queries(self, store, django_assert_max_num_queries):
        many.locks(store, [clock.now(store) + sweep.MIN_INTERVAL * 3600] * 50)
        triggers.open_renegotiations()
        with django_assert_max_num_queries(14):
            triggers.open_renegotiations()
