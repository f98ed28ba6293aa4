"""A rate moves while prices are locked: the pop-up, offers to and fro, both signatures, the sealed
PDF (R-50 to R-56)."""

import datetime as dt
import json
import re
import subprocess
import time

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import OUTPUT
from tests.journeys.test_a_page_follows_what_happens import call, planned
from tests.journeys.test_a_seller_repeats_a_buyers_orders import accessible, fits

POP_UP_MS = 2000
ANOTHER = (
    "document.body.dispatchEvent(new CustomEvent('lock', {detail: {type: 'lock.renegotiating'}}))"
)


@pytest.fixture(autouse=True)
def _the_clock_ends_what_is_left(portal):
    """Other locks of the demo store were moved as well: they must not pop up in the journeys that
    follow."""
    yield
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=5)).isoformat()
    portal.manage("sweep", "--store", "harbour-lane", "--at", later)


def letter(portal, words: str, seconds: float = 30) -> dict:
    """The newest letter whose subject holds these words, waited for."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = [mail for mail in portal.mails() if words in mail["subject"]]
        if found:
            return found[0]
        time.sleep(0.2)
    raise AssertionError(f"no letter “{words}”: {[mail['subject'] for mail in portal.mails()]}")


class TestBoth:
    def test_agree_on_new_prices_and_get_the_sealed_pdf(self, portal, seller, visit, tmp_path):
        ref = planned(portal)
        call(portal, f"batches/{ref}/lock/", {})
        portal.invitation(ref)
        page = seller.page
        page.goto(f"{portal.url}/orders/")  # anywhere in the portal
        currency = call(portal, f"batches/{ref}/")["lots"][0]["currency"]

        other = seller.context.new_page()
        other.goto(f"{portal.url}/")
        row = other.locator("form", has=other.locator(f"input[name=currency][value={currency}]"))
        page.bring_to_front()
        row.get_by_role("button", name=f"{currency} +3 %").click(no_wait_after=True)

        dialog = page.locator("dialog[open]")
        expect(dialog).to_be_visible(timeout=POP_UP_MS)
        expect(dialog.get_by_text(ref)).to_be_visible()
        with page.expect_response(lambda got: got.url.endswith("/renegotiations/alert/")):
            page.evaluate(ANOTHER)
        expect(dialog).to_be_visible()
        # a second lock's event renewed the pop-up, but nobody put it off: it is still there
        page.reload()
        expect(dialog).to_be_visible(timeout=POP_UP_MS)
        assert page.evaluate("document.activeElement.closest('dialog') !== null")
        accessible(page)
        seller.picture("r1-pop-up")
        dialog.locator("li", has_text=ref).get_by_role("link").click()
        page.wait_for_url(re.compile(r"/renegotiations/[0-9a-f-]{36}/$"))
        accessible(page)
        seller.picture("r2-seller-page")
        locked = call(portal, f"batches/{ref}/")["lots"][0]
        assert locked["status"] == "renegotiating"

        page.locator("input[name=percent]").fill("-1.5")
        page.locator("form", has=page.locator("input[name=percent]")).get_by_role("button").click()
        expect(page.locator(".thread > li")).to_have_count(1)

        link = next(
            each for each in letter(portal, f"new prices for {ref}")["links"] if "/b/" in each
        )
        buyer = visit(width=390, height=844, locale="en-GB")
        phone = buyer.page
        phone.goto(link)
        expect(phone.get_by_role("heading", name="New prices have to be agreed")).to_be_visible()
        fits(phone)
        accessible(phone)
        buyer.picture("r3-buyer-phone")
        phone.get_by_text("Make a counter-offer").click()
        phone.locator("input[name=percent]").fill("1.5")
        phone.get_by_role("button", name="Send to the seller").click()
        expect(phone.get_by_role("heading", name="Sign your counter-offer")).to_be_visible()

        expect(page.locator(".thread > li")).to_have_count(2, timeout=5000)  # it came by itself
        page.locator("input[name=password]").fill(portal.demo["seller"]["password"])
        page.locator(".sign-form input[name=name]").fill("陈晓 Chen Xiao")
        page.locator(".sign-form input[name=consent]").check()
        page.locator(".sign-form button").click()
        expect(page.locator(".chip-ok", has_text="卖家已签署").first).to_be_visible()
        seller.picture("r4-seller-signed")

        phone.reload()
        phone.locator("input[name=consent]").check()
        phone.get_by_role("button", name="Send me the code to sign").click()
        expect(phone.locator("input[name=code]")).to_be_visible()
        code = re.search(r"^\d{6}$", letter(portal, f"code to sign {ref}")["text"], re.M).group()
        phone.locator("input[name=code]").fill(code)
        phone.locator("input[name=name]").fill("Bea Buyer")
        fits(phone)
        accessible(phone)
        buyer.picture("r5-buyer-signs")
        phone.get_by_role("button", name=re.compile("^Sign:")).click()
        expect(phone.get_by_role("heading", name="Agreed and confirmed")).to_be_visible()
        fits(phone)

        told = call(portal, f"batches/{ref}/")
        assert told["lots"][0]["status"] == "confirmed"
        orders = call(portal, f"batches/{ref}/orders/")["results"]
        assert {order["status"] for order in orders} <= {
            "confirmed",
            "awaiting_payment",
        }  # its proforma is quick
        before = float(locked["total"]["amount"])
        after = sum(float(order["total"]["amount"]) for order in orders)
        assert 1.010 < after / before < 1.016  # goods rose by 1.5 %, freight did not

        letter(portal, f"new prices of {ref} are agreed", seconds=60)
        phone.reload()
        buyer.picture("r6-buyer-agreed")
        with phone.expect_download() as download:
            phone.get_by_role("link", name=re.compile("Sealed agreement")).click()
        file = OUTPUT / "renegotiation.pdf"
        download.value.save_as(file)
        assert json.loads(portal.manage("verify_agreement", str(file), "--json"))["ok"]
        said = subprocess.run(
            ["pdfsig", str(file)], capture_output=True, text=True, check=False
        ).stdout
        assert "Signature Validation: Signature is Valid." in said
        assert "Total document signed" in said
        phone.goto(f"{portal.url}/verify/")
        phone.locator("input[type=file]").set_input_files(file)
        phone.locator("form button[type=submit]").first.click()
        expect(phone.get_by_text("This very file was sealed here, byte for byte.")).to_be_visible()

        page.reload()
        seller.picture("r7-seller-agreed")
        accessible(page)
        assert all(
            store["bad"] == "" for store in json.loads(portal.manage("verify_ledger", "--json"))
        )
        assert (seller.complaints, buyer.complaints) == ([], [])


class TestOnAPhone:
    @pytest.mark.parametrize("path", ["/renegotiations/"])
    def test_no_page_scrolls_sideways(self, portal, seller, path):
        seller.page.set_viewport_size({"width": 390, "height": 844})
        seller.page.goto(f"{portal.url}{path}")
        fits(seller.page)
        accessible(seller.page)
