"""LISTEN on this thread's own connection: which stores something was told in, as soon as it is committed."""

import select
from typing import Any

import psycopg2
from django.db import Error, connection

from outbox.events import CHANNEL

LOST = (Error, psycopg2.Error)
"""What a lost connection raises, from Django's cursor or from the driver's poll."""


def begin() -> None:
    """A new connection that listens. Whatever was told before it has to be read from the rows."""
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")


def wait(seconds: float, *also: Any) -> set[int]:
    """The ids of the stores that were rung for, at the latest after `seconds`, or when `also` can be read."""
    raw = connection.connection
    if not raw.notifies:
        select.select([raw, *also], [], [], seconds)
        raw.poll()
    stores = {int(notice.payload) for notice in raw.notifies}
    raw.notifies.clear()
    return stores
