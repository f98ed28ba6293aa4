"""What one web process counts, all of them count."""

import secrets
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from repurchase import throttling
from repurchase.throttling import SharedThrottle


class Throttle(SharedThrottle):
    scope = "test"
    rate = "3/min"

    def get_cache_key(self, request, view):
        return request


IN_ANOTHER_PROCESS = """
import django; django.setup()
from tests.repurchase.test_throttling import Throttle
print(Throttle().allow_request("{key}", None))
"""


@pytest.fixture
def key() -> str:
    return f"throttle:test:{secrets.token_hex(8)}"


def asked(key: str, times: int) -> list[bool]:
    return [Throttle().allow_request(key, None) for _ in range(times)]


class TestACount:
    def test_is_shared_by_processes(self, key):
        assert asked(key, 2) == [True, True]
        there = subprocess.run(
            [sys.executable, "-c", IN_ANOTHER_PROCESS.format(key=key)], cwd=Path(settings.BASE_DIR),
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert there.stdout.split() == ["True"]
        assert asked(key, 1) == [False]

    def test_always_has_an_end(self, key):
        throttle = Throttle()
        throttle.allow_request(key, None)
        throttle.allow_request(key, None)
        assert 0 < throttle.wait() <= 60
        assert 0 < throttling.quick_redis().ttl(key) <= 60

    def test_of_nobody_is_none(self):
        assert asked(None, 4) == [True] * 4

    def test_is_kept_by_each_process_while_redis_is_away(self, key, monkeypatch):
        nobody = redis.Redis(port=1, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0))
        monkeypatch.setattr(throttling, "quick_redis", lambda: nobody)
        assert asked(key, 4) == [True, True, True, False]
        throttle = Throttle()
        assert not throttle.allow_request(key, None)
        assert 0 < throttle.wait() <= 60
