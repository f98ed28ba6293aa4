"""费用试算: change a case, see each line move, ask backwards (B-7). On the portal as `make run`
starts it."""

from playwright.sync_api import expect

from tests.journeys.test_a_seller_repeats_a_buyers_orders import accessible, fits

PHONE = {"width": 390, "height": 844}


class TestTheSimulator:
    def test_moves_line_by_line_and_answers_backwards(self, portal, seller):
        page = seller.page
        page.goto(f"{portal.url}/fees/")
        expect(page.locator("#outcome")).to_contain_text("0.7 %")
        page.locator("#outcome .actions a").click()
        page.wait_for_url("**/fees/?*held=*")

        page.locator("select[name=country]").select_option("US")
        expect(page.locator("#outcome .moved").first).to_contain_text("USD")
        page.locator("input[name=cost]").fill("3000")
        page.locator("input[name=wished_margin]").fill("20")
        expect(page.locator("#outcome dl")).to_contain_text("CNY 3,000.00")
        expect(page.locator("#outcome dl dt")).to_have_count(6)
        accessible(page)
        seller.picture("fees-1-simulator")
        page.set_viewport_size(PHONE)
        fits(page)
        seller.picture("fees-1-simulator-phone")
