"""How often something was done lately: counted in Redis, in one place for all web processes.

Redis may be away or emptied at any time. Emptied, counts begin anew. Away, each process counts by
itself until it is back: no call fails for it, and a loop is still stopped. What guards a secret is
counted elsewhere, in the database: sign-in (axes) and signing codes (docs/operating.md).
"""

import contextlib
import functools
import time
from collections.abc import Callable
from typing import TypeVar

import redis
import structlog
from django.core.cache import BaseCache, caches
from django.core.cache.backends.redis import RedisCache

log = structlog.get_logger(__name__)
T = TypeVar("T")

REDIS_RETRY_SECONDS = 5
"""So long nobody asks a Redis that was away: waiting for it half a second at each call would be
the greater harm."""

_away_until = 0.0


class SharedCache(RedisCache):
    def clear(self) -> bool:
        """Its own keys only. Django's would empty the database, and the broker's queue may lie in
        it."""
        client = self._cache.get_client(None, write=True)
        keys = list(client.scan_iter(match=f"{self.key_prefix}:*"))
        return bool(keys) and bool(client.delete(*keys))


@functools.cache
def shared_cache() -> BaseCache:
    """One for the process: under ASGI `caches[…]` would make one, and its connections, anew for
    each request."""
    return caches.create_connection("throttles")


def query_counters(question: Callable[[BaseCache], T]) -> T:
    """`question` put to the shared counters; to this process's own while Redis is away."""
    global _away_until
    if time.monotonic() >= _away_until:
        try:
            return question(shared_cache())
        except redis.RedisError as error:
            _away_until = time.monotonic() + REDIS_RETRY_SECONDS
            log.warning("throttles_without_redis", error=str(error))
    return question(caches["process"])


def spend(name: str, *, calls: int, seconds: int, now: float | None = None) -> float:
    """0: it is one of `calls` in `seconds`, and is counted. Else it is refused: so many seconds
    until one is free.

    Two neighbouring windows are counted, and of the one before as much as still lies within
    `seconds`.
    """
    window, into = divmod(time.time() if now is None else now, seconds)
    this, before = f"{name}:{int(window)}", f"{name}:{int(window) - 1}"

    def count(counters: BaseCache) -> float:
        mine, theirs = _increment_counter(counters, this, 3 * seconds), counters.get(before, 0)
        if mine + theirs * (1 - into / seconds) <= calls:
            return 0
        with contextlib.suppress(ValueError):  # emptied meanwhile
            counters.decr(this)
        return _seconds_until_free(mine - 1, theirs, calls, seconds) - into

    return query_counters(count)


def _increment_counter(counters: BaseCache, name: str, keep: int) -> int:
    counters.add(name, 0, timeout=keep)
    try:
        return counters.incr(name)
    except ValueError:  # emptied since the line before
        return 1


def _seconds_until_free(mine: int, theirs: int, calls: int, seconds: int) -> float:
    """From the begin of this window until one more fits in."""
    if mine < calls:
        return seconds * (1 - (calls - 1 - mine) / theirs)
    return seconds + seconds * (1 - (calls - 1) / mine)


def acquire_slot(owner: str, *, places: int, seconds: int) -> str:
    """One of the owner's places, until it is given back or was not kept for so long; "" when none
    is free."""

    def take(counters: BaseCache) -> str:
        names = (f"{owner}:{n}" for n in range(places))
        return next((name for name in names if counters.add(name, 1, timeout=seconds)), "")

    return query_counters(take)


def renew_slot(name: str, *, seconds: int) -> None:
    """For so long again; also where an emptied Redis has forgotten it."""
    query_counters(lambda counters: counters.set(name, 1, timeout=seconds))


def release_slot(name: str) -> None:
    query_counters(lambda counters: counters.delete(name))
