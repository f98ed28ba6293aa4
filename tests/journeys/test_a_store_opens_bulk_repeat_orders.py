"""成长中心 → 权益中心 → 立即开通 → documents, on the portal as `make run` starts it (R-27 to
R-30)."""

import pytest
from playwright.sync_api import expect

from tests.journeys.test_a_seller_repeats_a_buyers_orders import accessible, fits

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def stand_in(portal, seller):
    """`stand_in("opening refused")` changes to that store of the demo."""

    def change(name: str):
        page = seller.page
        page.goto(f"{portal.url}/")
        page.locator("details.menu > summary").first.click()
        page.get_by_role("button", name=name).click()
        page.wait_for_url(f"{portal.url}/")
        return page

    return change


def on_both(seller, name: str) -> None:
    """The page is accessible and fits, at a desk and on a phone, and is pictured on both."""
    page, desk = seller.page, seller.page.viewport_size
    accessible(page)
    seller.picture(name)
    page.set_viewport_size(PHONE)
    fits(page)
    seller.picture(f"{name}-phone")
    page.set_viewport_size(desk)


class TestAStoreThatMayOpen:
    def test_begins_with_its_first_batch_and_comes_to_the_documents(self, portal, seller, stand_in):
        page = stand_in("qualification required")
        page.goto(f"{portal.url}/orders/")
        page.locator("input.tick-buyer:enabled").first.click()
        page.get_by_role("button", name="创建回购订单").click()
        page.wait_for_url(f"{portal.url}/benefits/")
        expect(page.get_by_text("勾选的订单已为您保留")).to_be_visible()
        on_both(seller, "opening-1-benefits")

        page.get_by_role("button", name="立即开通").click()
        page.wait_for_url(f"{portal.url}/qualification/")
        expect(page.get_by_role("heading", name="营业执照")).to_be_visible()
        expect(page.locator("[data-state=documents]").first).to_be_visible()
        # three gates and the check itself
        expect(page.locator("[data-state=True]")).to_have_count(4)
        on_both(seller, "opening-2-documents")

        page.goto(f"{portal.url}/orders/")
        expect(page.locator(".action-bar-words")).to_contain_text("已选")
        assert seller.complaints == []


class TestAStoreThatMayNot:
    def test_sees_what_stands_in_the_way_and_where_to_verify(self, portal, seller, stand_in):
        page = stand_in("opening refused")
        page.get_by_role("link", name="成长中心").click()
        page.wait_for_url(f"{portal.url}/benefits/")
        page.get_by_role("button", name="立即开通").click()
        for code in ("STORE_NOT_VERIFIED", "STORE_LEVEL_TOO_LOW", "DISPUTE_RATE_NOT_EVALUABLE"):
            expect(page.get_by_text(code)).to_be_visible()
        assert (
            page.get_by_role("link", name="前往平台完成店铺认证")
            .get_attribute("href")
            .startswith("https://")
        )
        expect(page.locator("[data-state=not_open]")).to_be_visible()
        on_both(seller, "opening-3-refused")
        assert seller.complaints == []
