"""R-15 in the browser: a note asks for services, the buyer leaves one unticked, the seller sees
its line left out."""

import re

from playwright.sync_api import expect

from repurchase.demo import plants
from tests.journeys.conftest import Portal
from tests.journeys.test_a_seller_repeats_a_buyers_orders import accessible, fits

PLANTED = plants.of(plants.Code.CUSTOM_SERVICE_UNCONFIRMED).name


def lock_the_planted_order(portal: Portal, page) -> str:
    """Ticks the planted order alone, with a second service of its first line; the batch's
    reference."""
    page.get_by_text("Harbour Lane Wholesale").first.click()
    page.get_by_role("button", name="Ningbo Bulk Trading").click()
    page.goto(f"{portal.url}/orders/?q={PLANTED}")
    page.locator(".expand").first.click()
    page.locator("input.tick-order:enabled").first.click()
    expect(page.get_by_text(re.compile("已选"))).to_be_visible()
    page.get_by_role("button", name="创建回购订单").click()
    page.wait_for_url(re.compile(r"/batches/BR-\w+/$"))
    lock = page.locator("form[action$='/lock/'] button")
    expect(lock).to_be_enabled(timeout=60_000)
    ref = re.search(r"BR-\w+", page.url).group()
    page.locator(f"a[href='/batches/{ref}/services/']").click()
    expect(page.get_by_text("extra English manual").first).to_be_visible()
    page.fill("input[name=order]", page.locator("td.cell-head a").first.inner_text())
    page.locator("form:has(input[name=order]) input[name=line]").fill("1")
    page.locator("form:has(input[name=order]) input[name=text]").fill("red carton")
    page.locator("form:has(input[name=order]) button").click()
    expect(page.get_by_text("red carton").first).to_be_visible()
    accessible(page)
    page.goto(f"{portal.url}/batches/{ref}/")
    accessible(page)
    lock.click()
    expect(page.locator(".countdown").first).to_be_visible()
    return ref


class TestAServiceLeftUnticked:
    def test_takes_its_line_along(self, portal, seller, visit):
        ref = lock_the_planted_order(portal, seller.page)
        buyer = visit(width=390, height=844, locale="en-GB")
        page = buyer.page
        page.goto(portal.invitation(ref))
        accessible(page)
        fits(page)
        total = page.locator("#sum-ticked .money").first
        confirm = page.get_by_role("button", name=re.compile("^Confirm the orders"))
        expect(
            page.locator("#none-kept")
        ).to_be_visible()  # nothing ticked: both lines, so the order, would leave
        expect(confirm).to_be_disabled()
        page.get_by_label(re.compile("red carton")).check()
        expect(confirm).to_be_enabled()
        one = total.inner_text()
        page.get_by_label(re.compile("extra English manual")).check()
        expect(total).not_to_have_text(one)
        page.reload()
        # ticks outlive a reload
        expect(page.get_by_label(re.compile("red carton"))).to_be_checked()
        page.get_by_label(re.compile("extra English manual")).uncheck()
        expect(total).to_have_text(one)
        buyer.picture("8-buyer-services-phone")
        page.locator("input[name=consent]").check()
        confirm.click()
        expect(page.get_by_role("heading", name=re.compile("Confirmed"))).to_be_visible()
        expect(page.get_by_text(one).first).to_be_visible()
        expect(page.get_by_text("1 customised service was not confirmed")).to_be_visible()
        accessible(page)

        seller.page.goto(f"{portal.url}/orders/{ref}-0001/")
        seller.picture("9-order-with-a-line-left-out")
        row = seller.page.locator("tr.is-off")
        expect(row).to_have_count(1)
        expect(row.locator("a[href*='CUSTOM_SERVICE_UNCONFIRMED']").first).to_be_attached()
        accessible(seller.page)
        seller.page.goto(f"{portal.url}/batches/{ref}/services/")
        expect(seller.page.locator("a[href*='CUSTOM_SERVICE_UNCONFIRMED']")).to_have_count(1)
        assert (seller.complaints, buyer.complaints) == ([], [])
