"""The one clock for verdicts on deadlines: the database's, plus what a sandbox store was moved by.

`clock_timestamp()`, not `now()`: the latter is the transaction's start, and an act that waited for a row
lock would be judged as if it had not waited (reliability rule 2).
"""

import datetime as dt

from django.db import connection

from marketplace.models import Store


def now(store: Store | None = None) -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: dt.datetime = cursor.fetchone()[0]
    return instant + store.clock_offset if store else instant
