"""How work grows with workers, and data with orders: the coefficients of docs/scaling.md.

Workers of one process each, so that 1, 2 and 4 of them mean what they say; on fewer cores than
workers the speed-up is that of the cores. The bytes are those of one batch of 5000 orders of 3
lines, indexes included.
"""

import contextlib
import datetime as dt
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.apps import apps
from django.db import connection

from marketplace import clock
from marketplace.models import PastOrder, Store
from pricing import services as pricing
from repurchase.batches.services import batches, chunks
from repurchase.confirmation.services import triggers
from repurchase.deadlines import sweep
from repurchase.models import Batch, Chunk
from tests import world
from tests.bench.filling import orders_of
from tests.chaos import many

STORES, ORDERS, LINES, RUNS = 4, 5000, 3, 3
WORKERS = (1, 2, 4)
LOCK_STORES, LOCKS = 100, 10_000
HISTORY = ("marketplace_pastorder", "marketplace_pastorderline")
GROWING = (
    "repurchase_repeatorder", "repurchase_repeatline", "repurchase_orderfee", "repurchase_chunk", "repurchase_batch",
    "eligibility_screeningrecord", "diagnostics_ledgerentry", "diagnostics_failure", "outbox_event",
)  # fmt: skip

Wanted = list[tuple[Store, list[str]]]


