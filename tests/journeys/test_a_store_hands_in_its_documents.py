"""Upload → machine reading → handing in → the reviewer's desk → open, on the portal as `make run`
starts it.

The papers are other ones in every run, so what the machine reads of them differs too: the reviewer
does what a real one does, who looks at the page and types what it says wherever the machine is in
doubt or a check fails.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from repurchase.demo.sample_documents import samples
from tests.journeys.conftest import OUTPUT
from tests.journeys.test_a_seller_repeats_a_buyers_orders import accessible, fits
from tests.qualification import cases

COMPANY = "宁波样例进出口有限公司"  # of the demo's store that gathers its documents
FILES = {
    "business_licence": ["1-business-licence.pdf"],
    "bank_statements": ["2-bank-statement.pdf"],
    "customs_declarations": [f"3-customs-declaration-{n}.pdf" for n in (1, 2, 3)],
}


@dataclass(frozen=True)
class Papers:
    folder: Path
    truth: Mapping[str, Mapping[str, str]]  # what each file says, by field

    def files(self, kind: str) -> list[str]:
        return [str(self.folder / name) for name in FILES[kind]]


@pytest.fixture(scope="module")
def papers(tmp_path_factory) -> Papers:
    folder, seed, today = (
        tmp_path_factory.mktemp("papers"),
        secrets.token_hex(4),
        samples.platform_today(),
    )
    print(f"papers of seed {seed} on {today}")  # noqa: T201 - shown when the journey fails
    said = samples.make_document_set(company=COMPANY, hs_code="8482100000", today=today, seed=seed)
    for name, data in samples.render_sample_files(said, today=today, seed=seed):
        (folder / name).write_bytes(data)
    names = [name for names in FILES.values() for name in names]
    truths = [
        cases.truth_of_licence(said.company),
        cases.truth_of_statement(said.statement),
        *map(cases.truth_of_declaration, said.declarations),
    ]
    return Papers(folder=folder, truth=dict(zip(names, truths, strict=True)))


@pytest.fixture
def desk(browser, portal):
    """The reviewer's browser, signed in. When the journey fails it leaves what it showed in
    tests/output."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{portal.url}/sign-in/")
    page.fill("[name=username]", portal.demo["reviewer"]["email"])
    page.fill("[name=password]", portal.demo["reviewer"]["password"])
    page.locator("[name=password]").press("Enter")
    page.wait_for_url(lambda address: "sign-in" not in address)
    yield page
    OUTPUT.mkdir(exist_ok=True)
    page.screenshot(path=OUTPUT / "papers-2-desk.png", full_page=True)
    (OUTPUT / "papers-2-desk.txt").write_text(page.locator("body").inner_text())
    context.close()


def settle_by_keyboard(desk: Page, papers: Papers) -> None:
    """n leads to what is left, one after the other; c ticks it; what the machine did not find is
    typed first."""
    left = desk.locator("#left strong")
    while (before := int(left.inner_text())) > 0:
        desk.keyboard.press("n")
        row = desk.locator("tr[data-field]:has(:focus)")
        words = row.locator("input[type=text]")
        if words.count() and not words.input_value():
            words.fill(said(desk, papers, words))
            words.press("Tab")
        else:
            desk.keyboard.press("c")
        expect(left).to_have_text(str(before - 1))


def correct(desk: Page, papers: Papers) -> None:
    """Every value is held against the paper, also those that the machine was sure of."""
    for words in desk.locator("tr[data-field] input[type=text]").all():
        if plain(words.input_value()) != plain(said(desk, papers, words)):
            words.fill(said(desk, papers, words))
            words.press("Tab")  # keys in a text field are words


def said(desk: Page, papers: Papers, words: Locator) -> str:
    """What the paper says in the field of this input; 0 for one that the machine has read into
    it."""
    _, key, name = words.get_attribute("name").split(":")
    title = desk.locator(f"#doc-{key} legend").inner_text()
    return papers.truth[next(n for n in papers.truth if n in title)].get(name, "0")


def plain(value: str) -> str:
    return value.removesuffix(".00").removesuffix("0") if "." in value else value


class TestTheWholeWay:
    def test_leads_from_the_first_file_to_an_open_store(self, portal, seller, papers, desk):
        page = seller.page
        page.goto(f"{portal.url}/")
        page.locator("details.menu > summary").first.click()
        page.get_by_role("button", name="documents wanted").click()
        page.wait_for_url(f"{portal.url}/")
        page.goto(f"{portal.url}/qualification/")
        for kind, names in FILES.items():
            page.set_input_files(f"#file-{kind}", papers.files(kind))
            expect(page.locator(".upload", has_text=names[-1])).to_be_visible(timeout=60_000)
        expect(page.locator(".upload [data-state=read]")).to_have_count(5, timeout=240_000)
        accessible(page)
        fits(page)
        seller.picture("papers-1-read")
        page.locator("form[action='/qualification/submit/'] button").click()
        expect(page.locator("[data-state=in_review]").first).to_be_visible()
        assert seller.complaints == []

        desk.goto(f"{portal.url}/admin/qualification/case/")
        desk.get_by_role("link", name="documents wanted").click()
        desk.wait_for_url("**/desk/")  # loaded: the keys work from then on
        settle_by_keyboard(desk, papers)
        correct(desk, papers)
        expect(desk.locator(".desk-page img").first).to_be_visible()
        desk.keyboard.press("a")
        desk.keyboard.press("Enter")
        desk.wait_for_url("**/admin/qualification/case/")

        page.goto(f"{portal.url}/qualification/")
        expect(page.locator("[data-state=open]").first).to_be_visible()
