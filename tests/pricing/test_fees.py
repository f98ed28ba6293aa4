import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money, Rates, round_half_up
from marketplace.territories import Destination, find_destination
from pricing.fees import (
    REASONS,
    CommissionGoods,
    FeeKind,
    FeePart,
    FeeTariff,
    OrderToPrice,
    PricedOrder,
    PriceList,
    ZeroFeeReason,
    intern_goods,
    recompute,
)
from pricing.freight import FreightCard, FreightQuote, FreightService, Parcel
from pricing.tax import TaxRule, Treatment, determine_treatment

DAY = dt.date(2026, 11, 23)
RATES = Rates(
    id=7,
    source="ecb",
    published_on=dt.date(2026, 11, 20),
    per_euro={"USD": Decimal("1.10"), "GBP": Decimal("0.85"), "JPY": Decimal("170.5")},
)
TARIFF = FeeTariff(
    payment_rate=Decimal("0.007"),
    vat_remittance_rate=Decimal("0.005"),
    return_warehouse=Money(230, "USD"),
    ear_review=Money(12_000, "USD"),
)
QUOTE = FreightQuote(
    service_id=3, weight_g=4000, negotiated=Money(860, "USD"), public=Money(1000, "USD")
)


Line = tuple[CommissionGoods, int]


def line(total: int, rate: str | None = "0.08", *, category: str = "", ear: bool = False) -> Line:
    return intern_goods(
        category or f"cat-{rate}", None if rate is None else Decimal(rate), ear
    ), total


def treatment(rate: str = "0.19", *, reverse: bool = False, country: str = "DE"):
    return determine_treatment(
        TaxRule(category="S", rate=Decimal(rate), reverse_charge=reverse),
        destination=find_destination(country),
        buyer_number="DE999",
        buyer_number_checked=reverse,
        seller_registration="DE123456789",
    )


@dataclass(frozen=True)
class Asked:
    """An order, and where it goes."""

    order: OrderToPrice
    currency: str
    destination: Destination
    treatment: Treatment


def order(*lines: Line, currency: str = "USD", country: str = "DE", **fields) -> Asked:
    taxed = fields.pop("treatment", None) or treatment()
    defaults = {
        "freight_minor": 0,
        "prices_include_tax": False,
        "quote": QUOTE,
        "local_return": False,
    }
    to_price = OrderToPrice(
        goods=tuple(of for of, _ in lines),
        line_totals=tuple(total for _, total in lines),
        **defaults | fields,
    )
    return Asked(
        order=to_price, currency=currency, destination=find_destination(country), treatment=taxed
    )


def price(asked: Asked) -> PricedOrder:
    prices = PriceList(
        currency=asked.currency,
        destination=asked.destination,
        treatment=asked.treatment,
        tariff=TARIFF,
        rates=RATES,
        day=DAY,
    )
    return prices.price(asked.order)


def priced(*lines: Line, **fields) -> PricedOrder:
    return price(order(*lines, **fields))


def fee(kind: FeeKind, *lines: Line, **fields):
    (found,) = [each for each in priced(*lines, **fields).fees if each.kind == kind]
    return found


class TestTheParts:
    def test_are_four_always_in_the_same_order_with_the_surcharges_below_theirs(self):
        """R-58, R-68: and no technical service fee among them."""
        assert [(each.part, each.kind) for each in priced(line(100)).fees] == [
            (FeePart.COMMISSION, FeeKind.COMMISSION),
            (FeePart.COMMISSION, FeeKind.EAR_REVIEW),
            (FeePart.LOGISTICS, FeeKind.FREIGHT),
            (FeePart.LOGISTICS, FeeKind.RETURN_WAREHOUSE),
            (FeePart.PAYMENT, FeeKind.PAYMENT),
            (FeePart.VAT_REMITTANCE, FeeKind.VAT_REMITTANCE),
        ]

    def test_say_why_they_are_zero(self):
        free = FreightQuote(service_id=3, weight_g=1, negotiated=None, public=Money(0, "USD"))
        fees = priced(
            line(0, "0"), country="US", quote=free, treatment=treatment(country="US")
        ).fees
        assert [(each.amount_minor, each.reason) for each in fees] == [
            (0, ZeroFeeReason.RATE_ZERO),
            (0, ZeroFeeReason.NO_EAR_GOODS),
            (0, ZeroFeeReason.RATE_ZERO),
            (0, ZeroFeeReason.NOT_CHOSEN),
            (0, ZeroFeeReason.NOTHING_PAID),
            (0, ZeroFeeReason.NOT_EU_OR_GB),
        ]
        assert fee(FeeKind.PAYMENT, line(1)).reason == ZeroFeeReason.BELOW_HALF_A_UNIT

    def test_have_words_for_every_reason(self):
        assert set(REASONS) == set(ZeroFeeReason) - {ZeroFeeReason.NONE}


