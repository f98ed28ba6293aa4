"""Programs of ours that run beside a test, on its very database."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
from django.db import connection

ROOT = Path(__file__).parent.parent


def environment() -> dict[str, str]:
    """Of the test's own database, which has another name than the one that the tests were started
    with."""
    name = connection.settings_dict["NAME"]
    return {
        **os.environ,
        "DATABASE_URL": re.sub(r"@/\w+\?", f"@/{name}?", os.environ["DATABASE_URL"]),
    }


@contextlib.contextmanager
def program(*command: str) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment())
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


def courier():
    return program("manage.py", "send_webhooks")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server() -> Iterator[tuple[str, subprocess.Popen]]:
    """uvicorn as `make run` starts it: (its address, its process)."""
    port = free_port()
    flags = [
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-access-log",
        "--lifespan",
        "off",
        "--log-level",
        "warning",
        "--timeout-graceful-shutdown",
        "1",
    ]
    with program("-m", "uvicorn", "repurchase.asgi:application", *flags) as process:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/healthz", process)
        yield url, process


def _wait_for(url: str, process: subprocess.Popen, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(url, timeout=2).close()
            return
        time.sleep(0.1)
    raise AssertionError(f"nothing answers at {url}")


def processes_of(folder: Path) -> list[str]:
    """Whatever runs in this data directory or was started for it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            if str(folder) in " ".join(process.cmdline()) or process.environ().get(
                "DATA_DIR"
            ) == str(folder):
                found.append(" ".join(process.cmdline()))
    return found
