"""B-7: what-if and inverse, exact to the smallest unit with every rounding honoured."""

import datetime as dt
import time
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.problem import Problem
from marketplace.money import Money, Rates, round_half_up
from pricing import what_if
from pricing.fees import FeeKind, FeeTariff
from pricing.freight import FreightCard
from pricing.order_cost import OrderCostLine, OrderCostRequest, TariffFacts, calculate_order_cost
from pricing.tax import TaxRule
from pricing.what_if import (
    Changes,
    WhatIfCase,
    apply_changes,
    break_even_rate,
    least_price,
    price_for_margin,
    reprice_request,
    simulate,
    surplus_bound,
)

RATES = Rates(
    id=1,
    source="ecb",
    published_on=dt.date(2026, 11, 20),
    per_euro={"USD": Decimal("1.0837"), "CNY": Decimal("7.8463"), "JPY": Decimal("164.57")},
)
FACTS = TariffFacts(
    day=dt.date(2026, 11, 23),
    commission={1: Decimal("0.08"), 2: Decimal("0.05"), 3: Decimal("0.06125")},
    cards={
        country: [
            FreightCard(service_id=1, negotiated=True, currency="USD", min_weight_g=0, base_minor=430, step_g=1000, step_minor=172)
        ]
        for country in ("DE", "US", "FR")
    },
    tax_rules={
        "DE": TaxRule(category="S", rate=Decimal("0.19"), reverse_charge=False),
        "FR": TaxRule(category="S", rate=Decimal("0.20"), reverse_charge=True),
        "US": TaxRule(category="O", rate=Decimal(0), reverse_charge=False),
    },
    registrations={"DE": "DE1", "FR": "FR1"},
    tariff=FeeTariff(
        payment_rate=Decimal("0.007"),
        vat_remittance_rate=Decimal("0.005"),
        return_warehouse=Money(230, "USD"),
        ear_review=Money(12_000, "USD"),
    ),
)  # fmt: skip


def line(total: int, category: int = 1, *, ear: bool = False) -> OrderCostLine:
    return OrderCostLine(
        category_id=category,
        category_code=f"c{category}",
        total_minor=total,
        ear_controlled=ear,
        weight_g=900,
        volume_cm3=0,
    )


def wanted(*lines: OrderCostLine, **fields) -> OrderCostRequest:
    defaults = {
        "currency": "USD",
        "country": "DE",
        "postal_code": "",
        "region": "",
        "lines": lines or (line(10_000),),
        "freight_minor": 1000,
        "prices_include_tax": False,
        "local_return": False,
        "special_channel": False,
        "service_ids": [1],
        "buyer_number": "",
        "buyer_number_checked": False,
    }
    return OrderCostRequest(**defaults | fields)


def surplus(price: int, of: OrderCostRequest, margin: Decimal, cost: int) -> Fraction:
    """Written out on its own: profit less the wished share of the turnover."""
    priced = calculate_order_cost(reprice_request(price, of), facts=FACTS, rates=RATES).priced
    turnover = priced.total_minor - priced.tax_minor
    return turnover - priced.fees_minor - cost - Fraction(margin) * turnover


orders = st.builds(
    wanted,
    st.builds(line, st.integers(1, 10**6), st.integers(1, 3), ear=st.booleans()),
    st.builds(line, st.integers(0, 10**6), st.integers(1, 3)),
    currency=st.sampled_from(["USD", "EUR", "JPY"]),
    country=st.sampled_from(["DE", "FR", "US"]),
    freight_minor=st.integers(0, 5000),
    prices_include_tax=st.booleans(),
    local_return=st.booleans(),
    buyer_number=st.just("FR1"),
    buyer_number_checked=st.booleans(),
)