def run() -> dict[str, dict]:
    wanted = _fill()
    one, side_by_side = (
        [wanted[0]],
        [(store, numbers[: ORDERS // STORES]) for store, numbers in wanted],
    )
    seconds: dict[int, tuple[float, float]] = {}
    for count in WORKERS:
        with _workers(count):
            _plan(one)  # warms them: imports, connections, plans
            rounds = [(_plan(one), _plan(side_by_side)) for _ in range(RUNS)]
        seconds[count] = tuple(statistics.median(column) for column in zip(*rounds, strict=True))
    cpu = _cpu_of_one(one)
    _plan_here(one)
    sizes, past = _bytes(GROWING), sum(_bytes(HISTORY).values())
    past_orders = PastOrder.objects.count()
    idle, judged = _sweeps()
    per_order = sum(sizes.values()) / ORDERS
    shares = ", ".join(
        f"{name.partition('_')[2]} {size / ORDERS:,.0f}" for name, size in sizes.items() if size
    )
    return {
        f"workers_{count}": {
            "value": round(seconds[1][0] / seconds[count][0], 2),
            "unit": "× one worker",
            "goal": "reported",
            "detail": f"{seconds[count][0]:.2f} s for {ORDERS} orders of one store, {seconds[count][1]:.2f} s for "
            f"{STORES} stores' {ORDERS // STORES} each ({seconds[1][1] / seconds[count][1]:.2f} ×); {os.cpu_count()} cores",
        }
        for count in WORKERS
    } | {
        "order_cpu": {
            "value": round(cpu / ORDERS * 1e6),
            "unit": "µs",
            "goal": "reported",
            "detail": "of a worker's processor time an order, PostgreSQL's not counted",
        },
        "sweep_idle": {
            "value": round(idle * 1000),
            "unit": "ms",
            "goal": "reported",
            "detail": f"a pass of the timers that finds nothing to do among {LOCKS} open locks of {LOCK_STORES} stores",
        },
        "locks_judged": {
            "value": round(judged),
            "unit": "locks/s",
            "goal": "reported",
            "detail": f"held against their rates by one process, when none of {LOCKS} had been yet",
        },
        "order_bytes": {
            "value": round(per_order),
            "unit": "bytes",
            "goal": "reported",
            "detail": f"of the database an order of {LINES} lines, indexes included: {shares}",
        },
        "past_order_bytes": {
            "value": round(past / past_orders),
            "unit": "bytes",
            "goal": "reported",
            "detail": f"of the database a past order of {LINES} lines, indexes included",
        },
    }


def _fill() -> Wanted:
    filled = []
    for _ in range(STORES):
        store = world.store()
        buyer, _ = world.repeatable(store, orders=1)
        skus = [world.sku(store, price="10.00") for _ in range(60)]
        orders_of(store, buyer, skus, orders=ORDERS, lines=LINES)
        newest = PastOrder.objects.filter(store=store, buyer=buyer).order_by("-id")[:ORDERS]
        filled.append((store, list(newest.values_list("number", flat=True))))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE marketplace_sku SET on_hand = 10000000, stock_synced_at = now() + interval '1 day'"
        )
        cursor.execute("VACUUM ANALYZE")
    return filled


@contextlib.contextmanager
def _workers(count: int) -> Iterator[None]:
    """Workers of one process each."""
    log = (Path(os.environ["DATA_DIR"]) / "bench-workers.log").open("a")
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "repurchase",
        "worker",
        "--concurrency",
        "1",
        "--loglevel",
        "warning",
        "--without-gossip",
        "--without-mingle",
        "-n",
    ]
    started = [
        subprocess.Popen([*command, f"w{n}@%h"], stdout=log, stderr=subprocess.STDOUT)
        for n in range(count)
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def _plan(wanted: Wanted) -> float:
    """Seconds from the first call that enqueues to the last row that says planned."""
    _empty()
    started = time.perf_counter()
    made = [
        batches.create(store=store, numbers=numbers, by="system:bench").pk
        for store, numbers in wanted
    ]
    while Batch.objects.filter(pk__in=made, status="screening").exists():
        time.sleep(0.005)
        if time.perf_counter() - started > 300:
            raise RuntimeError(
                "The workers did not finish; see bench-workers.log in the data directory."
            )
    seconds = time.perf_counter() - started
    if Batch.objects.filter(pk__in=made, status="planned").count() != len(made):
        raise RuntimeError(
            "Not every batch came out planned: the time would be that of another work."
        )
    return seconds


def _plan_here(wanted: Wanted) -> None:
    _empty()
    for store, numbers in wanted:
        batches.create(store=store, numbers=numbers, by="system:bench")
    for pk in Chunk.objects.order_by("pk").values_list("pk", flat=True):
        chunks.plan_one(pk)


def _cpu_of_one(wanted: Wanted) -> float:
    """Processor seconds of this process for one batch, the second time."""
    _plan_here(wanted)
    before = resource.getrusage(resource.RUSAGE_SELF)
    _plan_here(wanted)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _sweeps() -> tuple[float, float]:
    """(seconds of a pass with nothing to do, locks judged a second)."""
    later = clock.now() + dt.timedelta(hours=60)
    for _ in range(LOCK_STORES):
        many.locks(world.store(), [later] * (LOCKS // LOCK_STORES))
    # sandboxes have markets of their own
    Store.objects.update(sandbox=False, clock_offset=dt.timedelta(0))
    # moved, but within the limit
    world.rates(published_on=clock.now().date(), source="bench", USD="1.11")
    judged = 0.0
    while pricing.unjudged_locks(store=None, at=None):
        started = time.perf_counter()
        triggers.open_renegotiations()
        judged += time.perf_counter() - started
    idle = []
    for _ in range(5):
        started = time.perf_counter()
        sweep.run_sweep()
        idle.append(time.perf_counter() - started)
    return statistics.median(idle), LOCKS / judged


def _bytes(tables: Sequence[str]) -> dict[str, int]:
    sizes = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute("SELECT pg_total_relation_size(%s)", [table])
            sizes[table] = cursor.fetchone()[0]
    return sizes


def _empty() -> None:
    """What the batches before have written: the floor of each run is the same."""
    known = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    missing = set(GROWING) - known
    if missing:
        raise RuntimeError(f"No such table: {missing}")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE diagnostics_ledgerentry DISABLE TRIGGER USER")
        cursor.execute(
            f"TRUNCATE {', '.join(GROWING)}, diagnostics_ledgerhead, outbox_eventhead CASCADE"
        )
        cursor.execute("ALTER TABLE diagnostics_ledgerentry ENABLE TRIGGER USER")
