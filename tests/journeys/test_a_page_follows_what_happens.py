"""What happens reaches an open page by itself: no reload, no poll, within two seconds (R-52,
R-81)."""

import json
import time
import urllib.request

from playwright.sync_api import expect


def call(portal, path: str, body: dict | None = None) -> dict:
    asked = urllib.request.Request(
        f"{portal.url}/api/v1/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {portal.demo['api_key']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(asked) as answer:
        return json.load(answer)


def planned(portal) -> str:
    """A batch of a few orders of one buyer, ready to be locked."""
    rows = call(portal, "past-orders/?repeatable=true")["results"]
    free = [row for row in rows if row["stands_in"] is None]
    numbers = [row["order"]["number"] for row in free if row["buyer"] == free[0]["buyer"]][:3]
    ref = call(portal, "batches/", {"order_ids": numbers})["ref"]
    until = time.monotonic() + 30
    while call(portal, f"batches/{ref}/")["status"] == "screening" and time.monotonic() < until:
        time.sleep(0.2)
    return ref


class TestAnOpenPage:
    def test_follows_a_lock_and_its_answer_in_two_windows(self, seller, portal):
        ref = planned(portal)
        page = seller.page
        page.goto(f"{portal.url}/batches/{ref}/")
        second = seller.context.new_page()
        second.goto(f"{portal.url}/orders/")
        second.evaluate(
            "window.seen = []; for (const kind of ['batch', 'lock', 'order'])"
            " document.body.addEventListener(kind, (e) => window.seen.push(e.detail.type))"
        )
        page.evaluate("window.untouched = true")

        call(portal, f"batches/{ref}/lock/", {})

        expect(page.locator("#lots")).to_be_visible(timeout=2000)
        second.wait_for_function("window.seen.length >= 3", timeout=2000)
        assert set(second.evaluate("window.seen")) == {"lock.open", "batch.locked", "order.locked"}

        call(portal, f"batches/{ref}/cancel/", {})

        expect(page.locator("#lots")).to_have_count(0, timeout=2000)
        assert page.evaluate("window.untouched")  # the page was never loaded anew
        assert seller.complaints == []
