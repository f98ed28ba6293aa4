"""Runs the portal: web server, worker and beat as processes of their own, each as its own database
role."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from marketplace.atomic_files import write_atomically
from repurchase.embedded import servers

PYTHON = sys.executable
READY_SECONDS = 120
STOP_SECONDS = 15
"""What is under way may end; what takes longer is killed, and taken up anew by the next start."""


def run(data_dir: Path, *, port: int, fast: bool = False) -> int:
    """Everything up, the demo loaded, demo.json written; then waits for Ctrl-C and ends all of
    it."""
    for number in servers.ENDING_SIGNALS:  # a shell's background job begins with SIGINT ignored
        signal.signal(number, servers.interrupt)
    children: dict[str, subprocess.Popen] = {}
    (data_dir / "demo.json").unlink(missing_ok=True)  # its presence says that the portal is ready
    try:
        with servers.started(data_dir, fast=fast) as both:
            url = f"http://127.0.0.1:{port}"
            environment = {
                **os.environ,
                **both.environment,
                "SITE_URL": os.environ.get("SITE_URL", url),
            }
            try:
                _prepare_database(environment)
                start = {
                    name: _process_starter(name, command, environment, data_dir)
                    for name, command in _program_commands(port).items()
                }
                for name, go in start.items():
                    children[name] = go()
                _wait_until_ready(url, children, data_dir)
                _print_addresses(url, data_dir)
                _restart_dead_processes(children, start, both)
            except KeyboardInterrupt:
                _print_line("\nStopping …")
            finally:
                _stop_processes(children)
                (data_dir / "demo.json").unlink(missing_ok=True)
    except KeyboardInterrupt:
        return 130
    return 0


def _print_line(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command's own words


def _program_commands(port: int) -> dict[str, list[str]]:
    celery = [PYTHON, "-m", "celery", "-A", "repurchase"]
    quiet = ["--loglevel", "warning", "--without-gossip", "--without-mingle"]
    many = os.environ.get("WORKER_CONCURRENCY", "2")
    return {
        "web": [
            PYTHON,
            "-m",
            "uvicorn",
            "repurchase.asgi:application",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--no-access-log",
            "--lifespan",
            "off",
            "--timeout-graceful-shutdown",
            "5",
        ],
        "worker": [*celery, "worker", "-Q", "timers,bulk,documents", "--concurrency", many, *quiet],
        "papers": [
            *celery,
            "worker",
            "-Q",
            "papers",
            "--hostname",
            "papers@%h",
            "--concurrency",
            "2",
            *quiet,
        ],
        "courier": [PYTHON, "manage.py", "send_webhooks"],
        "beat": [*celery, "beat", "--loglevel", "warning", "--pidfile="],
    }


def _prepare_database(environment: dict[str, str]) -> None:
    for arguments in (
        ["migrate", "--verbosity", "0"],
        ["compile_messages"],
        ["load_demo"],
        ["write_samples"],
    ):
        if subprocess.call([PYTHON, "manage.py", *arguments], env=environment):
            raise SystemExit(f"`manage.py {' '.join(arguments)}` failed; see above.")


def _process_starter(
    name: str, command: list[str], environment: dict[str, str], data_dir: Path
) -> Callable[[], subprocess.Popen]:
    role = "web" if name == "web" else "worker"

    def start() -> subprocess.Popen:
        return subprocess.Popen(
            command,
            env=servers.environment_for_role(environment, role),
            start_new_session=True,
            preexec_fn=servers.die_with_parent,
            stdout=(data_dir / f"{name}.log").open("a"),
            stderr=subprocess.STDOUT,
        )

    return start


def _wait_until_ready(url: str, children: dict[str, subprocess.Popen], data_dir: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while not _is_ready(url):
        for name, child in children.items():
            if child.poll() is not None:
                raise SystemExit(f"{name} ended with {child.returncode}; see {data_dir / name}.log")
        if time.monotonic() > until:
            raise SystemExit(
                f"The portal was not ready in {READY_SECONDS} s; see the logs in {data_dir}"
            )
        time.sleep(0.2)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own loopback address
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _credentials_line(demo: dict, name: str, label: str) -> str:
    """A demo that was loaded before there was such a one has none."""
    login = demo.get(name)
    return f"  {label:<9} {login['email']}   {login['password']}\n" if login else ""


def _print_addresses(url: str, data_dir: Path) -> None:
    credentials = json.loads((data_dir / "credentials.json").read_text())
    demo = {"url": url, **credentials, "mailbox": f"{url}/mailbox/"}
    file = data_dir / "demo.json"
    with write_atomically(file, secret=True) as out:
        json.dump(demo, out, indent=2)
    print(  # noqa: T201 - a command's own words
        f"\n  Portal    {url}\n"
        f"  Seller    {demo['seller']['email']}   {demo['seller']['password']}\n"
        f"{_credentials_line(demo, 'manager', 'Manager')}"
        f"  Reviewer  {demo['reviewer']['email']}   {demo['reviewer']['password']}   ({url}/admin/)\n"
        f"  Lead      {demo['lead_reviewer']['email']}   {demo['lead_reviewer']['password']}\n"
        f"{_credentials_line(demo, 'tariff_keeper', 'Tariffs')}"
        f"{_credentials_line(demo, 'compliance', 'Compliance')}"
        f"{_credentials_line(demo, 'compliance_second', 'Second')}"
        f"  API key   {demo['api_key']}\n"
        f"  Mailbox   {demo['mailbox']}   the buyer's emails\n"
        f"  Samples   {data_dir / 'samples'}   documents to try the qualification with\n\n"
        f"  Everything is on 127.0.0.1 only; the data is in {data_dir}. Ctrl-C ends all of it.\n",
        flush=True,
    )


def _restart_dead_processes(
    children: dict[str, subprocess.Popen],
    start: dict[str, Callable[[], subprocess.Popen]],
    both: servers.EmbeddedServers,
) -> None:
    """Starts again what died: a killed worker or server costs time, never work."""
    while True:
        time.sleep(1)
        _restart_dead_servers(both)
        for name, child in children.items():
            if child.poll() is not None:
                _terminate_group(child)  # its own children, if it left any
                children[name] = start[name]()
                _print_line(f"{name} had ended with {child.returncode}; it was started again.")


def _restart_dead_servers(both: servers.EmbeddedServers) -> None:
    """One that does not come up at once, since it is still dying, is tried again with the next
    round."""
    try:
        for name in both.revive():
            _print_line(f"{name} had ended; it was started again.")
    except (RuntimeError, subprocess.SubprocessError, AssertionError, OSError) as error:
        _print_line(f"A server can't be started again yet: {error}")


def _stop_processes(children: dict[str, subprocess.Popen]) -> None:
    for child in children.values():
        child.terminate()
    until = time.monotonic() + STOP_SECONDS
    for child in children.values():
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(max(until - time.monotonic(), 0.1))
        _terminate_group(child)
        child.wait()


def _terminate_group(child: subprocess.Popen) -> None:
    """Each has a process group of its own, so nothing that it started outlives it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
