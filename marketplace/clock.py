"""The one clock for verdicts on deadlines: the database's, plus what a sandbox store was moved by.

`clock_timestamp()`, not `now()`: the latter is the transaction's start, and an act that waited for
a row lock would be judged as if it had not waited (reliability rule 2).
"""

import datetime as dt

from django.db import connection
from django.db.models import DateTimeField, ExpressionWrapper, F, Func

from marketplace.models import Store


def now(store: Store | None = None) -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: dt.datetime = cursor.fetchone()[0]
    return instant + store.clock_offset if store else instant


class _DatabaseClock(Func):
    function = "clock_timestamp"
    output_field = DateTimeField()


def store_now_expression(store: str = "store") -> ExpressionWrapper:
    """The same clock inside a query whose rows belong to many stores; `store` is the path to the
    row's store."""
    return ExpressionWrapper(
        _DatabaseClock() + F(f"{store}__clock_offset"), output_field=DateTimeField()
    )