class TestThePriceForAMargin:
    @settings(max_examples=60, deadline=None)
    @given(orders, st.decimals("0", "0.6", places=4), st.integers(0, 10**6))
    def test_reaches_it_and_one_unit_less_does_not(self, asked, margin, cost):
        price = price_for_margin(margin, asked, cost_minor=cost, facts=FACTS, rates=RATES)
        assert surplus(price, asked, margin, cost) >= 0
        assert all(
            surplus(price - less, asked, margin, cost) < 0 for less in range(1, 40) if less <= price
        )

    @settings(max_examples=25, deadline=None)
    @given(orders, st.decimals("0", "0.5", places=2), st.integers(0, 300))
    def test_is_the_least_of_all_that_reach_it(self, asked, margin, cost):
        asked = asked._replace(country="US", freight_minor=asked.freight_minor % 900)
        price = price_for_margin(margin, asked, cost_minor=cost, facts=FACTS, rates=RATES)
        if price <= 4000:
            assert price == next(
                p for p in range(price + 1) if surplus(p, asked, margin, cost) >= 0
            )

    def test_by_hand(self):
        """To the US: fees 8 % + 0.7 % of (P + 10.00) and freight 6.02; cost 50.00; 20 % of (P +
        10.00).
        0.713 × (P + 10.00) = 56.02, so 68.57 if nothing were rounded. There 6.29 + 0.55 + 6.02
        leave 15.71, less than
        15.714; at 68.58 they leave 15.72 of the 15.716 that are wished."""
        asked = wanted(line(1), country="US")
        assert (
            price_for_margin(Decimal("0.2"), asked, cost_minor=5000, facts=FACTS, rates=RATES)
            == 6858
        )

    @pytest.mark.parametrize("margin", ["0.913", "0.99", "1"])
    def test_is_none_where_fees_and_margin_eat_all(self, margin):
        """8 % + 0.7 % are gone before."""
        asked = wanted(country="US")
        assert (
            price_for_margin(Decimal(margin), asked, cost_minor=1, facts=FACTS, rates=RATES) is None
        )

    def test_falls_to_the_lines_as_today_s_prices_do(self):
        at = reprice_request(1001, wanted(line(300), line(700)))
        assert [each.total_minor for each in at.lines] == [300, 701]

    def test_is_found_where_the_surplus_falls_back(self):
        steps = [-9, -7, -8, -3, -4, -1, -2, -1, 0, -1, 5]
        found = least_price(
            lambda n: steps[n] if n < len(steps) else n, bound=lambda n: Fraction(n)
        )
        assert found == 8

    @settings(max_examples=60, deadline=None)
    @given(
        orders, st.decimals("0", "0.5", places=2), st.integers(-500, 1500), st.integers(1, 10**5)
    )
    def test_is_the_least_where_much_freight_is_shared_out_by_little_goods(
        self, asked, margin, more, freight
    ):
        """The cost is about what the freight brings in: the goods' price is small, and the shares
        jump."""
        asked = asked._replace(freight_minor=freight)
        cost = max(0, more - min(0, int(surplus(0, asked, margin, 0) // -1)))
        price = price_for_margin(margin, asked, cost_minor=cost, facts=FACTS, rates=RATES)
        assert surplus(price, asked, margin, cost) >= 0
        assert all(surplus(less, asked, margin, cost) < 0 for less in range(min(price, 3000)))

    @pytest.mark.parametrize("freight", [10**7, 10**10, 10**17])
    @pytest.mark.parametrize("cost", [0, 1, 9_000_000, 10**7, 2 * 10**7, 10**17])
    @pytest.mark.parametrize("lines", [2, 50])
    def test_is_told_or_refused_soon_whatever_the_amounts(self, freight, cost, lines):
        asked = wanted(
            *[line(10**n % 9973, n % 3 + 1) for n in range(lines)], freight_minor=freight
        )
        for margin in ("0", "0.2", "0.83", "0.9"):
            begun = time.process_time()
            with suppress(Problem):  # too little is left of each unit
                price_for_margin(Decimal(margin), asked, cost_minor=cost, facts=FACTS, rates=RATES)
            assert time.process_time() - begun < 1

    def test_s_bound_is_never_exceeded(self):
        asked = wanted(
            line(7), line(300, 2), line(41, 3), freight_minor=10**6, prices_include_tax=True
        )
        order = calculate_order_cost(asked, facts=FACTS, rates=RATES).order
        bound = surplus_bound(lambda p: surplus(p, asked, Decimal("0.2"), 1000), order, 1)
        assert all(
            surplus(p, asked, Decimal("0.2"), 1000) <= bound(p) for p in range(what_if.FIRST, 2000)
        )


class TestTheBreakEvenRate:
    @given(st.integers(1, 10**9), st.integers(1, 10**9), st.sampled_from(["USD", "JPY", "KWD"]))
    def test_settles_the_cost_and_a_millionth_less_does_not(self, net, cost, currency):
        rate = break_even_rate(Money(net, currency), Money(cost, "CNY"))
        digits = {"USD": 2, "JPY": 0, "KWD": 3}[currency]

        def settled(at: Fraction) -> int:
            return round_half_up(Fraction(net, 10**digits) * at * 100)

        assert settled(Fraction(rate)) >= cost
        assert settled(Fraction(rate) - Fraction(1, 10**6)) < cost

    @pytest.mark.parametrize(
        ("net", "cost"),
        [
            (Money(5, "CNY"), Money(5, "CNY")),
            (Money(0, "USD"), Money(5, "CNY")),
            (Money(-5, "USD"), Money(5, "CNY")),
            (Money(5, "USD"), Money(0, "CNY")),
        ],
    )
    def test_is_none_where_there_is_none(self, net, cost):
        assert break_even_rate(net, cost) is None


class TestASimulation:
    def test_tells_what_is_left(self):
        found = simulate(
            WhatIfCase(wanted=wanted(country="US"), cost=Money(30_000, "CNY"), wished_margin=None),
            facts=FACTS,
            rates=RATES,
        )
        # 110.00 paid; 8.80 + 0.77 + 6.02 of fees; CNY 300.00 are USD 41.43
        assert (found.turnover_minor, found.net_minor, found.cost_minor) == (11_000, 9441, 4143)
        assert (found.profit_minor, found.margin) == (5298, Fraction(5298, 11_000))
        # × 94.41 = 299.995…: from there on CNY 300.00
        assert found.break_even_rate == Decimal("3.177577")
        assert found.price_minor is None

    @pytest.mark.parametrize(
        ("changes", "kind", "amount"),
        [
            ({"commission_rate": Decimal("0.1")}, FeeKind.COMMISSION, 1100),
            ({"payment_rate": Decimal("0.01")}, FeeKind.PAYMENT, 131),
            ({"vat_remittance_rate": Decimal(0)}, FeeKind.VAT_REMITTANCE, 0),
            ({"tax_rate": Decimal("0.25")}, FeeKind.PAYMENT, 96),
            ({}, FeeKind.PAYMENT, 92),
        ],
    )
    def test_moves_the_line_that_a_rate_belongs_to(self, changes, kind, amount):
        facts, rates = apply_changes(FACTS, RATES, Changes(**changes), category_ids=[1])
        priced = calculate_order_cost(wanted(), facts=facts, rates=rates).priced
        assert [fee.amount_minor for fee in priced.fees if fee.kind == kind] == [amount]

    def test_moves_what_is_exchanged_with_the_rate(self):
        facts, rates = apply_changes(
            FACTS, RATES, Changes(per_euro={"USD": Decimal(2)}), category_ids=[1]
        )
        (freight,) = [
            fee
            for fee in calculate_order_cost(
                wanted(currency="EUR"), facts=facts, rates=rates
            ).priced.fees
            if fee.kind == FeeKind.FREIGHT
        ]
        assert (freight.amount_minor, freight.detail["per_euro"]) == (301, {"USD": "2"})

    def test_supposes_a_commission_for_a_category_that_has_none(self):
        facts, rates = apply_changes(
            FACTS, RATES, Changes(commission_rate=Decimal("0.1")), category_ids=[1, 9]
        )
        assert (
            calculate_order_cost(wanted(line(10_000, 9)), facts=facts, rates=rates)
            .priced.fees[0]
            .amount_minor
            == 1100
        )

    @pytest.mark.parametrize("category", ["O", "Z", "G"])
    def test_supposes_a_standard_rate_where_nothing_is_taxed(self, category):
        rule = TaxRule(category=category, rate=Decimal(0), reverse_charge=False)
        facts, rates = apply_changes(
            replace(FACTS, tax_rules={"US": rule}),
            RATES,
            Changes(tax_rate=Decimal("0.1")),
            category_ids=[1],
        )
        made = calculate_order_cost(wanted(country="US"), facts=facts, rates=rates)
        assert (made.treatment.code, made.priced.tax_minor) == ("S-US-10.00-?", 1100)

    def test_leaves_what_is_in_force_alone(self):
        apply_changes(
            FACTS,
            RATES,
            Changes(payment_rate=Decimal(0), per_euro={"USD": Decimal(2)}),
            category_ids=[1],
        )
        assert FACTS.tariff.payment_rate == Decimal("0.007")
        assert RATES.per_euro["USD"] == Decimal("1.0837")


def test_no_price_is_beyond_reach_of_the_search():
    assert least_price(lambda n: -1, bound=lambda n: Fraction(-1)) is None
    assert what_if.HIGHEST == 10**13
