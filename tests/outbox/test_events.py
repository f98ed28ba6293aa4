"""Events are numbered by their commit: in order, without holes, whatever transactions do beside
each other (ADR 4)."""

import datetime as dt
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from outbox import events
from outbox.models import Event, EventHead

AT = dt.datetime(2026, 11, 23, 8, 0, tzinfo=dt.UTC)


def tell(store_id: int = 1, type: str = "batch.planned", **data: object) -> None:
    events.publish(store_id=store_id, type=type, subject="batch:BR-1", at=AT, **data)


def numbers(store_id: int = 1) -> list[int]:
    return list(events.after(store_id, 0).values_list("seq", flat=True))


class TestAFilter:
    @pytest.mark.parametrize(
        ("type", "wanted", "through"),
        [
            ("lock.open", [], True),
            ("lock.open", ["lock.open"], True),
            ("lock.open", ["lock.*"], True),
            ("lock.open", ["lock.confirmed", "batch.*"], False),
            ("lock.open", ["loc.*", "lock"], False),
        ],
    )
    def test_names_types_or_kinds(self, type, wanted, through):
        assert events.matches(type, wanted) is through


@pytest.mark.django_db(transaction=True)
class TestAnEvent:
    def test_gets_the_next_number_of_its_store(self):
        for store_id in (1, 2, 1):
            tell(store_id)
        assert (numbers(1), numbers(2)) == ([1, 2], [1])

    def test_has_no_number_and_no_reader_before_the_commit(self):
        with transaction.atomic():
            tell()
            assert numbers() == []
        assert numbers() == [1]
        assert Event.objects.get().committed_at is not None

    def test_of_a_transaction_that_failed_leaves_no_hole(self):
        tell()
        with transaction.atomic():
            tell()
            transaction.set_rollback(True)
        tell()
        assert numbers() == [1, 2]

    def test_told_with_five_thousand_others_is_numbered_with_them_in_order(self):
        with transaction.atomic():
            each = [("batch:BR-1", {"n": n}) for n in range(5000)]
            events.publish_each(store_id=1, type="order.locked", at=AT, each=each)
            tell(2)
        assert [(e.seq, e.data["n"]) for e in events.after(1, 4997)] == [
            (4998, 4997),
            (4999, 4998),
            (5000, 4999),
        ]
        assert (len(numbers(1)), numbers(2)) == (5000, [1])

    def test_is_told_with_a_stable_id(self):
        tell(orders=3)
        event = events.after(1, 0).get()
        assert events.build_payload(event) == {
            "id": "evt_1_1",
            "seq": 1,
            "type": "batch.planned",
            "timestamp": "2026-11-23T08:00:00Z",
            "subject": {"kind": "batch", "ref": "BR-1"},
            "data": {"orders": 3},
        }

    def test_is_forgotten_after_90_days_and_its_number_is_not_given_again(self):
        tell()
        now = Event.objects.get().committed_at
        assert events.prune(now + events.RETENTION) == 0
        assert events.prune(now + events.RETENTION + dt.timedelta(seconds=1)) == 1
        tell()
        assert numbers() == [2]


@pytest.mark.django_db(transaction=True)
class TestTransactionsBesideEachOther:
    def test_that_began_first_and_end_last_come_last(self):
        """The number is given at the commit: a reader who has seen 1 can't have missed anything
        before it."""
        told, committed = threading.Event(), threading.Event()

        def slow() -> None:
            with transaction.atomic():
                tell(who="slow")
                told.set()
                committed.wait(10)
            connection.close()

        thread = threading.Thread(target=slow)
        thread.start()
        told.wait(10)
        tell(who="quick")
        assert [e.data["who"] for e in events.after(1, 0)] == ["quick"]
        committed.set()
        thread.join()
        assert [(e.seq, e.data["who"]) for e in events.after(1, 0)] == [(1, "quick"), (2, "slow")]

    def test_never_show_a_reader_a_hole(self):
        """Eight writers, some of whom fail, in two stores in either order; a reader who resumes
        sees each number once."""
        writers, each = 8, 15
        seen: dict[int, list[int]] = {1: [], 2: []}
        done = threading.Event()

        def write() -> int:
            kept = 0
            for _ in range(each):
                with transaction.atomic():
                    for store_id in random.sample([1, 2], 2):
                        tell(store_id)
                        time.sleep(random.random() / 500)
                    if random.random() < 0.2:
                        transaction.set_rollback(True)
                    else:
                        kept += 1
            connection.close()
            return kept

        def read() -> None:
            while not done.is_set():
                for store_id, known in seen.items():
                    last = known[-1] if known else 0
                    known.extend(events.after(store_id, last).values_list("seq", flat=True))
            connection.close()

        reader = threading.Thread(target=read)
        reader.start()
        with ThreadPoolExecutor(writers) as pool:
            kept = sum(pool.map(lambda _: write(), range(writers)))
        time.sleep(0.1)
        done.set()
        reader.join()
        assert seen == {1: list(range(1, kept + 1)), 2: list(range(1, kept + 1))}
        assert set(EventHead.objects.values_list("seq", flat=True)) == {kept}
