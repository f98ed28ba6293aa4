"""Runs the portal: web server, worker and beat as processes of their own, each as its own database role."""

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

from repurchase.embedded import servers

PYTHON = sys.executable
READY_SECONDS = 120


def run(data_dir: Path, *, port: int, fast: bool = False) -> int:
    """Everything up, the demo loaded, demo.json written; then waits for Ctrl-C and ends all of it."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job begins with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    children: dict[str, subprocess.Popen] = {}
    (data_dir / "demo.json").unlink(missing_ok=True)  # its presence says that the portal is ready
    try:
        with servers.running(data_dir, fast=fast) as private:
            url = f"http://127.0.0.1:{port}"
            environment = {**os.environ, **private, "SITE_URL": os.environ.get("SITE_URL", url)}
            try:
                _prepare(environment)
                start = {
                    name: _starter(name, command, environment, data_dir)
                    for name, command in _programs(port).items()
                }
                children.update({name: go() for name, go in start.items()})
                _wait_until_ready(url, children, data_dir)
                _announce(url, data_dir)
                _keep_alive(children, start)
            except KeyboardInterrupt:
                print("\nStopping …", flush=True)  # noqa: T201 - a command's own words
            finally:
                _stop(children)
    except KeyboardInterrupt:
        return 130
    return 0


def _programs(port: int) -> dict[str, list[str]]:
    celery = [PYTHON, "-m", "celery", "-A", "repurchase"]
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
        "worker": [
            *celery,
            "worker",
            "--concurrency",
            os.environ.get("WORKER_CONCURRENCY", "2"),
            "--loglevel",
            "warning",
            "--without-gossip",
            "--without-mingle",
        ],
        "courier": [PYTHON, "manage.py", "send_webhooks"],
        "beat": [*celery, "beat", "--loglevel", "warning", "--pidfile="],
    }


def _prepare(environment: dict[str, str]) -> None:
    for arguments in (
        ["migrate", "--verbosity", "0"],
        ["compile_messages"],
        ["load_demo"],
        ["write_samples"],
    ):
        if subprocess.call([PYTHON, "manage.py", *arguments], env=environment):
            raise SystemExit(f"`manage.py {' '.join(arguments)}` failed; see above.")


def _starter(
    name: str, command: list[str], environment: dict[str, str], data_dir: Path
) -> Callable[[], subprocess.Popen]:
    role = "web" if name == "web" else "worker"

    def start() -> subprocess.Popen:
        return subprocess.Popen(
            command,
            env=servers.with_role(environment, role),
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
            raise SystemExit(f"The portal was not ready in {READY_SECONDS} s; see the logs in {data_dir}")
        time.sleep(0.2)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=2) as answer:  # noqa: S310 - our own loopback address
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def _person(demo: dict, name: str, label: str) -> str:
    """A demo that was loaded before there was such a one has none."""
    login = demo.get(name)
    return f"  {label:<9} {login['email']}   {login['password']}\n" if login else ""


def _announce(url: str, data_dir: Path) -> None:
    credentials = json.loads((data_dir / "credentials.json").read_text())
    demo = {"url": url, **credentials, "mailbox": f"{url}/mailbox/"}
    file = data_dir / "demo.json"
    part = file.with_suffix(".part")
    part.write_text(json.dumps(demo, indent=2))
    part.chmod(0o600)
    part.replace(file)
    print(  # noqa: T201 - a command's own words
        f"\n  Portal    {url}\n"
        f"  Seller    {demo['seller']['email']}   {demo['seller']['password']}\n"
        f"{_person(demo, 'manager', 'Manager')}"
        f"  Reviewer  {demo['reviewer']['email']}   {demo['reviewer']['password']}   ({url}/admin/)\n"
        f"  Lead      {demo['lead_reviewer']['email']}   {demo['lead_reviewer']['password']}\n"
        f"{_person(demo, 'tariff_keeper', 'Tariffs')}"
        f"{_person(demo, 'compliance', 'Compliance')}"
        f"{_person(demo, 'compliance_second', 'Second')}"
        f"  API key   {demo['api_key']}\n"
        f"  Mailbox   {demo['mailbox']}   the buyer's emails\n"
        f"  Samples   {data_dir / 'samples'}   documents to try the qualification with\n\n"
        f"  Everything is on 127.0.0.1 only; the data is in {data_dir}. Ctrl-C ends all of it.\n",
        flush=True,
    )


def _keep_alive(
    children: dict[str, subprocess.Popen], start: dict[str, Callable[[], subprocess.Popen]]
) -> None:
    """Starts again what died: a killed worker costs time, never work."""
    while True:
        time.sleep(1)
        for name, child in children.items():
            if child.poll() is not None:
                children[name] = start[name]()


def _stop(children: dict[str, subprocess.Popen]) -> None:
    for child in children.values():
        child.terminate()
    for child in children.values():
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
