"""What takes long or can fail outside of us is done while no row is held (reliability 11).

A render, a network call or a file write inside a transaction keeps its rows from everybody else
for as long as it takes, and the database ends a transaction that stands still for a minute. So
each of them asks here first.
"""

from django.db import connection


class InsideTransaction(RuntimeError):
    """A render, a network call or a file write was begun inside a transaction: a fault of the code
    that calls it."""


def refuse_in_transaction(act: str) -> None:
    """InsideTransaction when one is open on this thread's connection. The one that a test wraps
    itself in is none."""
    if any(not block._from_testcase for block in connection.atomic_blocks):
        raise InsideTransaction(act)