class TestTheCommission:
    """R-59."""

    @pytest.mark.parametrize(
        ("rate", "total", "freight", "amount"),
        [
            ("0.08", 10_000, 0, 800),  # apparel
            ("0.05", 10_000, 0, 500),  # auto parts
            ("0.08", 10_000, 2500, 1000),  # with the freight charged to the buyer
            ("0.05", 10, 0, 1),  # 0.5: a half goes up
            ("0.05", 9, 0, 0),  # 0.45
            ("0.05", 29, 0, 1),
            ("0.05", 30, 0, 2),
        ],
    )
    def test_is_the_categorys_share_of_goods_and_freight_without_tax(
        self, rate, total, freight, amount
    ):
        assert (
            fee(FeeKind.COMMISSION, line(total, rate), freight_minor=freight).amount_minor == amount
        )

    def test_leaves_the_tax_out_of_prices_that_include_it(self):
        found = fee(FeeKind.COMMISSION, line(10_710), freight_minor=1190, prices_include_tax=True)
        assert (found.base_minor, found.amount_minor) == (10_000, 800)
        assert found.detail == {
            "categories": ["cat-0.08"],
            "goods_minor": 9000,
            "freight_minor": 1000,
        }

    def test_is_rounded_once_a_rate_not_once_a_line(self):
        """Three lines of 0.06 at 8 % are 0.0144, not three times nothing."""
        found = fee(FeeKind.COMMISSION, line(6), line(6, category="hats"), line(6))
        assert (found.base_minor, found.amount_minor) == (18, 1)
        assert found.detail["categories"] == ["cat-0.08", "hats"]

    def test_has_a_line_for_each_rate_and_freight_falls_to_them_by_largest_remainder(self):
        fees = priced(line(1000, "0.08"), line(2000, "0.05"), freight_minor=100).fees
        assert [(each.rate, each.base_minor, each.amount_minor) for each in fees[:2]] == [
            (Decimal("0.05"), 2067, 103),
            (Decimal("0.08"), 1033, 83),
        ]

    def test_never_takes_a_missing_rate_for_zero(self):
        with pytest.raises(Problem) as refused:
            priced(line(1), line(1, None, category="toys"), line(1, None, category="hats"))
        assert refused.value.code == Code.COMMISSION_RATE_MISSING
        assert refused.value.evidence == {"category": "hats", "date": "2026-11-23"}

    def test_needs_a_line(self):
        with pytest.raises(Problem) as refused:
            priced()
        assert refused.value.code == Code.ORDER_WITHOUT_LINES


class TestTheEarReview:
    @pytest.mark.parametrize(
        ("controlled", "currency", "amount"),
        [
            ((False, False), "USD", 0),
            ((True, False), "USD", 12_000),
            ((True, True), "USD", 12_000),  # once an order
            ((True, False), "EUR", 10_909),  # 120 ÷ 1.10 = 109.0909…
            ((True, False), "JPY", 18_600),  # 120 × 170.5 ÷ 1.10, in whole yen
        ],
    )
    def test_is_charged_once(self, controlled, currency, amount):
        found = fee(
            FeeKind.EAR_REVIEW, *[line(50, ear=each) for each in controlled], currency=currency
        )
        assert (found.amount_minor, found.currency) == (amount, currency)
        assert found.tariff == Money(12_000, "USD")


