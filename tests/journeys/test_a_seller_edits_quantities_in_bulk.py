"""Thousands of lines get an MOQ in one action: previewed, refused where it can't be made, applied,
undone (R-16 to R-18)."""

import re

from playwright.sync_api import expect

from tests.journeys.test_a_seller_repeats_a_buyers_orders import accessible, fits

BUYER = "Hanse Einkauf GmbH"


def plan_of_the_bulk_buyer(portal, seller) -> None:
    page = seller.page
    page.locator("details.menu summary").first.click()
    page.locator("form[action='/store/'] button", has_text="Ningbo").click()
    page.goto(f"{portal.url}/orders/")
    page.locator("tr", has_text=BUYER).locator("input.tick-buyer").first.click()
    expect(page.get_by_text(re.compile("已选"))).to_be_visible()
    page.get_by_role("button", name="创建回购订单").click()
    page.wait_for_url(re.compile(r"/batches/BR-\w+/$"))
    expect(page.get_by_role("button", name="锁价并发送")).to_be_enabled(timeout=120_000)


def preview(page, moq: str) -> None:
    if not page.locator("#edit-moq").is_visible():
        page.locator(".edit-part summary").focus()
        page.keyboard.press("Enter")
    page.locator("#edit-moq").fill(moq)
    page.locator("#edit-moq").press("Enter")
    expect(page.locator(f"#previewed[data-moq='{moq}']")).to_be_visible(timeout=60_000)


def test_an_moq_for_every_line_of_a_batch_of_5000(portal, seller):
    page = seller.page
    plan_of_the_bulk_buyer(portal, seller)
    before = page.locator("tr.totals-grand .money").first.inner_text()

    preview(page, "60")  # more than the workshops can make by the promised days
    expect(page.locator("#previewed")).to_contain_text("15,000")
    expect(page.locator("#previewed [role=alert]")).to_contain_text(
        re.compile(r"\d{4}-\d\d-\d\d.*\d{4}-\d\d-\d\d", re.DOTALL)
    )
    expect(page.locator("button[value=apply]")).to_have_count(0)
    seller.picture("edits-1-refused")

    preview(page, "36")
    expect(page.locator("#previewed")).to_contain_text("7,500")
    accessible(page)
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page)
    seller.picture("edits-2-preview-phone")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator("button[value=apply]").click()
    expect(page.locator("button[value=undo]")).to_be_visible(timeout=120_000)
    expect(page.locator("tr.totals-grand .money").first).not_to_have_text(before, timeout=120_000)
    accessible(page)
    seller.picture("edits-3-applied")

    page.locator("button[value=undo]").click()
    expect(page.locator("button[value=undo]")).to_have_count(0, timeout=120_000)
    expect(page.locator("tr.totals-grand .money").first).to_have_text(before, timeout=120_000)
    assert seller.complaints == []
