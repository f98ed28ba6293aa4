"""LISTEN on this thread's own connection: which stores something was told in, as soon as it is
committed."""

import select
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg2
from django.db import Error, connection

from outbox import events, progress

CONNECTION_ERRORS = (Error, psycopg2.Error)
"""What a lost connection raises, from Django's cursor or from the driver's poll."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedNotifications:
    stores: set[int]  # in which events were told
    progress: Sequence[tuple[int, dict[str, Any]]]  # (store, what was said)


def begin(*, progress_too: bool = False) -> None:
    """A new connection that listens. Whatever was told before it has to be read from the rows."""
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {events.CHANNEL}")
        if progress_too:
            cursor.execute(f"LISTEN {progress.CHANNEL}")


def wait(seconds: float, *also: Any) -> ReceivedNotifications:
    """What was heard, at the latest after `seconds`, or when `also` can be read."""
    raw = connection.connection
    if not raw.notifies:
        select.select([raw, *also], [], [], seconds)
        raw.poll()
    heard = list(raw.notifies)
    raw.notifies.clear()
    return ReceivedNotifications(
        stores={int(each.payload) for each in heard if each.channel == events.CHANNEL},
        progress=[
            progress.parse_notification(each.payload)
            for each in heard
            if each.channel == progress.CHANNEL
        ],
    )