class TestTheFreight:
    def test_is_the_negotiated_price_with_both_prices_and_the_saving_beside_it(self):
        """R-60, R-61."""
        found = fee(FeeKind.FREIGHT, line(1), currency="EUR")
        assert (found.amount_minor, found.tariff) == (782, Money(860, "USD"))
        assert found.detail == {
            "service_id": 3,
            "weight_g": 4000,
            "negotiated": {"minor": 860, "currency": "USD"},
            "public": {"minor": 1000, "currency": "USD"},
            "saving_basis_points": 1400,
            "saving_flagged": False,
            "rate_set": 7,
            "per_euro": {"USD": "1.10"},
        }

    def test_keeps_the_card_that_it_can_be_worked_out_by(self):
        card = FreightCard(
            service_id=3,
            negotiated=True,
            currency="USD",
            min_weight_g=0,
            base_minor=500,
            step_g=1000,
            step_minor=90,
            divisor=5000,
        )
        found = fee(
            FeeKind.FREIGHT,
            line(1),
            quote=FreightService(3, [card]).quote(Parcel(weight_g=1, volume_cm3=20_000)),
        )
        kept = found.detail["card"]
        steps = -(-(found.detail["weight_g"] - kept["from_g"]) // kept["step_g"])
        assert (found.detail["weight_g"], found.detail["actual_g"]) == (4000, 1)
        assert (
            max(kept["base_minor"] + steps * kept["step_minor"], kept["minimum_minor"])
            == found.tariff.minor
            == 860
        )

    def test_is_not_what_the_buyer_is_charged(self):
        assert fee(FeeKind.FREIGHT, line(1), freight_minor=99_999).amount_minor == 860


class TestTheReturnWarehouse:
    @pytest.mark.parametrize(
        ("chosen", "currency", "amount"),
        [(True, "USD", 230), (False, "USD", 0), (True, "GBP", 178)],
    )
    def test_is_charged_where_it_was_chosen(self, chosen, currency, amount):
        """R-65: USD 2.30 an order."""
        found = fee(FeeKind.RETURN_WAREHOUSE, line(1), local_return=chosen, currency=currency)
        assert found.amount_minor == amount


class TestThePaymentFee:
    def test_is_a_share_of_everything_the_buyer_pays(self):
        """R-62: (100.00 + 10.00) × 1.19 × 0.7 % = 0.9163."""
        found = fee(FeeKind.PAYMENT, line(10_000), freight_minor=1000)
        assert (found.base_minor, found.amount_minor) == (13_090, 92)

    def test_of_five_thousand_orders_is_the_sum_of_rounded_fees(self):
        """Pitfall 5: 750.00, not the 765.11 that rounding the sum would give."""
        fees = [fee(FeeKind.PAYMENT, line(1837)) for _ in range(5000)]
        assert sum(each.amount_minor for each in fees) == 75_000
        assert (
            round_half_up(Fraction(1837 * 5000) * Fraction(119, 100) * Fraction(7, 1000)) == 76_511
        )


class TestTheVatRemittance:
    @pytest.mark.parametrize(
        ("country", "amount", "reason"),
        [
            ("DE", 60, ""),  # 119.00 × 0.5 % = 0.595
            ("GR", 60, ""),
            ("GB", 60, ""),
            ("CH", 0, "NOT_EU_OR_GB"),
            ("US", 0, "NOT_EU_OR_GB"),
            ("NO", 0, "NOT_EU_OR_GB"),
        ],
    )
    def test_is_charged_in_the_union_and_britain_only(self, country, amount, reason):
        """R-63."""
        found = fee(FeeKind.VAT_REMITTANCE, line(10_000), country=country)
        assert (found.base_minor, found.amount_minor, found.reason) == (11_900, amount, reason)


class TestTheTotals:
    def test_add_the_tax_to_prices_without_it(self):
        found = priced(line(1000), line(200), freight_minor=300)
        assert (found.goods_minor, found.freight_minor, found.tax_minor) == (1200, 300, 285)
        assert found.total_minor == 1785

    def test_hold_the_tax_of_prices_that_include_it(self):
        found = priced(line(1000), line(485), freight_minor=300, prices_include_tax=True)
        assert (found.line_totals, found.goods_minor, found.freight_minor) == (
            (1000, 485),
            1485,
            300,
        )
        assert (found.tax_minor, found.total_minor) == (285, 1785)

    def test_come_out_net_when_reverse_charge_meets_prices_that_include_tax(self):
        """R-64: then VAT is 0 and the base net."""
        found = priced(
            line(1000),
            line(485),
            freight_minor=300,
            prices_include_tax=True,
            treatment=treatment(reverse=True),
        )
        assert (found.line_totals, found.goods_minor, found.freight_minor) == (
            (840, 408),
            1248,
            252,
        )
        assert (found.tax_minor, found.total_minor) == (0, 1500)

    def test_keep_the_exact_cents_of_a_million(self):
        """R-04: USD 1,000,000.00."""
        found = priced(line(100_000_000), treatment=treatment("0"))
        assert (found.total_minor, found.fees[0].amount_minor) == (100_000_000, 8_000_000)


def test_the_guides_example_is_what_the_code_charges():
    """docs/fees.md, line by line."""
    guide = (Path(__file__).parents[2] / "docs" / "fees.md").read_text(encoding="utf-8")
    rows = [
        row.split("|") for row in guide.partition("## An example")[2].splitlines() if "|" in row
    ]
    shown = [row[4].split()[0].strip("*") for row in rows[2:]]
    found = priced(
        line(100_000, "0.08", category="apparel"),
        line(50_000, "0.05", category="auto-parts"),
        freight_minor=4000,
        quote=FreightQuote(
            service_id=3, weight_g=1, negotiated=Money(4300, "USD"), public=Money(5000, "USD")
        ),
        local_return=True,
    )
    charged = [each.amount_minor for each in found.fees]
    assert shown == [f"{Decimal(minor) / 100:.2f}" for minor in [*charged, found.fees_minor]]
    assert (found.total_minor, found.tax_minor) == (183_260, 29_260)
    assert all(f"`{reason}`" in guide for reason in REASONS)


lines = st.lists(
    st.builds(
        line,
        st.integers(0, 10**9),
        st.sampled_from(["0.08", "0.05", "0.12345", "0"]),
        ear=st.booleans(),
    ),
    min_size=1,
    max_size=8,
)
orders = st.builds(
    lambda lines, **fields: order(*lines, **fields),
    lines,
    currency=st.sampled_from(["USD", "EUR", "GBP", "JPY"]),
    country=st.sampled_from(["DE", "GB", "US"]),
    freight_minor=st.integers(0, 10**7),
    prices_include_tax=st.booleans(),
    treatment=st.builds(treatment, st.sampled_from(["0.19", "0", "0.055"]), reverse=st.booleans()),
    local_return=st.booleans(),
)


class TestAPricedOrder:
    @given(orders)
    def test_sums_to_its_totals(self, asked):
        found = price(asked)
        added_tax = 0 if asked.order.prices_include_tax else found.tax_minor
        net = found.total_minor - found.tax_minor
        assert sum(found.line_totals) == found.goods_minor
        assert found.goods_minor + found.freight_minor + added_tax == found.total_minor
        assert sum(each.amount_minor for each in found.fees) == found.fees_minor
        assert sum(each.base_minor for each in found.fees if each.kind == FeeKind.COMMISSION) == net
        assert all(each.amount_minor or each.reason for each in found.fees)
        assert not any(each.amount_minor and each.reason for each in found.fees)

    @given(orders, st.data())
    def test_does_not_depend_on_the_order_of_its_lines(self, asked, data):
        lines = list(zip(asked.order.goods, asked.order.line_totals, strict=True))
        of, totals = zip(*data.draw(st.permutations(lines)), strict=True)
        first = price(asked)
        second = price(replace(asked, order=asked.order._replace(goods=of, line_totals=totals)))
        assert second.fees == first.fees
        assert (second.goods_minor, second.total_minor) == (first.goods_minor, first.total_minor)

    @given(orders)
    def test_can_be_recomputed_line_by_line_from_itself(self, asked):
        """R-67."""
        found = price(asked)
        assert [recompute(each) for each in found.fees] == [
            each.amount_minor for each in found.fees
        ]

    @given(orders)
    def test_is_exact_to_half_a_unit_on_every_line(self, asked):
        for each in price(asked).fees:
            if each.reason in {"", ZeroFeeReason.BELOW_HALF_A_UNIT} and each.rate is not None:
                assert abs(each.base_minor * Fraction(each.rate) - each.amount_minor) <= Fraction(
                    1, 2
                )
