"""Takes the pictures of the documentation: `make screenshots` writes docs/images/*.png.

Starts the portal with its demo in a temporary folder, walks through it in Chromium at a fixed width, and keeps each
picture with a palette of 128 colours, so that a file stays below 150 kB. Ends with 1 if one is larger.
"""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
VIEWPORT = {"width": 1280, "height": 860}
MAX_BYTES = 150_000
START_SECONDS = 400
COLOURS = 128
ENGLISH, CHINESE = "en-GB", "zh-CN"
# Settings of the caller that would lead the portal away from its own servers.
NOT_INHERITED = {
    "DATABASE_URL",
    "REDIS_URL",
    "DJANGO_SETTINGS_MODULE",
    "SITE_URL",
    "SECRET_KEY",
    "LINK_KEY",
}


@contextmanager
def running_portal() -> Iterator[dict]:
    """What `make run` prints (addresses, sign-ins), while the portal runs."""
    with tempfile.TemporaryDirectory(
        prefix="bro-screenshots-", ignore_cleanup_errors=True
    ) as folder:
        inherited = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        command = [
            sys.executable,
            "-m",
            "repurchase.embedded",
            "run",
            "--fast",
            "--port",
            str(free_port()),
        ]
        with (Path(folder) / "portal.log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=inherited | {"DATA_DIR": folder}, stdout=log, stderr=log
            )
        try:
            yield wait_for_demo(Path(folder), process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_demo(folder: Path, process: subprocess.Popen) -> dict:
    until = time.monotonic() + START_SECONDS
    while not (folder / "demo.json").exists():
        if process.poll() is not None or time.monotonic() > until:
            raise SystemExit(
                f"The portal did not start:\n{(folder / 'portal.log').read_text()[-2000:]}"
            )
        time.sleep(0.5)
    return json.loads((folder / "demo.json").read_text())


def keep(page: Page, name: str) -> None:
    """Writes the visible part of the page. Pointer and focus are moved away first."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement && document.activeElement.blur()")
    page.wait_for_load_state("load")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    path = IMAGES / f"{name}.png"
    picture.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path.relative_to(ROOT)}  {size / 1000:.0f} kB")
    if size > MAX_BYTES:
        raise SystemExit(f"{path.name} has {size} bytes, more than {MAX_BYTES}")


def sign_in(browser: Browser, demo: dict, *, locale: str) -> Page:
    page = browser.new_context(viewport=VIEWPORT, locale=locale).new_page()
    page.goto(f"{demo['url']}/sign-in/")
    page.fill("input[name=username]", demo["seller"]["email"])
    page.fill("input[name=password]", demo["seller"]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)
    return page


def plan_a_batch(page: Page, demo: dict) -> str:
    """The address of a planned batch of the first buyer's repeatable orders."""
    page.goto(f"{demo['url']}/orders/")
    page.locator("input.tick-buyer:enabled").first.click()
    expect(page.get_by_text(re.compile("已选|selected")).first).to_be_visible()
    page.get_by_role("button", name=re.compile("创建回购订单|Create repeat orders")).click()
    page.wait_for_url(re.compile(r"/batches/BR-\w+/$"))
    expect(lock_button(page)).to_be_enabled(timeout=90_000)
    return page.url


def lock_button(page: Page):
    return page.get_by_role("button", name=re.compile("锁价并发送|Lock prices and send"))


def invitation(demo: dict, ref: str, seconds: float = 240) -> str:
    """The buyer's link from the email about a batch."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with urllib.request.urlopen(f"{demo['mailbox']}?format=json") as answer:
            mails = json.load(answer)
        for mail in mails:
            links = [link for link in mail["links"] if "/b/" in link]
            if ref in mail["subject"] and links:
                return links[0]
        time.sleep(0.5)
    raise SystemExit(f"No invitation for {ref}: {[mail['subject'] for mail in mails]}")


def take_all(browser: Browser, demo: dict) -> None:
    chinese = sign_in(browser, demo, locale=CHINESE)
    english = sign_in(browser, demo, locale=ENGLISH)
    chinese.goto(f"{demo['url']}/orders/")
    keep(chinese, "past-orders.zh")
    batch = plan_a_batch(chinese, demo)
    chinese.reload()
    keep(chinese, "plan.zh")
    english.goto(batch)
    keep(english, "plan")
    english.goto(f"{batch}diagnostics/")
    keep(english, "diagnosis")
    chinese.goto(batch)
    lock_button(chinese).click()
    expect(chinese.locator(".countdown").first).to_be_visible(timeout=60_000)
    keep(chinese, "locked.zh")
    buyer = browser.new_context(viewport=VIEWPORT, locale=ENGLISH).new_page()
    buyer.goto(invitation(demo, re.search(r"BR-\w+", batch).group()))
    keep(buyer, "buyer")
    for path, name in (("fees", "fees"), ("developers", "developers")):
        english.goto(f"{demo['url']}/{path}/")
        keep(english, name)
    chinese.goto(f"{demo['url']}/benefits/")
    keep(chinese, "opening.zh")


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with running_portal() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        try:
            take_all(browser, demo)
        finally:
            browser.close()


if __name__ == "__main__":
    main()
