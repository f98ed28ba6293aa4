"""How often somebody may call: counted in Redis for all web processes together."""

from typing import Any

import redis
import structlog
from rest_framework.throttling import SimpleRateThrottle

from outbox.bells import quick_redis

log = structlog.get_logger(__name__)


class SharedThrottle(SimpleRateThrottle):
    """So many calls in a window that begins with the first of them.

    While Redis is away each process counts by itself: nobody is locked out, and nobody is let in without limit.
    """

    def allow_request(self, request: Any, view: Any) -> bool:
        key = self.get_cache_key(request, view)
        if key is None:
            return True
        try:
            calls, self.seconds_left = self._count(key)
        except redis.RedisError as error:
            log.warning("throttle_counts_alone", scope=self.scope, error=str(error))
            self.seconds_left = None
            return super().allow_request(request, view)
        return calls <= self.num_requests

    def _count(self, key: str) -> tuple[int, int]:
        """(calls so far, seconds until the window ends), in one transaction: no count is left without an end."""
        counting = quick_redis().pipeline(transaction=True)
        counting.set(key, 0, ex=self.duration, nx=True)
        counting.incr(key)
        counting.ttl(key)
        _, calls, left = counting.execute()
        return calls, left

    def wait(self) -> float | None:
        return super().wait() if self.seconds_left is None else self.seconds_left
