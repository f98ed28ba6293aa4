"""How far something is: said at the commit to who listens, kept nowhere. What counts is in the
rows.

Beside the events, which are numbered and kept: who missed one has missed nothing that a later one,
or a look, tells.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.db import connection

CHANNEL = "progress"


def publish_progress(store_id: int, what: Mapping[str, Any]) -> None:
    """`what`: plain values, a few hundred bytes. Outside of a transaction it goes out at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_notify(%s, %s)", [CHANNEL, json.dumps({"store": store_id, **what})]
        )


def parse_notification(payload: str) -> tuple[int, dict[str, Any]]:
    """(the store, what was said)."""
    what = json.loads(payload)
    return what.pop("store"), what
