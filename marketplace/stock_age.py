"""When a stock figure is too old to rely on (R-70): exactly the limit still passes. Pure."""

import datetime as dt


def is_stale(synced_at: dt.datetime | None, *, now: dt.datetime, max_age: dt.timedelta) -> bool:
    """Whether stock last synchronised at `synced_at` (None: never) is older than `max_age`."""
    return synced_at is None or now - synced_at > max_age
