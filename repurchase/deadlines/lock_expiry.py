"""Locks whose end has come, open or under renegotiation: ended with their orders (R-49, R-55),
store by store.

Each transaction ends at most a hundred locks of one store. If one of them fails, they are tried
plan by plan, so that a damaged row holds up nothing but itself.
"""

import datetime as dt

import structlog

from marketplace.models import Store
from pricing import services as pricing
from repurchase.batches.services import order_closing
from repurchase.batches.services.timer_transactions import bounded_transaction

log = structlog.get_logger(__name__)

LOCKS_A_TRANSACTION = 100
TRANSACTIONS_A_STORE = 20
"""What is left waits for the next pass, seconds later: a store with much to end does not keep the
others waiting."""

EndedCounts = tuple[int, int]  # locks, orders


def end_due(*, store: Store | None = None, at: dt.datetime | None = None) -> EndedCounts:
    """One pass, the stores with the longest overdue lock first."""
    each = [_end_due_of_store(one, at) for one in ([store] if store else pricing.stores_due())]
    return sum(locks for locks, _ in each), sum(orders for _, orders in each)


def _end_due_of_store(store: Store, at: dt.datetime | None) -> EndedCounts:
    locks = orders = 0
    for _ in range(TRANSACTIONS_A_STORE):
        try:
            some, moved = _end_due_locks(store, at)
        except Exception:
            log.exception("lapse_failed", store=store.code)
            some, moved = _end_plan_by_plan(store, at)
            return locks + some, orders + moved
        locks, orders = locks + some, orders + moved
        if some < LOCKS_A_TRANSACTION:
            break
    return locks, orders


def _end_plan_by_plan(store: Store, at: dt.datetime | None) -> EndedCounts:
    locks = orders = 0
    for subject in pricing.subjects_due(store, at=at):
        try:
            some, moved = _end_due_locks(store, at, subject)
        except Exception:
            log.exception("lapse_failed", store=store.code, subject=subject)
        else:
            locks, orders = locks + some, orders + moved
    return locks, orders


def _end_due_locks(store: Store, at: dt.datetime | None, subject: str | None = None) -> EndedCounts:
    with bounded_transaction():
        ended = pricing.end_due(store=store, at=at, subject=subject, limit=LOCKS_A_TRANSACTION)
        return len(ended), order_closing.end_orders(ended, by="system:sweep")
