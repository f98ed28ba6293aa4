"""Whether anybody does the work in the background: for `/readyz`, and for pages that tell how far
it is."""

import datetime as dt

import redis
from django.conf import settings

from marketplace import clock
from outbox.task_queue import quick_redis
from repurchase.models import Heartbeat

HEARTBEAT_MAX_AGE = dt.timedelta(seconds=10 * settings.SWEEP_SECONDS)
"""Beat rings the sweep each few seconds and a worker answers: older than this, one of them is
gone."""


def is_sweep_running() -> bool:
    """A worker has answered beat's ring a moment ago."""
    last = _last_sweep_at()
    return last is not None and clock.now() - last < HEARTBEAT_MAX_AGE


def is_work_waiting() -> bool:
    """Nobody takes up work any more: the broker does not answer, or the workers have fallen
    silent."""
    last = _last_sweep_at()
    return not _is_broker_reachable() or (
        last is not None and clock.now() - last >= HEARTBEAT_MAX_AGE
    )


def _last_sweep_at() -> dt.datetime | None:
    return Heartbeat.objects.filter(name="sweep").values_list("beat_at", flat=True).first()


def _is_broker_reachable() -> bool:
    if settings.BROKER_URL:  # another broker than Redis: the heartbeat alone tells
        return True
    try:
        quick_redis().ping()
    except redis.RedisError:
        return False
    return True
