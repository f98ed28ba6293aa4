"""When the parties are reminded of an end that comes near. Pure."""

import datetime as dt
from collections.abc import Sequence

HOUR = dt.timedelta(hours=1)

LOCK_STAGES: Sequence[dt.timedelta] = (24 * HOUR, 6 * HOUR, HOUR)
RENEGOTIATION_STAGES: Sequence[dt.timedelta] = (2 * HOUR, HOUR / 2)
"""Before the end that runs, the earliest first."""


def stage_at(
    stages: Sequence[dt.timedelta], *, ends_at: dt.datetime, now: dt.datetime
) -> dt.timedelta | None:
    """The last stage that has come; None before the first, and at the end and after it: nobody is
    reminded too late."""
    come = [stage for stage in stages if ends_at - stage <= now < ends_at]
    return min(come) if come else None


def next_stage_at(
    stages: Sequence[dt.timedelta], *, ends_at: dt.datetime, now: dt.datetime
) -> dt.datetime | None:
    """The instant of the next stage that is still to come; None after the last. Missed ones are
    left out."""
    return min((ends_at - stage for stage in stages if ends_at - stage > now), default=None)
