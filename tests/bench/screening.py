"""Screening 5000 ticked orders of 3 lines, facts loading included, against a bare cursor that
reads the same rows."""

import statistics
import time

from django.db import connection
from django.test.utils import CaptureQueriesContext

from eligibility.queries import limits_of, order_facts, world_facts
from eligibility.rules import OrderVerdict
from eligibility.screener import screen_each
from marketplace import clock, policy
from marketplace.models import PastOrder, Store
from marketplace.queries import latest_rates
from tests import world as making
from tests.bench.filling import orders_of

ORDERS, LINES, RUNS = 5000, 3, 7
SIZES = (50, 5000)


def run() -> dict[str, dict]:
    store, ids = _fill()
    _screened(store, ids)  # warms the connection and the caches of both
    statements = _statements(store, ids)
    pairs = [(_timed(_screened, store, ids), _timed(_read, statements)) for _ in range(RUNS)]
    seconds, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {
        "screening_5000": {
            "value": round(statistics.median(mine / bare for mine, bare in pairs), 2),
            "unit": "× bare cursor",
            "goal": "≤ 6",
            "detail": f"{seconds * 1000:.0f} ms to load and screen {ORDERS} orders of {LINES} lines, "
            f"{floor * 1000:.0f} ms to read the same rows; median of {RUNS}",
        },
        "screening_queries": _queries(store, ids),
    }


def _fill() -> tuple[Store, list[int]]:
    store = making.store()
    buyer, _ = making.repeatable(store, orders=1)
    skus = [making.sku(store, price="10.00") for _ in range(60)]
    orders_of(store, buyer, skus, orders=ORDERS, lines=LINES)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE marketplace_sku SET on_hand = 10000000, stock_synced_at = now() + interval '1 day'"
        )
        cursor.execute("VACUUM ANALYZE")
    newest = PastOrder.objects.filter(store=store, buyer=buyer).order_by("-id")[:ORDERS]
    return store, list(newest.values_list("id", flat=True))


def _screened(store: Store, ids: list[int]) -> list[OrderVerdict]:
    """What a dry screening does: the facts of these orders, the world around them, a verdict on
    each."""
    now = clock.now(store)
    values = policy.in_force(now)
    orders = order_facts(store=store, order_ids=ids, now=now)
    rates = latest_rates(now, store=store, max_age_days=10_000)
    around = world_facts(store=store, orders=orders, limits=limits_of(values), rates=rates, now=now)
    verdicts = screen_each(orders, world=around, gates={})
    if [v.outcome for v in verdicts] != ["planned"] * len(ids):
        raise RuntimeError("Not every order passed: the figure would be that of another work.")
    return verdicts


def _statements(store: Store, ids: list[int]) -> list[str]:
    """The very queries of a screening, captured once: the same tables, columns and ids."""
    with CaptureQueriesContext(connection) as captured:
        _screened(store, ids)
    return [query["sql"] for query in captured.captured_queries]


def _read(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for sql in statements:
            cursor.cursor.execute(sql)  # the driver's own cursor, nothing of Django's
            cursor.fetchall()


def _timed(work, *args) -> float:
    started = time.perf_counter()
    work(*args)
    return time.perf_counter() - started


def _queries(store: Store, ids: list[int]) -> dict:
    counts = {size: len(_statements(store, ids[:size])) for size in SIZES}
    return {
        "value": counts[5000],
        "unit": "queries",
        "goal": "the same for 50 and 5000 orders",
        "detail": f"{counts[50]} for 50 orders, {counts[5000]} for 5000",
    }
