"""The key figures of a store whose buyer has confirmed a batch of 5000 orders, and of a batch that
came to nothing."""

import datetime as dt
import statistics
import time

from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace import clock
from marketplace.models import PastOrder, Store
from pricing.models import Lock
from repurchase.batches.services import batches, chunks, planning, price_lock
from repurchase.reporting.queries.kpis import key_figures_of_store
from tests import world
from tests.bench.filling import orders_of
from tests.repurchase.sealing import confirm

ORDERS, LINES, RUNS = 5000, 3, 5


def run() -> dict[str, dict]:
    store = _confirmed_and_failed()
    until = clock.now(store) + dt.timedelta(minutes=1)
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            found = key_figures_of_store(store, since=until - dt.timedelta(days=30), until=until)
        seconds.append(time.perf_counter() - started)
    samples = {figure.name: figure.n for figure in found.figures}
    if (samples["cycle"], found.failed) != (ORDERS, ORDERS):
        raise RuntimeError(
            f"not the orders that were to be counted: {samples}, {found.failed} failed"
        )
    return {
        "figures_5000": {
            "value": round(statistics.median(seconds), 2),
            "unit": "s",
            "goal": "≤ 0.5",
            "detail": f"{ORDERS} confirmed and {ORDERS} failed orders of {LINES} lines; {len(queries)} queries; "
            f"median of {RUNS}",
        }
    }


def _confirmed_and_failed() -> Store:
    store = world.store()
    _plan(store, rated=True)
    price_lock.lock_and_invite(batch=store_batch(store), by="user:1")
    confirm(store_batch(store))
    if not Lock.objects.filter(store=store, status="confirmed").exists():
        raise RuntimeError("The batch was not confirmed.")
    _plan(store, rated=False)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return store


def store_batch(store: Store):
    return store.batches.latest("pk")


def _plan(store: Store, *, rated: bool) -> None:
    buyer, _ = world.repeatable(store, orders=5, country="DE" if rated else "FR")
    skus = [
        world.sku(store, price="10.00", on_hand=10_000_000, stock_synced_at=clock.now(store))
        for _ in range(40)
    ]
    orders_of(store, buyer, skus, orders=ORDERS, lines=LINES)
    mine = PastOrder.objects.filter(store=store, buyer=buyer, number__startswith=f"B{buyer.pk}-")
    if not rated:
        mine.update(rating=None)
    batch = batches.create(
        store=store, numbers=list(mine.values_list("number", flat=True)), by="user:1"
    )
    for chunk_id in batch.chunks.values_list("pk", flat=True):
        chunks.plan_one(chunk_id)
    planning.finish_batch(batch.pk)
