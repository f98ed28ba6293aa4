"""The main job, from sign-in to the ERP's XML, on the portal as `make run` starts it."""

import json
import re

import pytest
import xmlschema
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.conftest import ROOT

XSD = ROOT / "repurchase/integration/feed/repurchase-order-1.xsd"


def accessible(page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:3]) for v in found] == []


def fits(page) -> None:
    """No page scrolls sideways."""
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def tick_first_group(page) -> None:
    page.locator("input.tick-buyer:enabled").first.click()
    expect(page.get_by_text(re.compile("已选"))).to_be_visible()


class TestTheMainJob:
    def test_takes_three_clicks_from_the_history_and_ends_in_valid_xml(
        self, portal, seller, visit, tmp_path
    ):
        page = seller.page
        accessible(page)
        page.goto(f"{portal.url}/orders/")
        accessible(page)
        seller.clicks = 0

        tick_first_group(page)
        seller.picture("1-history")
        page.get_by_role("button", name="创建回购订单").click()
        page.wait_for_url(re.compile(r"/batches/BR-\w+/$"))
        lock = page.get_by_role("button", name="锁价并发送")
        expect(lock).to_be_enabled(timeout=60_000)
        accessible(page)
        seller.picture("2-plan")
        lock.click()
        expect(page.locator(".countdown").first).to_be_visible()
        assert seller.clicks == 3
        accessible(page)
        seller.picture("3-locked")
        batch_url = page.url

        link = portal.invitation(re.search(r"BR-\w+", batch_url).group())
        buyer = visit(width=390, height=844, locale="en-GB")
        buyer.page.goto(link)
        accessible(buyer.page)
        fits(buyer.page)
        buyer.picture("4-buyer-phone")
        buyer.page.locator("input[name=consent]").check()
        buyer.page.get_by_role("button", name=re.compile("^Confirm")).click()
        expect(buyer.page.get_by_role("heading", name=re.compile("Confirmed"))).to_be_visible()
        buyer.picture("5-buyer-confirmed")

        page.goto(batch_url)
        accessible(page)
        seller.picture("6-confirmed")
        with page.expect_download() as download:
            page.locator("a[href$='orders.xml']").first.click()
        file = tmp_path / "orders.xml"
        download.value.save_as(file)
        xmlschema.XMLSchema(XSD).validate(file)
        assert (
            len(re.findall("<Status>(?:confirmed|awaiting_payment)</Status>", file.read_text()))
            > 20
        )
        assert (seller.complaints, buyer.complaints) == ([], [])
        assert all(
            store["bad"] == "" for store in json.loads(portal.manage("verify_ledger", "--json"))
        )

    def test_needs_the_link_only_once(self, portal, seller, visit):
        page = seller.page
        page.goto(f"{portal.url}/orders/")
        tick_first_group(page)
        page.get_by_role("button", name="创建回购订单").click()
        page.get_by_role("button", name="锁价并发送").click(timeout=60_000)
        expect(page.locator(".countdown").first).to_be_visible()
        ref = re.search(r"BR-\w+", page.url).group()
        link = portal.invitation(ref)
        first, second = visit(locale="en-GB"), visit(locale="en-GB")
        for window in (first, second):
            window.page.goto(link)
            window.page.locator("input[name=consent]").check()
        first.page.get_by_role("button", name=re.compile("^Confirm")).click()
        expect(first.page.get_by_role("heading", name=re.compile("Confirmed"))).to_be_visible()
        second.page.get_by_role("button", name=re.compile("^Confirm")).click()
        expect(second.page.get_by_text("LINK_USED")).to_be_visible()


class TestFiveThousandOrders:
    def test_take_three_clicks_as_well(self, portal, seller):
        page = seller.page
        page.get_by_text("Harbour Lane Wholesale").first.click()
        page.get_by_role("button", name="Ningbo Bulk Trading").click()
        page.goto(f"{portal.url}/orders/")
        seller.clicks = 0
        tick_first_group(page)
        expect(page.get_by_text(re.compile(r"已选 5,?000 单"))).to_be_visible()
        page.get_by_role("button", name="创建回购订单").click()
        page.wait_for_url(re.compile(r"/batches/BR-\w+/$"))
        lock = page.get_by_role("button", name="锁价并发送")
        expect(lock).to_be_enabled(timeout=120_000)
        seller.picture("7-plan-of-5000")
        lock.click()
        expect(page.locator(".countdown").first).to_be_visible(timeout=60_000)
        assert seller.clicks == 3
        assert seller.complaints == []


class TestOnAPhone:
    @pytest.mark.parametrize("path", ["/", "/orders/", "/batches/", "/codes/"])
    def test_no_page_scrolls_sideways(self, portal, seller, path):
        seller.page.set_viewport_size({"width": 390, "height": 844})
        seller.page.goto(f"{portal.url}{path}")
        fits(seller.page)
        seller.picture(f"phone-{path.strip('/') or 'dashboard'}")
