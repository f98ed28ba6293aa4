"""Transactions of the timers: short, and never in the way of each other for long.

A sweeper that is frozen in the midst of one holds rows that the others need, the store's ledger
above all. The database ends such a transaction after a while, and whoever waits for it gives up
first and comes back with the next pass (F-5).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

LOCK_TIMEOUT_SECONDS = 3
IDLE_TIMEOUT_SECONDS = 15


@contextmanager
def bounded_transaction() -> Iterator[None]:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s';"
                f"SET LOCAL idle_in_transaction_session_timeout = '{IDLE_TIMEOUT_SECONDS}s'"
            )
        yield
