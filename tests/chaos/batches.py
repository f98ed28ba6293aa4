"""F-1, F-2 (the batch's half), F-3 and F-6 of docs/reliability.md: a batch comes out whole
whatever is taken from it."""

import contextlib
import datetime as dt
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from django.db import Error, connection, transaction

from diagnostics import ledger
from diagnostics.models import LedgerEntry
from eligibility.models import ScreeningRecord
from marketplace.models import PastOrder, Store
from outbox.models import Event
from repurchase.batches.services import batches
from repurchase.models import Batch, Chunk, OrderFee, RepeatLine, RepeatOrder, batch_states
from repurchase.models.jobs import MAX_TRIES
from tests import world
from tests.bench.filling import orders_of
from tests.chaos import poisoned
from tests.chaos.stage import Stage, wait_until

LINES = 3


@dataclass(frozen=True)
class Sizes:
    orders: int
    chunk: int  # orders a chunk: many small ones make many moments at which something can be lost
    kills: int
    redis_down: float  # seconds
    restarts: int


SMALL = Sizes(orders=500, chunk=20, kills=3, redis_down=5, restarts=1)
BIG = Sizes(orders=5000, chunk=100, kills=20, redis_down=60, restarts=10)


def fill(sizes: Sizes) -> tuple[Store, list[str]]:
    store = world.store(clock_offset=dt.timedelta(0))  # in real time, as the workers
    buyer, _ = world.repeatable(store, orders=1)
    skus = [world.sku(store, price="10.00") for _ in range(20)]
    orders_of(store, buyer, skus, orders=sizes.orders, lines=LINES)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE marketplace_sku SET on_hand = 10000000, stock_synced_at = now() + interval '1 day'"
        )
        cursor.execute("UPDATE marketplace_fxrateset SET published_on = now()")
        cursor.execute("VACUUM ANALYZE")
    newest = PastOrder.objects.filter(store=store, buyer=buyer).order_by("-id")[: sizes.orders]
    return store, list(newest.values_list("number", flat=True))


def begun(store: Store, numbers: list[str], sizes: Sizes) -> Batch:
    batch_states.chunks.__defaults__ = (sizes.chunk,)
    return batches.create(store=store, numbers=numbers, by="system:chaos")


def ended(batch: Batch) -> bool:
    """the batch ends unaided"""
    try:
        return Batch.objects.values_list("status", flat=True).get(pk=batch.pk) != "screening"
    except Error:
        connection.close()
        return False


