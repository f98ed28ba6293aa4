"""Ringing a task by name after the commit. A lost ring costs time, never work: the sweep reads the
rows."""

import functools

import redis
import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.backoff import NoBackoff
from redis.retry import Retry

log = structlog.get_logger(__name__)


def enqueue_task(
    task: str, /, *, times: int = 1, priority: int | None = None, **arguments: object
) -> None:
    """Sends `task` to the queue once the transaction is committed; with the broker down it only
    logs.

    `times`: for as many workers as may come. `priority`: another one than its route says.
    """
    options = {} if priority is None else {"priority": priority}
    transaction.on_commit(lambda: _send_task(task, times, arguments, options), robust=True)


def _send_task(
    task: str, times: int, arguments: dict[str, object], options: dict[str, int]
) -> None:
    try:
        if not settings.BROKER_URL:
            quick_redis().ping()
        for _ in range(times):
            current_app.send_task(task, kwargs=arguments, retry=False, **options)
    except (redis.RedisError, OperationalError) as error:
        log.warning("bell_unheard", task=task, arguments=arguments, error=str(error))


@functools.cache
def quick_redis() -> redis.Redis:
    """It says no at once, where the queue's own client tries for seconds while a person waits."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=0.5,
        socket_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
    )
