"""The pages' own scripts in a real browser: ranges, refusals undone, what is left out, the
countdown's end.

Rows are written before the browser starts and read after it ended: its event loop keeps the ORM
out meanwhile.
"""

import contextlib
import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from marketplace import clock
from pricing import signing
from pricing.models import Grant, Lock
from repurchase.batches.services import batches, price_lock
from repurchase.models import RepeatOrder
from tests import world
from tests.repurchase.running import run

pytestmark = pytest.mark.django_db(transaction=True)


@contextlib.contextmanager
def browser(live_server, session: str = "") -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        context = chromium.new_context(base_url=live_server.url, locale="en-US")
        if session:
            context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda m: complaints.append(m.text) if "Content Security Policy" in m.text else None,
        )
        yield page
        chromium.close()
    assert complaints == []


@pytest.fixture
def session(client, alice) -> str:
    client.force_login(alice)
    return client.session.session_key


def locked(store, orders: int):
    _, past = world.repeatable(store, orders=orders)
    batch = run(batches.create(store=store, numbers=[o.number for o in past], by="user:1"))
    price_lock.lock_and_invite(batch=batch, by="user:1")
    return batch


class TestTheHistory:
    def test_takes_a_range_by_shift_and_keeps_the_selection_when_refused(
        self, live_server, store, session
    ):
        world.repeatable(store, orders=8)
        second = world.buyer(store)
        for _ in range(5):
            sku = world.sku(store)
            world.past_order(store, second, [(sku, 500, 500_000)])
        with browser(live_server, session) as page:
            page.goto("/orders/?tab=repeatable")
            groups = page.locator(".tick-buyer")
            page.locator(".expand").first.click()
            orders = page.locator(".tick-order")
            expect(orders).to_have_count(8)

            orders.nth(1).click()
            orders.nth(4).click(modifiers=["Shift"])
            words = page.locator(".action-bar-words")
            expect(words).to_contain_text("4 orders ticked")
            assert groups.first.evaluate("box => box.indeterminate")

            groups.nth(1).click()
            expect(page.locator(".toast-part")).to_contain_text("MIXED_BUYERS")
            expect(words).to_contain_text("4 orders ticked")
            expect(groups.nth(1)).not_to_be_checked()

            page.reload()
            expect(words).to_contain_text("4 orders ticked")
            page.get_by_role("button", name="Clear").click()
            expect(page.locator(".action-bar")).to_be_hidden()
            assert not groups.first.evaluate("box => box.indeterminate")

            page.locator(".expand").first.click()
            groups.first.check()
            expect(words).to_contain_text("8 orders ticked")
            expect(page.locator(".tick-order:checked")).to_have_count(8)


class TestTheBuyersPage:
    def test_keeps_what_is_left_out_over_pages_and_a_reload(self, live_server, store):
        batch = locked(store, 55)
        link = f"/b/{signing.token_of(Grant.objects.get())}/"
        with browser(live_server) as page:
            page.goto(link)
            page.get_by_label(f"Leave out {batch.ref}-0003").check()
            expect(page.locator(".kept-total")).to_have_text("USD 322,906.50")  # 54 × 5,979.75
            page.get_by_role("link", name="Next 50").click()
            page.get_by_label(f"Leave out {batch.ref}-0055").check()
            page.reload()
            expect(page.locator("#kept-count")).to_have_text("53")
            page.get_by_label("I confirm for").check()
            page.get_by_role("button", name="Confirm the orders").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Confirmed, thank you")
        left = RepeatOrder.objects.filter(status="declined").values_list("ref", flat=True)
        assert set(left) == {f"{batch.ref}-0003", f"{batch.ref}-0055"}

    def test_asks_the_server_when_the_time_is_over(self, live_server, store):
        locked(store, 5)
        link = f"/b/{signing.token_of(Grant.objects.get())}/"
        left = Lock.objects.get().expires_at - clock.now(store)
        store.clock_offset += left - dt.timedelta(seconds=8)
        store.save()
        with browser(live_server) as page:
            page.goto(link)
            expect(page.get_by_role("heading", level=1)).to_have_text(
                "These prices are no longer locked", timeout=20_000
            )


class TestAMenu:
    def test_closes_by_escape_and_gives_the_focus_back(self, live_server, store, session):
        with browser(live_server, session) as page:
            page.goto("/")
            menu = page.locator("details.menu").first
            menu.locator("summary").click()
            expect(menu).to_have_attribute("open", "")
            page.keyboard.press("Escape")
            expect(menu).not_to_have_attribute("open", "")
            expect(menu.locator("summary")).to_be_focused()
