"""The portal as `make run` starts it, in a folder of its own, and a browser that counts real
clicks."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.beside import processes_of

ROOT = Path(__file__).parent.parent.parent
OUTPUT = ROOT / "tests" / "output"
START_SECONDS = 400  # three of them may be loading their demo side by side on two cores
OURS = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "LINK_KEY", "DJANGO_SETTINGS_MODULE", "SITE_URL"}


@dataclass(frozen=True)
class Portal:
    data_dir: Path
    demo: dict[str, Any]
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return self.demo["url"]

    def mails(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.demo['mailbox']}?format=json") as answer:
            return json.load(answer)

    def invitation(self, ref: str, seconds: float = 30) -> str:
        """The buyer's link in the letter about a batch, waited for."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for mail in self.mails():
                links = [link for link in mail["links"] if "/b/" in link]
                if ref in mail["subject"] and links:
                    return links[0]
            time.sleep(0.2)
        raise AssertionError(f"no invitation for {ref}: {[m['subject'] for m in self.mails()]}")

    def manage(self, *arguments: str) -> str:
        """A management command on the portal's own data, while it runs."""
        command = [
            sys.executable,
            "-m",
            "repurchase.embedded",
            "with",
            "--",
            sys.executable,
            "manage.py",
            *arguments,
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def portal() -> Iterator[Portal]:
    with tempfile.TemporaryDirectory(prefix="bro-journey-", ignore_cleanup_errors=True) as folder:
        data_dir = Path(folder)
        environment = {k: v for k, v in os.environ.items() if k not in OURS} | {"DATA_DIR": folder}
        log = (data_dir / "portal.log").open("w")
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "repurchase.embedded",
                "run",
                "--fast",
                "--port",
                str(_free_port()),
            ],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Portal(data_dir=data_dir, demo=_ready(process, data_dir), environment=environment)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
            assert processes_of(data_dir) == []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _ready(process: subprocess.Popen, data_dir: Path) -> dict[str, Any]:
    until = time.monotonic() + START_SECONDS
    while not (data_dir / "demo.json").exists():
        if process.poll() is not None or time.monotonic() > until:
            logs = "\n".join(
                f"--- {f.name}\n{f.read_text()[-2000:]}" for f in data_dir.glob("*.log")
            )
            raise AssertionError(f"the portal did not start\n{logs}")
        time.sleep(0.2)
    return json.loads((data_dir / "demo.json").read_text())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module: its event loop must not outlive it, Django refuses the database beside one."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


@dataclass
class Visitor:
    """Someone at a browser. `clicks` counts the clicks that the person really made, across
    pages."""

    context: BrowserContext
    page: Page
    clicks: int = 0
    complaints: list[str] = field(default_factory=list)

    def picture(self, name: str) -> None:
        OUTPUT.mkdir(exist_ok=True)
        self.page.screenshot(path=OUTPUT / f"{name}.png", full_page=True)


@pytest.fixture
def visit(browser):
    """`visit(width=390, locale="en-GB")` opens a browser window of its own."""
    contexts: list[BrowserContext] = []

    def open_window(*, width: int = 1280, height: int = 900, locale: str = "zh-CN") -> Visitor:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=locale, accept_downloads=True
        )
        contexts.append(context)
        visitor = Visitor(context=context, page=context.new_page())

        def count() -> None:
            visitor.clicks += 1

        context.expose_function("countClick", count)
        context.add_init_script(
            "document.addEventListener('click', e => { if (e.isTrusted && e.detail > 0) window.countClick() }, true)"
        )
        visitor.page.on(
            "console",
            lambda m: visitor.complaints.append(m.text) if m.type in ("error", "warning") else None,
        )
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        return visitor

    yield open_window
    for context in contexts:
        context.close()


@pytest.fixture
def seller(visit, portal):
    """The demo's seller, signed in."""
    visitor = visit()
    page = visitor.page
    page.goto(f"{portal.url}/sign-in/")
    page.fill("input[name=username]", portal.demo["seller"]["email"])
    page.fill("input[name=password]", portal.demo["seller"]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{portal.url}/")
    return visitor
