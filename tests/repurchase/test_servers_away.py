"""Item by item what still works while PostgreSQL or Redis is away: private servers, really
stopped."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.client import HTTPMessage
from pathlib import Path

import psutil
import psycopg2
import pytest

from marketplace import clock
from pricing import signing
from pricing.models import Grant, Lock
from repurchase.batches.queries import worker_health
from repurchase.batches.services import batches
from repurchase.embedded import portal, servers
from repurchase.models import Heartbeat
from tests import beside, world
from tests.chaos.fleet import fleet
from tests.repurchase.running import run

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 900
"""Seconds until a test counts as hung; on a quiet machine each takes a few."""


def wait_until(true, what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.2)


def asked(url: str, **headers: str) -> tuple[int, HTTPMessage, str]:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=60
        ) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bro-away-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextlib.contextmanager
def web(environment: dict[str, str]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "repurchase.asgi:application",
        "--port",
        str(port),
        "--lifespan",
        "off",
        "--log-level",
        "warning",
        "--no-access-log",
        "--timeout-graceful-shutdown",
        "1",
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        beside._wait_for(f"http://127.0.0.1:{port}/healthz", process, seconds=PATIENCE)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


class TestWithoutPostgres:
    PAGES = ("/", "/orders/", "/sign-in/", "/b/x.y/", "/batches/BR-AAAAAAAA/", "/admin/login/")

    def test_pages_and_api_answer_503_until_it_is_back(self, folder):
        with servers.started(folder, fast=True) as both:
            environment = {**os.environ, **both.environment}
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
                cwd=ROOT,
                env=environment,
                check=True,
                timeout=PATIENCE,
            )
            with web(servers.environment_for_role(environment, "web")) as url:
                assert asked(f"{url}/sign-in/")[0] == 200
                psutil.Process(both.postgres.get_postmaster_info().pid).send_signal(signal.SIGQUIT)
                wait_until(lambda: not servers.is_up(both.postgres), "PostgreSQL did not end")
                for path in self.PAGES:
                    self.refused(
                        *asked(
                            url + path,
                            Cookie="sessionid=abcdefghijklmnop",
                            **{"Accept-Language": "en"},
                        )
                    )
                self.refused_in_json(
                    *asked(f"{url}/api/v1/batches/", Authorization="Bearer brk_x.y")
                )
                self.refused_in_json(
                    *asked(f"{url}/api/v1/events/", Authorization="Bearer brk_x.y")
                )
                assert asked(f"{url}/healthz")[0] == 200
                code, headers, body = asked(f"{url}/readyz")
                assert (code, json.loads(body)["database"], headers["Retry-After"]) == (
                    503,
                    False,
                    "5",
                )
                assert both.revive() == ["PostgreSQL"]
                assert both.revive() == []
                assert asked(f"{url}/sign-in/")[0] == 200
                assert asked(f"{url}/api/v1/batches/", Authorization="Bearer brk_x.y")[0] == 401
        assert beside.processes_of(folder) == []

    @staticmethod
    def refused(code: int, headers: HTTPMessage, body: str) -> None:
        assert (code, headers["Retry-After"]) == (503, "5")
        assert "DATABASE_UNAVAILABLE" in body
        assert "out of reach for a moment" in body

    @staticmethod
    def refused_in_json(code: int, headers: HTTPMessage, body: str) -> None:
        assert (code, headers["Retry-After"]) == (503, "5")
        assert headers["Content-Type"] == "application/problem+json"
        assert json.loads(body)["code"] == "DATABASE_UNAVAILABLE"


@pytest.mark.django_db(transaction=True)
class TestWithoutTheBroker:
    def test_goes_on_whatever_needs_no_worker(self, client):
        """Signed in, planned before; then Redis goes: lock, confirm, pay, and a new batch that
        waits."""
        store = world.store()
        alice = world.member(store, "owner")
        world.move_clock(store, world.NOW)
        _, past = world.repeatable(store, orders=6)
        planned = run(
            batches.create(store=store, numbers=[o.number for o in past[:5]], by="user:1")
        )
        key = world.key(store)
        client.force_login(alice)
        Heartbeat.objects.create(name="sweep", beat_at=clock.now())
        with fleet() as mine, web(mine.environment) as url:
            assert json.loads(asked(f"{url}/readyz")[2])["broker"] is True
            mine.broker.shutdown(nosave=True)
            code, headers, body = asked(f"{url}/readyz")
            assert (code, json.loads(body)["broker"], headers["Retry-After"]) == (503, False, "5")
            cookie = {
                "Cookie": f"sessionid={client.cookies['sessionid'].value}",
                "Accept-Language": "en",
            }
            program = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            assert self.posted(f"{url}/api/v1/batches/{planned.ref}/lock/", {}, program)[0] == 200
            grant = Grant.objects.get(subject=planned.ref)
            self.confirm(url, signing.token_of(grant), Lock.objects.get(subject=planned.ref))
            assert {o.status for o in planned.orders.all()} == {"awaiting_payment"}
            rows = [
                {
                    "key": o.ref,
                    "order": o.ref,
                    "reference": "T-1",
                    "amount": f"{o.total_minor / 100:.2f}",
                    "currency": o.currency,
                }
                for o in planned.orders.all()
            ]
            code, _, body = self.posted(f"{url}/api/v1/payments/", {"rows": rows}, program)
            assert code in (200, 201), body
            assert {o.status for o in planned.orders.all()} == {"paid"}
            code, _, body = self.posted(
                f"{url}/api/v1/batches/",
                {"buyer": past[5].buyer.external_id, "order_ids": [past[5].number]},
                program,
            )
            assert code == 202, body
            code, _, body = asked(f"{url}/batches/{json.loads(body)['ref']}/progress/", **cookie)
            assert code == 200
            assert "Work in the background waits" in body
            assert " left." not in body

    @staticmethod
    def posted(url: str, body: dict, headers: dict[str, str]) -> tuple[int, HTTPMessage, str]:
        request = urllib.request.Request(
            url, data=json.dumps(body).encode(), headers=headers, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    @staticmethod
    def confirm(url: str, token: str, lock: Lock) -> None:
        """As a browser does: the page first, then its form with its token."""
        jar = urllib.request.HTTPCookieProcessor()
        browser = urllib.request.build_opener(jar)
        page = browser.open(f"{url}/b/{token}/", timeout=60).read().decode()
        csrf = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = urllib.parse.urlencode(
            {
                "csrfmiddlewaretoken": csrf,
                "act": "confirm",
                "consent": "yes",
                "digest": f"{lock.pk}:{lock.terms_digest}",
            }
        )
        browser.open(f"{url}/b/{token}/", data=form.encode(), timeout=60).read()


@pytest.mark.django_db
class TestTheProgress:
    def test_tells_no_time_while_the_workers_are_silent(self, store):
        # the tests' own Redis answers, and nothing was ever silent
        assert not worker_health.is_work_waiting()
        Heartbeat.objects.create(name="sweep", beat_at=clock.now())
        assert not worker_health.is_work_waiting()
        Heartbeat.objects.update(beat_at=clock.now() - worker_health.HEARTBEAT_MAX_AGE)
        assert worker_health.is_work_waiting()


class TestTheServers:
    def test_start_again_where_they_were(self, folder):
        """As `make run` has them: what was committed outlives a crash."""
        with servers.started(folder) as both:
            address, url = (
                both.postgres.get_postmaster_info().socket_dir,
                both.environment["REDIS_URL"],
            )
            psutil.Process(both.postgres.get_postmaster_info().pid).kill()
            both.redis._process.kill()
            both.redis._process.wait()
            wait_until(lambda: not servers.is_up(both.postgres), "PostgreSQL did not end")
            revived: list[str] = []

            def both_are_back() -> bool:
                with contextlib.suppress(
                    Exception
                ):  # its orphans may need a moment to leave the shared memory
                    revived.extend(both.revive())
                return len(revived) == 2

            wait_until(both_are_back, "not revived")
            assert set(revived) == {"PostgreSQL", "Redis"}
            psycopg2.connect(host=str(address), user="owner", dbname=servers.DATABASE).close()
            assert servers._is_redis_responding(Path(url.removeprefix("unix://")))
        assert beside.processes_of(folder) == []

    def test_are_said_to_be_started_again(self, folder, capsys):
        with servers.started(folder, fast=True) as both:
            both.redis._process.kill()
            both.redis._process.wait()
            portal._restart_dead_servers(both)
            assert "Redis had ended; it was started again." in capsys.readouterr().out

    def test_end_though_an_earlier_command_was_killed(self, folder):
        """It stays in the library's list of users; once that kept PostgreSQL running for ever."""
        command = [sys.executable, "-m", "repurchase.embedded", "with", "--", "sleep", "600"]
        environment = {
            k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")
        }
        killed = subprocess.Popen(command, cwd=ROOT, env=environment | {"DATA_DIR": str(folder)})
        wait_until(lambda: "sleep 600" in beside.processes_of(folder), "not started")
        left = Path((folder / "redis" / "socket").read_text()).parent
        killed.kill()
        killed.wait()
        wait_until(
            lambda: not any("redis" in p for p in beside.processes_of(folder)), "its Redis goes on"
        )
        with servers.started(folder, fast=True):
            pass
        assert not left.exists()
        wait_until(
            lambda: all(p == "sleep 600" for p in beside.processes_of(folder)),
            "something is left behind",
        )
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.cmdline() == ["sleep", "600"] and process.environ().get(
                    "DATA_DIR"
                ) == str(folder):
                    process.kill()

    @pytest.mark.parametrize("again", [0, 3], ids=["once", "pressed again and again"])
    def test_leave_nothing_behind_when_the_portal_is_told_to_end(self, folder, again):
        """While it is still loading its demo, which is when it has most in hand."""
        environment = {
            k: v
            for k, v in os.environ.items()
            if k not in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "repurchase.embedded", "run", "--fast", "--port", "0"],
            cwd=ROOT,
            env=environment | {"DATA_DIR": str(folder)},
        )
        wait_until(
            lambda: any("migrate" in p for p in beside.processes_of(folder)),
            "the set-up did not begin",
        )
        process.send_signal(signal.SIGTERM)
        for _ in range(again):
            time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) in (0, 130)
        assert beside.processes_of(folder) == []
        assert not (folder / "redis" / "socket").exists()
        assert not (folder / "postgres" / ".s.PGSQL.5432").exists()
