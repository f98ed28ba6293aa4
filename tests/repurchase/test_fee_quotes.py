"""What an order would cost: the simulator's page and POST /api/v1/fee-quotes/ (B-7)."""

import json
import re
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.utils.html import strip_tags

from marketplace.models import Sku
from repurchase.models import RepeatOrder
from tests import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(store):
    """Rates, lanes, cards, taxes and a category for the US and Germany."""
    world.repeatable(store, orders=1)
    world.tax("US", "0", category="O")
    world.rate_card(world.lane("US"), "US")
    return Sku.objects.get().category.code


BODY = {
    "currency": "USD", "country": "DE", "lines": [{"category": "", "amount": "1000.00"}], "freight": "40.00",
    "weight_g": 4000,
}  # fmt: skip


@pytest.fixture
def ask(client, store, ready):
    key = world.key(store, "read")

    def asked(**changes):
        body = {**BODY, "lines": [{"category": ready, "amount": "1000.00"}], **changes}
        return client.post(
            "/api/v1/fee-quotes/",
            json.dumps(body),
            "application/json",
            headers={"Authorization": f"Bearer {key}", "Accept-Language": "en"},
        )

    return asked


class TestAFeeQuote:
    def test_tells_every_line_and_makes_no_order(self, ask):
        answer = ask()
        assert answer.status_code == 200, answer.content
        told = answer.json()
        assert told["total"] == {"amount": "1237.60", "currency": "USD"}
        assert [(fee["kind"], fee["amount"]["amount"], fee["reason"]) for fee in told["fees"]] == [
            ("commission", "83.20", ""),
            ("ear_review", "0.00", "NO_EAR_GOODS"),
            ("freight", "11.18", ""),
            ("return_warehouse", "0.00", "NOT_CHOSEN"),
            ("payment", "8.66", ""),
            ("vat_remittance", "6.19", ""),
        ]
        assert told["tax_treatment"]["code"] == "S-DE-19.00-DE123456789"
        assert not RepeatOrder.objects.exists()

    def test_can_be_recomputed_line_by_line(self, ask):
        """R-67: USD 2.30 ÷ 1.10 = EUR 2.09; freight by its card, at the rate told."""
        fees = {fee["kind"]: fee for fee in ask(currency="EUR", local_return=True).json()["fees"]}
        warehouse, freight = fees["return_warehouse"], fees["freight"]
        rate = Decimal(warehouse["per_euro"]["USD"])
        assert Decimal(warehouse["amount"]["amount"]) == round(Decimal("2.30") / rate, 2)
        card = freight["card"]
        steps = -(-(freight["weight_g"] - card["from_g"]) // card["step_g"])
        quoted = Decimal(card["base"]["amount"]) + steps * Decimal(card["step"]["amount"])
        assert max(quoted, Decimal(card["minimum"]["amount"])) == Decimal(
            freight["tariff"]["amount"]
        )
        assert Decimal(freight["amount"]["amount"]) == round(quoted / rate, 2)
        assert (fees["payment"]["per_euro"], fees["payment"]["card"]) == (None, None)

    def test_carries_every_amount_as_a_string(self, ask):
        def numbers(value):
            if isinstance(value, dict):
                return [n for each in value.values() for n in numbers(each)]
            if isinstance(value, list):
                return [n for each in value for n in numbers(each)]
            return [value] if isinstance(value, float) else []

        assert numbers(ask(cost="3000", wished_margin="0.25").json()) == []

    @pytest.mark.parametrize(
        ("changes", "kind", "amount"),
        [
            ({"local_return": True}, "return_warehouse", "2.30"),
            ({"country": "US"}, "vat_remittance", "0.00"),
            ({"changes": {"payment_rate": "0.01"}}, "payment", "12.38"),
            ({"changes": {"commission_rate": "0.05"}}, "commission", "52.00"),
            ({"changes": {"tax_rate": "0.25"}}, "payment", "9.10"),
            ({"weight_g": 5000}, "freight", "12.90"),
        ],
    )
    def test_moves_with_what_is_changed(self, ask, changes, kind, amount):
        answer = ask(**changes)
        assert answer.status_code == 200, answer.content
        assert [
            fee["amount"]["amount"] for fee in answer.json()["fees"] if fee["kind"] == kind
        ] == [amount]

    def test_answers_backwards(self, ask):
        """CNY 3,000.00 are USD 423.08; 0.713 × (P + 40.00) = 423.08 + 13.00 of freight: P =
        571.61…"""
        told = ask(country="US", cost="3000.00", cost_currency="CNY", wished_margin="0.2").json()
        assert told["cost"] == {"amount": "3000.00", "currency": "CNY"}
        assert told["price_for_wished_margin"] == {"amount": "571.62", "currency": "USD"}
        # 1,040.00 − 83.20 − 7.28 − 13.00 = 936.52 are left: CNY 2,999.995 ÷ 936.52
        assert told["break_even_rate"] == {"base": "USD", "quote": "CNY", "rate": "3.203344"}

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"lines": []}, 422, "INPUT_INVALID"),
            ({"lines": [{"category": "none-such", "amount": "1"}]}, 422, "INPUT_INVALID"),
            ({"currency": "XYZ"}, 422, "CURRENCY_UNKNOWN"),
            ({"freight": "0.001"}, 422, "AMOUNT_INVALID"),
            ({"freight": 1.5, "surprise": True}, 422, "INPUT_INVALID"),
            ({"changes": {"surprise": "1"}}, 422, "INPUT_INVALID"),
            ({"country": "BR"}, 422, "TAX_CODE_MISSING"),
            ({"carrier_service": "none-such"}, 422, "INPUT_INVALID"),
        ],
    )
    def test_is_refused_by_code(self, ask, changes, status, code):
        answer = ask(**changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code)

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"lines": [{"category": "hats", "amount": "-1"}]}, "#/lines/0/amount"),
            ({"freight": "-0.01"}, "#/freight"),
            ({"cost": "-5"}, "#/cost"),
            ({"changes": {"per_euro": {"EUR": "2"}}}, "#/changes/per_euro/EUR"),
            ({"changes": {"per_euro": {"usd": "2"}}}, "#/changes/per_euro/usd"),
            ({"changes": {"per_euro": {"": "2"}}}, "#/changes/per_euro/"),
        ],
    )
    def test_points_at_what_is_out_of_bounds(self, ask, changes, pointer):
        told = ask(**changes).json()
        assert (told["code"], [each["pointer"] for each in told["errors"]]) == (
            "INPUT_INVALID",
            [pointer],
        )

    @pytest.mark.parametrize("amount", ["1e999999", "1e30", "1_000", "٣", "9" * 20])
    def test_takes_plain_digits_only(self, ask, amount):
        assert ask(freight=amount).json()["code"] == "AMOUNT_INVALID"

    def test_without_a_rate_card_is_never_free(self, ask):
        world.tax("NO", "0", category="Z")
        assert ask(country="NO").json()["code"] == "FREIGHT_UNAVAILABLE"