def faults_of(batch: Batch, sizes: Sizes) -> dict[str, int]:
    """What is lost, twice or out of joint; all zero when nothing is."""
    batch.refresh_from_db()
    orders = RepeatOrder.objects.filter(batch=batch)
    of_batch = LedgerEntry.objects.filter(subject=f"batch:{batch.ref}")
    chunks = -(-sizes.orders // sizes.chunk)
    found = {
        "status": int(batch.status != "planned"),
        "orders": orders.filter(status="planned").count() - sizes.orders,
        "sources": orders.values("past_order").distinct().count() - sizes.orders,
        "positions": orders.values("position").distinct().count() - sizes.orders,
        "lines": RepeatLine.objects.filter(order__batch=batch).count() - sizes.orders * LINES,
        "orders_without_fees": orders.exclude(pk__in=OrderFee.objects.values("order")).count(),
        "chunks_undone": Chunk.objects.filter(batch=batch, done_at=None).count(),
        "chunk_entries": of_batch.filter(kind="chunk.generated").count() - chunks,
        "planned_entries": of_batch.filter(kind="batch.planned").count() - 1,
        "planned_events": Event.objects.filter(
            type="batch.planned", subject=f"batch:{batch.ref}"
        ).count()
        - 1,
        "records": ScreeningRecord.objects.filter(
            subject=f"batch:{batch.ref}", part="chunk"
        ).count()
        - chunks,
        "ledger": int(ledger.first_bad_entry(batch.store_id)[0] is not None),
    }
    return {name: n for name, n in found.items() if n}


@contextlib.contextmanager
def ready(stage: Stage, store: Store, numbers: list[str]) -> Iterator[None]:
    """Once the worker has done a batch: a cold start is not what is measured."""
    batch = begun(store, numbers[:5], SMALL)
    try:
        wait_until(
            lambda: ended(batch), seconds=300
        )  # the programs start in this time, however busy the machine
    except AssertionError as error:
        raise AssertionError(stage.told()) from error
    batches.cancel(batch=batch, by="system:chaos")
    yield


def owner_at_work(batch: Batch, *, seconds: float = 30) -> str:
    """The name of a worker that has a chunk at this moment; empty when the batch has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with transaction.atomic():
            names = (
                Chunk.objects.filter(batch=batch, done_at=None)
                .exclude(owner="")
                .order_by("-beat_at")
            )
            if owner := names.values_list("owner", flat=True).first():
                return owner
            if ended(batch):
                return ""
        time.sleep(0.002)
    raise AssertionError(f"nobody took up a chunk within {seconds} s")


def killed_workers(stage: Stage, store: Store, numbers: list[str], sizes: Sizes) -> dict:
    """F-1: kill -9 of the processes that have a chunk; every fourth time of the whole worker."""
    batch, began, kills = begun(store, numbers, sizes), time.monotonic(), 0
    while kills < sizes.kills and (owner := owner_at_work(batch)):
        if kills % 4 == 2:
            stage.kill_worker()
            kills += 1
        else:
            kills += stage.kill_child(owner)
        time.sleep(0.3)
    wait_until(lambda: ended(batch))
    seconds = time.monotonic() - began
    tried_again = Chunk.objects.filter(batch=batch, tries__gt=1).count()
    return {
        "seconds": round(seconds, 1),
        "kills": kills,
        "chunks_tried_again": tried_again,
        "faults": faults_of(batch, sizes),
    }


def frozen_worker(stage: Stage, store: Store, numbers: list[str], sizes: Sizes) -> dict:
    """A worker stands still in the midst of a chunk for longer than it may be silent, and then
    goes on."""
    batch, began = begun(store, numbers, sizes), time.monotonic()
    pid = int(owner_at_work(batch).split(":")[1])
    os.kill(pid, signal.SIGSTOP)
    time.sleep(12)
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: ended(batch))
    return {"seconds": round(time.monotonic() - began, 1), "faults": faults_of(batch, sizes)}


def emptied_broker(stage: Stage, store: Store, numbers: list[str], sizes: Sizes) -> dict:
    """F-2: every bell of a batch is lost, some of them after it has begun."""
    import redis

    broker = redis.Redis.from_url(stage.environment["REDIS_URL"])
    batch = begun(store, numbers, sizes)
    broker.flushall()
    began = time.monotonic()
    wait_until(lambda: batch.chunks.exclude(done_at=None).exists() or ended(batch))
    broker.flushall()
    undone = batch.chunks.filter(done_at=None).count()
    wait_until(lambda: ended(batch))
    return {
        "seconds": round(time.monotonic() - began, 1),
        "chunks_when_emptied": undone,
        "faults": faults_of(batch, sizes),
    }


def lost_broker(stage: Stage, store: Store, numbers: list[str], sizes: Sizes) -> dict:
    """F-3: the broker dies in the midst of a batch, is away, and comes back empty."""
    batch = begun(store, numbers, sizes)
    owner_at_work(batch)
    stage.stop_redis()
    second = begun(store, numbers[: sizes.chunk], sizes)  # made while nobody can be rung
    time.sleep(sizes.redis_down)
    stage.start_redis()
    back = time.monotonic()
    wait_until(lambda: ended(batch) and ended(second))
    return {
        "seconds_after_its_return": round(time.monotonic() - back, 1),
        "faults": faults_of(batch, sizes),
        "second": Batch.objects.get(pk=second.pk).status,
    }


def restarted_database(stage: Stage, store: Store, numbers: list[str], sizes: Sizes) -> dict:
    """F-6: PostgreSQL crashes and recovers while chunks are in work, all sessions lost."""
    batch, slowest = begun(store, numbers, sizes), 0.0
    crashes = 0
    while crashes < sizes.restarts and owner_at_work(batch):
        done = Chunk.objects.filter(batch=batch).exclude(done_at=None).count()
        connection.close()
        stage.crash_postgres()
        crashes += 1
        back = time.monotonic()
        wait_until(lambda done=done: _further(batch, done))
        slowest = max(slowest, time.monotonic() - back)
    wait_until(lambda: ended(batch))
    return {
        "seconds_to_resume": round(slowest, 1),
        "restarts": crashes,
        "faults": faults_of(batch, sizes),
    }


def _further(batch: Batch, done: int) -> bool:
    """work goes on after the restart"""
    try:
        return Chunk.objects.filter(batch=batch).exclude(done_at=None).count() > done or ended(
            batch
        )
    except Error:
        connection.close()
        return False


def poisoned_chunk(stage: Stage, store: Store, numbers: list[str], sizes: Sizes) -> dict:
    """A chunk that kills whoever takes it up ends as failed with a code, and nothing else waits
    for it."""
    PastOrder.objects.filter(store=store, number=numbers[0]).update(note=poisoned.NOTE)
    batch, began = begun(store, numbers[: 3 * sizes.chunk], sizes), time.monotonic()
    wait_until(lambda: batch.chunks.filter(done_at=None).count() == 1)
    sound = time.monotonic() - began
    wait_until(lambda: ended(batch))
    seconds = time.monotonic() - began
    PastOrder.objects.filter(store=store, number=numbers[0]).update(note="")
    batch.refresh_from_db()
    batches.retry(batch=batch, by="system:chaos")
    wait_until(lambda: ended(batch))
    lost = batch.chunks.filter(tries__gte=1).count()
    batch.refresh_from_db()
    found = {
        "planned_in_the_end": int(batch.status != "planned"),
        "orders": batch.orders.filter(status="planned").count() - 3 * sizes.chunk,
        "code_in_the_ledger": LedgerEntry.objects.filter(
            subject=f"batch:{batch.ref}",
            kind="batch.failed",
            facts__code="WORK_FAILED",
            facts__tries=MAX_TRIES,
        ).count()
        - 1,
    }
    return {
        "seconds": round(seconds, 1),
        "seconds_of_the_others": round(sound, 1),
        "chunks": lost,
        "faults": {name: n for name, n in found.items() if n},
    }


def beside_ten_batches(stage: Stage, store: Store, numbers: list[str], sizes: Sizes) -> dict:
    """Fairness: a store's ten batches are under way when another one asks for one order."""
    other, theirs = fill(replace(sizes, orders=1))
    many = [begun(store, numbers, sizes) for _ in range(10)]
    owner_at_work(many[0])
    one, began = begun(other, theirs, sizes), time.monotonic()
    wait_until(lambda: ended(one), every=0.02)
    alone = time.monotonic() - began
    undone = Chunk.objects.filter(batch__in=many, done_at=None).count()
    for batch in many:
        cancelling = time.monotonic()
        batches.cancel(batch=batch, by="system:chaos")
        cancelling = time.monotonic() - cancelling
    half = RepeatOrder.objects.filter(batch__in=many).exclude(status="cancelled").count()
    return {
        "seconds": round(alone, 2),
        "chunks_of_the_other_store_left": undone,
        "seconds_to_cancel": round(cancelling, 2),
        "faults": {"half": half} if half else {},
    }


SCENARIOS: dict[str, Callable] = {
    "F-1": killed_workers, "F-2": emptied_broker, "F-3": lost_broker, "F-6": restarted_database,
    "poison": poisoned_chunk, "frozen": frozen_worker, "fairness": beside_ten_batches,
}  # fmt: skip
