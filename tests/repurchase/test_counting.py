"""Throttles are counted in one place for all web processes, on the real Redis; and what holds
while there is none."""

import contextlib
import http.client
import http.cookiejar
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import redis
from axes.models import AccessAttempt
from django.conf import settings
from django.core.cache import caches
from structlog.testing import capture_logs

from repurchase.integration import event_stream
from repurchase.integration.api.auth import KeyThrottle
from repurchase.site import rate_limits
from repurchase.site.rate_limits import spend
from tests import world
from tests.beside import ROOT, server
from tests.repurchase.test_api import Caller
from tests.repurchase.test_streaming import STREAM, key_of, opened

PASSWORD = "a long password"  # of the members of tests.world
SPENDING = """
import django; django.setup()
from repurchase.site.rate_limits import spend
print([spend("test:{name}", calls=6, seconds=60, now=6e8) == 0 for _ in range(5)].count(True))
"""


def spent(name: str) -> int:
    """In a process of its own: how many of five were allowed."""
    code = SPENDING.format(name=name)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "repurchase.embedded.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return int(done.stdout)


@pytest.fixture
def away(monkeypatch):
    """No Redis answers at its address."""
    nobody = rate_limits.SharedCache("redis://127.0.0.1:1", {"OPTIONS": {"retry": None}})
    monkeypatch.setattr(rate_limits, "shared_cache", lambda: nobody)
    monkeypatch.setattr(rate_limits, "_away_until", 0.0)
    caches["process"].clear()


class TestCalls:
    @pytest.mark.programs
    def test_are_counted_for_all_processes(self):
        name = str(os.getpid())
        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(spent, [name, name])) == 6

    def test_are_counted_once_each_however_many_come_at_once(self):
        with ThreadPoolExecutor(8) as pool:
            waits = list(pool.map(lambda _: spend("a", calls=20, seconds=60, now=6e8), range(80)))
        assert waits.count(0) == 20

    def test_are_free_again_when_it_says_so_and_not_before(self):
        began = 6e8
        assert [spend("a", calls=3, seconds=60, now=began + n) for n in range(3)] == [0, 0, 0]
        wait = spend("a", calls=3, seconds=60, now=began + 3)
        assert spend("a", calls=3, seconds=60, now=began + 3 + wait - 0.1) > 0
        assert spend("a", calls=3, seconds=60, now=began + 3 + wait + 0.1) == 0
        again = spend("a", calls=3, seconds=60, now=began + 4 + wait)
        assert 0 < again < 60
        assert spend("a", calls=3, seconds=60, now=began + 4 + wait + again + 0.1) == 0

    def test_never_come_twice_as_fast_over_the_border_of_two_windows(self):
        allowed = [spend("a", calls=10, seconds=60, now=6e8 + 50 + n) == 0 for n in range(20)]
        assert allowed.count(True) < 13

    def test_of_one_are_not_those_of_another(self):
        assert [spend(name, calls=1, seconds=60, now=6e8) > 0 for name in ("a", "b", "a")] == [
            False,
            False,
            True,
        ]

    def test_begin_anew_when_redis_was_emptied_and_harm_nothing_else_in_it(self):
        spend("a", calls=1, seconds=60, now=6e8)
        broker = redis.Redis.from_url(settings.REDIS_URL)
        broker.set("test:other", 1, ex=60)
        rate_limits.shared_cache().clear()
        assert broker.exists("test:other")
        assert spend("a", calls=1, seconds=60, now=6e8) == 0

    def test_lie_under_a_name_of_their_own_and_do_not_stay(self):
        assert settings.CACHES["throttles"]["KEY_PREFIX"].startswith("throttles:")
        spend("a", calls=1, seconds=60, now=6e8)
        broker = redis.Redis.from_url(settings.REDIS_URL)
        names = list(broker.scan_iter(match=f"{rate_limits.shared_cache().key_prefix}:*"))
        assert len(names) == 1
        assert 0 < broker.ttl(names[0]) <= 180


@pytest.mark.django_db
class TestWithoutRedis:
    def test_no_call_fails_and_each_process_counts_by_itself(
        self, client, store, monkeypatch, away
    ):
        monkeypatch.setattr(KeyThrottle, "rate", "3/min")
        erp = Caller(client, store, "read")
        with capture_logs() as logged:
            codes = [erp.get("batches/").status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]
        assert [line["event"] for line in logged].count("throttles_without_redis") == 1

    def test_nobody_waits_for_it_at_each_call(self, away):
        began = time.monotonic()
        for n in range(200):
            spend(str(n), calls=1, seconds=60)
        assert time.monotonic() - began < 2

    def test_it_is_asked_again_after_some_seconds(self, monkeypatch, away):
        spend("a", calls=1, seconds=60, now=6e8)
        monkeypatch.undo()
        monkeypatch.setattr(rate_limits, "_away_until", time.monotonic() - 1)
        assert spend("a", calls=1, seconds=60, now=6e8) == 0
        assert spend("a", calls=1, seconds=60, now=6e8) > 0

    def test_tries_to_sign_in_are_counted_all_the_same(self, client, alice, away):
        for _ in range(settings.AXES_FAILURE_LIMIT):
            client.post("/sign-in/", {"username": alice.email, "password": "wrong"})
        assert AccessAttempt.objects.get().failures_since_start == settings.AXES_FAILURE_LIMIT
        locked = client.post("/sign-in/", {"username": alice.email, "password": PASSWORD})
        assert locked.status_code == 429


@pytest.fixture(scope="module")
def two(django_db_setup, django_db_blocker):
    """Two web processes on one database and one Redis."""
    with django_db_blocker.unblock(), server() as (first, _), server() as (second, _):
        yield first, second


def uploads(url: str, n: int, sender: str) -> list[int]:
    """Each of them a file to be verified; the answers' codes."""
    browser = urllib.request.build_opener(
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    )
    page = browser.open(f"{url}/verify/").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page).group(1)
    body = (
        f'--b\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\nhello\r\n--b--\r\n'
    ).encode()
    headers = {"Content-Type": "multipart/form-data; boundary=b", "X-Forwarded-For": sender}
    codes = []
    for _ in range(n):
        request = urllib.request.Request(f"{url}/verify/", body, headers)
        try:
            codes.append(browser.open(request).status)
        except urllib.error.HTTPError as error:
            codes.append(error.code)
    return codes


@pytest.mark.django_db(transaction=True)
class TestTwoWebProcesses:
    def test_count_one_reader_s_files_together(self, two):
        codes = [code for url in two for code in uploads(url, 11, "203.0.113.7")]
        assert codes == [200] * 20 + [429] * 2

    def test_hold_ten_streams_of_a_key_together_and_give_a_place_back(self, two, store):
        key = key_of(store)
        with contextlib.ExitStack() as others:
            with contextlib.ExitStack() as some:
                for n in range(event_stream.STREAMS_EACH):
                    (some if n < 5 else others).enter_context(opened(two[n % 2], key))
                assert [status(url, key) for url in two] == [429, 429]
                assert status(two[0], key_of(world.store())) == 200
            until = time.monotonic() + 10
            while status(two[1], key) == 429 and time.monotonic() < until:
                time.sleep(0.1)
            assert time.monotonic() < until


def status(url: str, headers: dict[str, str]) -> int:
    at = urlsplit(url)
    caller = http.client.HTTPConnection(at.hostname, at.port, timeout=20)
    caller.request("GET", STREAM, headers=headers)
    answer = caller.getresponse()
    if answer.status == 429:
        assert json.loads(answer.read())["code"] == "TOO_MANY_REQUESTS"
    caller.close()
    return answer.status