class TestThePage:
    TYPED = {
        "country": "DE",
        "currency": "USD",
        "amount_1": "1000.00",
        "freight": "40.00",
        "weight_g": "4000",
        "cost": "0",
    }

    def page(self, client, alice, **changes):
        client.force_login(alice)
        headers = changes.pop("headers", {})
        return client.get(
            "/fees/?" + urlencode(self.TYPED | changes), headers=headers
        ).content.decode()

    def test_opens_with_an_order_worked_out(self, client, alice, ready):
        client.force_login(alice)
        page = client.get("/fees/").content.decode()
        assert "USD 1,237.60" in page
        assert "0.7 %" in page

    def test_answers_a_change_with_the_outcome_only(self, client, alice, ready):
        page = self.page(client, alice, category_1=ready, headers={"HX-Request": "true"})
        assert "<form" not in page
        assert "USD 8.66" in page

    def test_shows_how_far_each_line_has_moved(self, client, alice, ready):
        held = urlencode(self.TYPED | {"category_1": ready})
        page = self.page(client, alice, category_1=ready, country="US", held=held)
        assert "− USD 6.19" in page  # the VAT remittance
        assert "− USD 1.38" in page  # the payment fee: 7.28 after 8.66

    def test_shows_the_rate_that_a_charge_was_exchanged_by(self, client, alice, ready):
        page = self.page(client, alice, category_1=ready, currency="EUR", local_return="on")
        assert re.search(
            r"USD 2\.30\s+→\s+EUR 2\.09\s+\(1 EUR = 1\.10* USD\)",
            strip_tags(page).replace("\xa0", " "),
        )

    def test_says_a_code_where_there_is_no_price(self, client, alice, ready):
        world.rate_card(world.lane("BR"), "BR")
        assert "TAX_CODE_MISSING" in self.page(client, alice, category_1=ready, country="BR")

    def test_says_what_can_t_be_taken(self, client, alice, ready):
        page = self.page(
            client, alice, category_1=ready, weight_g="0", headers={"HX-Request": "true"}
        )
        assert "USD 1,237.60" not in page
        assert page.count("<p>") >= 1
