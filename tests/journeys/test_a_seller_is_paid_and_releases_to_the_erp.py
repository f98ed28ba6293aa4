"""From the buyer's confirmation to the ERP: the proforma, a payment to the cent, the release
(R-78, R-91)."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Portal
from tests.journeys.test_a_page_follows_what_happens import call, planned
from tests.journeys.test_a_seller_repeats_a_buyers_orders import accessible, fits


def confirmed(portal: Portal, buyer) -> str:
    """A batch that its buyer has confirmed and whose proforma has gone out."""
    ref = planned(portal)
    call(portal, f"batches/{ref}/lock/", {})
    buyer.goto(portal.invitation(ref))
    buyer.locator("input[name=consent]").check()
    buyer.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(buyer.get_by_role("heading", name=re.compile("Confirmed"))).to_be_visible()
    until = time.monotonic() + 60
    while states(portal, ref) != {"awaiting_payment"} and time.monotonic() < until:
        time.sleep(0.2)
    return ref


def states(portal: Portal, ref: str) -> set[str]:
    return {order["status"] for order in call(portal, f"batches/{ref}/orders/")["results"]}


def sign_in(portal: Portal, visitor, who: str):
    page = visitor.page
    page.goto(f"{portal.url}/sign-in/")
    page.fill("input[name=username]", portal.demo[who]["email"])
    page.fill("input[name=password]", portal.demo[who]["password"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{portal.url}/")
    return page


class TestAConfirmedLot:
    def test_is_paid_and_released_to_the_erp(self, portal, seller, visit):
        ref = confirmed(portal, visit(width=390, height=844, locale="en-GB").page)
        paper = call(portal, f"batches/{ref}/proformas/")["results"][0]
        page, reference = seller.page, f"SWIFT-{ref}"
        page.goto(f"{portal.url}/payments/")
        owed = page.locator("section[aria-labelledby=owed] tr", has_text=paper["number"])
        expect(owed).to_have_count(1)
        owed.locator("summary", has_text="登记收款").click()
        accessible(page)
        amount = owed.locator("input[name=amount]")
        assert amount.input_value() == paper["totals"][0]["total"]["amount"]

        # a part of a transfer for all is no payment of it: said in words, nothing recorded
        amount.fill("1")
        owed.locator("input[name=reference]").fill(reference)
        owed.get_by_role("button", name="是，已到账").click()
        expect(page.get_by_text("PAYMENT_INEXACT")).to_be_visible()
        accessible(page)
        assert states(portal, ref) == {"awaiting_payment"}
        complained, seller.complaints[:] = list(seller.complaints), []
        assert all("422" in each for each in complained)

        page.goto(f"{portal.url}/payments/")
        owed.locator("summary", has_text="登记收款").click()
        owed.locator("input[name=reference]").fill(reference)
        owed.get_by_role("button", name="是，已到账").click()
        expect(page.locator("#recorded tr", has_text=reference).first).to_be_visible()
        expect(owed).to_have_count(0)
        accessible(page)
        seller.picture("p1-paid")
        assert states(portal, ref) == {"paid"}

        page.locator("#recorded tr", has_text=reference).first.get_by_role("link").click()
        page.wait_for_url(re.compile(rf"/orders/{ref}-\d+/$"))
        card = page.locator("section[aria-labelledby=fulfilment]")
        expect(card.get_by_text(reference)).to_be_visible()
        card.locator("summary", has_text="立即下发").click()
        accessible(page)
        seller.picture("p2-before-the-release")
        card.get_by_role("button", name="是，下发").click()
        expect(card.get_by_text("已下发").first).to_be_visible()
        expect(card.locator("summary", has_text="立即下发")).to_have_count(0)
        accessible(page)
        seller.picture("p3-released")

        released = [row for row in call(portal, "releases/")["results"] if row["order"] in page.url]
        assert [(row["status"], bool(row["erp"])) for row in released] == [("released", True)]
        expect(card.get_by_text(call(portal, "erp/")["name"])).to_be_visible()
        page.goto(f"{portal.url}/batches/{ref}/")
        expect(page.locator("#fulfilment")).to_be_visible()
        accessible(page)
        assert seller.complaints == []

    def test_is_no_business_of_an_operator(self, portal, visit):
        page = sign_in(portal, visit(), "operator")
        page.goto(f"{portal.url}/payments/")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text("登记收款")).to_have_count(0)
        accessible(page)


class TestOnAPhone:
    @pytest.mark.parametrize(
        "path", ["/payments/", "/erp/", "/developers/", "/developers/sandbox/"]
    )
    def test_no_page_scrolls_sideways(self, portal, seller, path):
        seller.page.set_viewport_size({"width": 390, "height": 844})
        seller.page.goto(f"{portal.url}{path}")
        fits(seller.page)
        accessible(seller.page)
        seller.picture(f"phone-{path.strip('/').replace('/', '-')}")

    def test_a_new_key_is_shown_whole(self, portal, seller):
        seller.page.set_viewport_size({"width": 390, "height": 844})
        seller.page.goto(f"{portal.url}/developers/")
        seller.page.locator("input[name=name]").fill("phone")
        seller.page.locator("form:has(input[name=name]) button").click()
        expect(seller.page.locator("code.secret")).to_be_visible()
        fits(seller.page)
        accessible(seller.page)
