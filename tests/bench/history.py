"""The history page of one buyer among 1,000,000 orders: by index, in the time of the rows it
shows."""

import statistics
import time

from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketplace import clock
from repurchase.batches.queries import past_orders
from tests import world
from tests.bench.filling import orders_of

BUYERS, ORDERS_EACH = 200, 5000
PAGES = 7


def run() -> dict[str, dict]:
    store, buyer = _fill()
    now = clock.now(store)
    scans = _sequential_scans(store, buyer, now)
    seconds = statistics.median(
        _timed(lambda: past_orders.past_order_page(store, now=now, buyer=buyer, repeatable=True))
        for _ in range(PAGES)
    )
    floor = statistics.median(_timed(lambda: _bare(store, buyer)) for _ in range(PAGES))
    return {
        "history_sequential_scans": {
            "value": len(scans),
            "unit": "plans",
            "goal": "0",
            "detail": f"plans of a buyer's history page among {BUYERS * ORDERS_EACH:,} orders that read a large table whole"
            + (f": {'; '.join(scans)}" if scans else ""),
        },
        "history_page": {
            "value": round(seconds / floor, 1),
            "unit": "× bare cursor",
            "goal": "—",
            "detail": f"{seconds * 1000:.0f} ms for 50 screened rows with lines, {floor * 1000:.1f} ms for the bare 50 rows",
        },
    }


def _fill():
    store = world.store()
    buyer, _ = world.repeatable(store, orders=1)
    skus = [world.sku(store) for _ in range(20)]
    for _ in range(BUYERS - 1):
        orders_of(
            store, world.buyer(store), skus, orders=ORDERS_EACH, lines=1, days=700, with_lines=False
        )
    orders_of(store, buyer, skus, orders=ORDERS_EACH, lines=3, days=700)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return store, buyer


def _sequential_scans(store, buyer, now) -> list[str]:
    """Runs each query of the page again under EXPLAIN; names the large tables that it would read
    whole."""
    with CaptureQueriesContext(connection) as captured:
        for repeatable in (True, None):
            page = past_orders.past_order_page(store, now=now, buyer=buyer, repeatable=repeatable)
            past_orders.past_order_page(
                store, now=now, buyer=buyer, repeatable=repeatable, cursor=page.next_cursor
            )
    found = []
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if not query["sql"].startswith("SELECT"):
                continue
            cursor.execute("EXPLAIN " + query["sql"])
            plan = [row[0] for row in cursor.fetchall()]
            found += [line.strip() for line in plan if "Seq Scan on marketplace_pastorder" in line]
    return found


def _bare(store, buyer) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM marketplace_pastorder WHERE store_id = %s AND buyer_id = %s AND status = 'completed' "
            "ORDER BY completed_at DESC, id DESC LIMIT 50",
            [store.pk, buyer.pk],
        )
        cursor.fetchall()


def _timed(work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
