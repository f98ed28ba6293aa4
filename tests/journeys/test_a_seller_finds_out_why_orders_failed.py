"""Two orders fail: one press cures what can be cured, the report of the rest is made by the worker
(R-71 to R-75, B-4)."""

import re
import subprocess

from playwright.sync_api import expect

from tests.journeys.test_a_seller_repeats_a_buyers_orders import accessible, fits

PLANTED = ("PLANT-LANE_UNREACHABLE", "PLANT-ORDER_TOO_OLD", "PLANT-GOOD-1")
MAKE = """
from marketplace.models import Store
from repurchase.batches.services import batches
print(batches.create(store=Store.objects.get(code="ningbo-bulk"), numbers={numbers}, by="user:1").ref)
"""


def text_of(pdf) -> str:
    done = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, check=True)
    return done.stdout.decode()


def phone_and_back(page, seller, name: str) -> None:
    accessible(page)
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page)
    seller.picture(name)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_from_the_panel_to_the_downloaded_report(portal, seller):
    page = seller.page
    ref = (
        portal.manage("shell", "-v", "0", "-c", MAKE.format(numbers=list(PLANTED)))
        .strip()
        .splitlines()[-1]
    )
    page.locator("details.menu summary").first.click()
    page.locator("form[action='/store/'] button", has_text="Ningbo").click()
    page.goto(f"{portal.url}/batches/{ref}/")

    press = page.locator("#fixes .fix-act button").first
    expect(press).to_be_visible(timeout=60_000)
    expect(page.locator("#fixes .fix-parts").first).to_contain_text("Novosibirsk")
    phone_and_back(page, seller, "cure-1-panel")
    press.click()
    expect(page.locator("nav.tabs a[href*='tab=planned'] .num")).to_have_text("2")

    page.goto(f"{portal.url}/batches/{ref}/diagnostics/")
    phone_and_back(page, seller, "cure-2-diagnosis")
    page.locator("form[action$='/reports/'] button").click()
    link = page.locator("#report a[href$='.pdf']")
    expect(link).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        link.click()
    text = text_of(download.value.path())
    assert "ORDER_TOO_OLD" in text
    assert "LANE_UNREACHABLE" not in text
    assert re.search(r"\(UTC\+08:00\)", text)
    assert re.search("[\u4e00-\u9fff]{4}", text)

    page.goto(f"{portal.url}/orders/{ref}-0002/")
    page.locator(".page-head a[href$='diagnostics.pdf']").click()
    link = page.locator("#order-report a[href$='diagnostics.pdf']")
    expect(link).to_be_visible(timeout=60_000)
    phone_and_back(page, seller, "cure-3-report")
    with page.expect_download() as download:
        link.click()
    assert "ORDER_TOO_OLD" in text_of(download.value.path())
    page.goto(f"{portal.url}/orders/{ref}-0001/diagnostics/")
    phone_and_back(page, seller, "cure-3-order")
    for path in ("figures", "radar", "codes"):
        page.goto(f"{portal.url}/{path}/")
        phone_and_back(page, seller, f"cure-4-{path}")
    assert seller.complaints == []
