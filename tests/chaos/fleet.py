"""Real beats and workers on the test's own database, with a broker of their own that nobody else
rings."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis

from tests.beside import ROOT, environment

CELERY = [sys.executable, "-m", "celery", "-A", "repurchase"]
LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)


@dataclass
class Fleet:
    """`broker` is the fleet's own; every process ends with the test."""

    broker: redis.Redis
    environment: dict[str, str]
    logs: Path
    stack: contextlib.ExitStack

    def beat(self, clock: str = "") -> subprocess.Popen:
        return self._start("beat", [*CELERY, "beat", "--loglevel", "info", "--pidfile="], clock)

    def worker(self, *more: str, clock: str = "") -> subprocess.Popen:
        """One process, one task at a time, with `more` flags. `clock` is what its own clock is
        wrong by: "+1d", "-1h"."""
        flags = ["--pool", "solo", "--loglevel", "info", "--without-gossip", "--without-mingle"]
        name = f"worker-{len(list(self.logs.iterdir()))}@fleet"
        return self._start("worker", [*CELERY, "worker", *flags, *more, "--hostname", name], clock)

    def wait_until_ready(self, count: int, seconds: float = 240) -> None:
        """Until so many workers listen; their own words, since a frozen or lying clock answers no
        ping in time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if sum(" ready." in log.read_text() for log in self.logs.glob("worker*")) >= count:
                return
            time.sleep(0.2)
        raise AssertionError(self.told())

    def told(self) -> str:
        return "\n".join(
            f"--- {log.name}\n{log.read_text()[-1500:]}" for log in sorted(self.logs.iterdir())
        )

    def _start(self, name: str, command: list[str], clock: str) -> subprocess.Popen:
        log = (self.logs / f"{name}-{len(list(self.logs.iterdir()))}.log").open("w")
        env = dict(self.environment)
        if clock:
            env |= {
                "LD_PRELOAD": str(LIBRARY),
                "FAKETIME": clock,
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=subprocess.STDOUT)
        self.stack.callback(_end, process)
        return process


def _end(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    process.wait(20)


@contextlib.contextmanager
def fleet() -> Iterator[Fleet]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleet-")))
        logs = folder / "logs"
        logs.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        flags = [
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            folder,
        ]
        server = subprocess.Popen(["redis-server", *map(str, flags)], stdout=subprocess.DEVNULL)
        stack.callback(_end, server)
        url = f"redis://127.0.0.1:{port}/0"
        broker = redis.Redis.from_url(url)
        _wait_for(broker)
        env = {**os.environ, **environment(), "REDIS_URL": url}
        yield Fleet(broker=broker, environment=env, logs=logs, stack=stack)


def _wait_for(broker: redis.Redis) -> None:
    for _ in range(100):
        with contextlib.suppress(redis.RedisError):
            broker.ping()
            return
        time.sleep(0.1)
    raise AssertionError("no redis-server")
