"""5000 orders of 3 lines, from enqueue to planned, by a real worker, against COPY of the same
rows."""

import contextlib
import io
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace.models import PastOrder
from outbox import event_listener
from repurchase.batches.services import batches, chunks
from repurchase.models import Batch, Chunk
from tests import world
from tests.bench.filling import orders_of

ORDERS, FEW, LINES, RUNS = 5000, 1000, 3, 7
TABLES = ("repurchase_repeatorder", "repurchase_repeatline", "repurchase_orderfee")


def run() -> dict[str, dict]:
    store, numbers = _fill()
    event_listener.begin()
    with _worker() as worker:
        _generate(store, numbers)  # warms the worker: imports, connections, plans
        rounds = [(_generate(store, numbers, into_empty=True)[0], _floor()) for _ in range(RUNS)]
        sizes = [(_generate(store, numbers[:FEW]), _generate(store, numbers)) for _ in range(RUNS)]
        peak = _peak_mb(worker)
    ratios = [seconds / floor for seconds, floor in rounds]
    seconds, floor = (statistics.median(column) for column in zip(*rounds, strict=True))
    whole, queued = (
        [few[part] * ORDERS / (many[part] * FEW) for few, many in sizes] for part in (0, 1)
    )
    few, many = (
        statistics.median(times[1] for times in column) for column in zip(*sizes, strict=True)
    )
    return {
        "batch_5000": {
            "value": round(statistics.median(ratios), 2),
            "unit": "× COPY",
            "goal": "≤ 2.5",
            "detail": f"{seconds:.2f} s from the call to planned, {floor:.2f} s COPY of {_rows} rows; "
            f"median of {RUNS} ({', '.join(f'{ratio:.2f}' for ratio in ratios)}), {ORDERS / seconds:,.0f} orders/s; "
            f"load {os.getloadavg()[0]:.1f}",
        },
        "batch_linear": {
            "value": round(statistics.median(queued), 2),
            "unit": "× an order's time",
            "goal": "0.85 to 1.15",
            "detail": f"{few / FEW * 1e6:.0f} µs an order in a batch of {FEW}, {many / ORDERS * 1e6:.0f} in one of {ORDERS}, "
            f"enqueued to planned; median of {RUNS} ({', '.join(f'{each:.2f}' for each in queued)}); "
            f"{statistics.median(whole):.2f} with the call that makes the batch",
        },
        "batch_worker_memory": {
            "value": round(peak),
            "unit": "MB",
            "goal": "≤ 400",
            "detail": "peak resident memory of any worker process (VmHWM)",
        },
        "batch_queries_per_chunk": _queries(store, numbers),
    }


_rows = 0


def _fill():
    store = world.store()
    buyer, _ = world.repeatable(store, orders=1)
    skus = [world.sku(store, price="10.00") for _ in range(60)]
    orders_of(store, buyer, skus, orders=ORDERS, lines=LINES)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE marketplace_sku SET on_hand = 10000000, stock_synced_at = now() + interval '1 day'"
        )
        cursor.execute("VACUUM ANALYZE")
    newest = PastOrder.objects.filter(store=store, buyer=buyer).order_by("-id")[:ORDERS]
    return store, list(newest.values_list("number", flat=True))


@contextlib.contextmanager
def _worker() -> Iterator[subprocess.Popen]:
    log = Path(os.environ["DATA_DIR"]) / "bench-worker.log"
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "repurchase",
            "worker",
            "--concurrency",
            "2",
            "--loglevel",
            "warning",
            "--without-gossip",
            "--without-mingle",
        ],
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _generate(store, numbers, *, into_empty: bool = False) -> tuple[float, float]:
    """Seconds from the call that makes the batch, and from its return, to the row that says
    planned.

    The bells are rung by the commit, within the call: a worker may be at the first chunk when it
    returns.

    `into_empty`: tables as the floor finds them. TRUNCATE has every connection read its catalogue
    and plan the checks of foreign keys anew, 10 ms that no batch in service pays, so the
    comparison of sizes goes without.
    """
    if into_empty:
        _empty()
    started = time.perf_counter()
    batch = batches.create(store=store, numbers=numbers, by="system:bench")
    enqueued = time.perf_counter()
    while (
        status := Batch.objects.values_list("status", flat=True).get(pk=batch.pk)
    ) == "screening":
        # as a page does: asking again and again would take the worker's processor
        event_listener.wait(1)
        if time.perf_counter() - started > 120:
            raise RuntimeError(
                "The worker did not finish; see bench-worker.log in the data directory."
            )
    ended = time.perf_counter()
    planned = batch.orders.filter(status="planned").count()
    if (status, planned) != ("planned", len(numbers)):
        raise RuntimeError(f"{status} with {planned} planned orders, wanted all {len(numbers)}")
    return ended - started, ended - enqueued


def _floor() -> float:
    """Seconds for a raw COPY of the rows that the batch has just written, into the real schema."""
    global _rows
    dumps = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            text = io.StringIO()
            cursor.cursor.copy_expert(f"COPY {table} TO STDOUT", text)
            dumps[table] = text.getvalue()
        _rows = sum(dump.count("\n") for dump in dumps.values())
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
        started = time.perf_counter()
        cursor.execute("BEGIN")
        for table in TABLES:
            cursor.cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO(dumps[table]))
        cursor.execute("COMMIT")
        return time.perf_counter() - started


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)}, repurchase_chunk, repurchase_batch CASCADE")


def _peak_mb(worker: subprocess.Popen) -> float:
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    return max(_high_water_kb(pid) for pid in [str(worker.pid), *children]) / 1024


def _high_water_kb(pid: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def _queries(store, numbers) -> dict:
    counts = {}
    for size in (50, 500):
        _empty()
        batches.create(store=store, numbers=numbers[:size], by="system:bench")
        with CaptureQueriesContext(connection) as queries:
            chunks.plan_one(Chunk.objects.get().pk)
        counts[size] = len(queries)
    return {
        "value": counts[500],
        "unit": "queries",
        "goal": "the same for 50 and 500 orders",
        "detail": f"{counts[50]} for a chunk of 50 orders, {counts[500]} for one of 500, COPY not counted",
    }
