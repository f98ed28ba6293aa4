"""Upload → machine reading → handing in → the reviewer's desk → open, on the portal as `make run` starts it."""

import json
import random
from pathlib import Path

import pytest
from playwright.sync_api import expect

from repurchase.papers import samples
from tests.journeys.test_a_seller_repeats_a_buyers_orders import accessible, fits

COMPANY = "宁波样例进出口有限公司"  # of the demo's store that gathers its documents
FILES = {
    "business_licence": ["1-business-licence.pdf"],
    "bank_statements": ["2-bank-statement.pdf"],
    "customs_declarations": [f"3-customs-declaration-{n}.pdf" for n in (1, 2, 3)],
}


@pytest.fixture(scope="module")
def papers(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    made = samples.files(
        company=COMPANY, hs_code="8482100000", today=samples.today(), seed=str(random.random())
    )
    for name, data in made:
        (folder / name).write_bytes(data)
    return folder


class TestTheWholeWay:
    def test_leads_from_the_first_file_to_an_open_store(self, portal, seller, papers, browser):
        page = seller.page
        page.goto(f"{portal.url}/")
        page.locator("details.menu > summary").first.click()
        page.get_by_role("button", name="documents wanted").click()
        page.wait_for_url(f"{portal.url}/")
        page.goto(f"{portal.url}/qualification/")
        for kind, names in FILES.items():
            page.set_input_files(f"#file-{kind}", [str(papers / name) for name in names])
            expect(page.locator(".upload", has_text=names[-1])).to_be_visible(timeout=60_000)
        expect(page.locator(".upload [data-state=read]")).to_have_count(5, timeout=240_000)
        accessible(page)
        fits(page)
        seller.picture("papers-1-read")
        page.locator("form[action='/qualification/submit/'] button").click()
        expect(page.locator("[data-state=in_review]").first).to_be_visible()
        assert seller.complaints == []

        desk = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        demo = json.loads((portal.data_dir / "demo.json").read_text())
        desk.goto(f"{portal.url}/sign-in/")
        desk.fill("[name=username]", demo["reviewer"]["email"])
        desk.fill("[name=password]", demo["reviewer"]["password"])
        desk.locator("[name=password]").press("Enter")
        desk.wait_for_url(lambda address: "sign-in" not in address)
        desk.goto(f"{portal.url}/admin/qualification/case/")
        desk.locator("a[href*='/desk/']").first.click()
        desk.keyboard.press("j")  # the first field that is in doubt, by keyboard
        for box in desk.locator(".field-open input[type=checkbox]").all():
            box.check()
        for seal in desk.locator("select[name^='seal:']").all():
            seal.select_option("yes")
        expect(desk.locator(".desk-page img").first).to_be_visible()
        desk.locator("button[value=approve]").click()
        desk.wait_for_url("**/admin/qualification/case/")

        page.goto(f"{portal.url}/qualification/")
        expect(page.locator("[data-state=open]").first).to_be_visible()
