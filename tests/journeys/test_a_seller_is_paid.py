"""Confirmed, invoiced, paid to the cent, released to the ERP, acknowledged: what the seller sees of it (R-91)."""

import re
from decimal import Decimal

from playwright.sync_api import expect

from tests.journeys.test_a_page_follows_what_happens import call, planned
from tests.journeys.test_a_seller_repeats_a_buyers_orders import accessible, fits

ENOUGH = 30_000


def confirmed(portal, visit) -> str:
    """A batch that its buyer has confirmed by the link."""
    ref = planned(portal)
    call(portal, f"batches/{ref}/lock/", {})
    buyer = visit(width=390, height=844, locale="en-GB")
    buyer.page.goto(portal.invitation(ref))
    buyer.page.locator("input[name=consent]").check()
    buyer.page.get_by_role("button", name=re.compile("^Confirm")).click()
    expect(buyer.page.get_by_role("heading", name=re.compile("onfirmed"))).to_be_visible()
    return ref


class TestAPayment:
    def test_is_recorded_to_the_cent_and_its_orders_go_to_the_erp(self, portal, seller, visit):
        ref = confirmed(portal, visit)
        page = seller.page
        page.goto(f"{portal.url}/payments/")
        row = page.locator("tr", has=page.locator(f'a[href="/batches/{ref}/"]')).first
        while not row.count():  # its proforma is made by a worker
            page.wait_for_timeout(500)
            page.reload()
        accessible(page)
        seller.picture("m1-owed")
        row.locator("summary", has_text="登记收款").click()
        amount = row.locator("input[name=amount]")
        due = amount.input_value()

        amount.fill(str(Decimal(due) - Decimal("0.01")))
        row.locator("input[name=reference]").fill("SWIFT-0001")
        accessible(page)
        seller.picture("m2-recording")
        row.get_by_role("button", name="是，已到账").click()
        expect(page.get_by_text("PAYMENT_")).to_be_visible()  # a cent too little pays nothing
        assert {o["status"] for o in call(portal, f"batches/{ref}/orders/")["results"]} == {
            "awaiting_payment"
        }

        page.goto(f"{portal.url}/payments/")
        row.locator("summary", has_text="登记收款").click()
        row.locator("input[name=reference]").fill("SWIFT-0001")
        row.get_by_role("button", name="是，已到账").click()
        expect(page.locator("#recorded")).to_contain_text("SWIFT-0001")
        expect(row).to_have_count(0)
        accessible(page)
        seller.picture("m3-recorded")

        order = call(portal, f"batches/{ref}/orders/")["results"][0]
        assert order["status"] == "paid"
        page.goto(f"{portal.url}/orders/{order['ref']}/")
        accessible(page)
        page.locator("summary", has_text="立即下发").click()
        page.get_by_role("button", name="是，下发").click()
        expect(page.locator("[data-state=released]").first).to_be_visible()
        seller.picture("m4-released")
        accessible(page)
        page.set_viewport_size({"width": 390, "height": 844})
        fits(page)
        page.goto(f"{portal.url}/payments/")
        fits(page)
        assert ["422" in words for words in seller.complaints] == [True]  # the cent that was missing
