"""A locked order without some of its lines: exact, and never dearer, whatever leaves (R-15)."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.money import Money, Rates
from marketplace.territories import find_destination
from pricing.fees import FeeTariff
from pricing.freight import FreightCard, FreightQuote
from pricing.tax import Treatment
from repurchase.batches.partial_repricing import LockedOrder, LockedOrderLine, price_without_lines

DAY = dt.date(2026, 11, 23)
RATES = Rates(id=1, source="ecb", published_on=DAY, per_euro={"USD": Decimal("1.10")})
CARD = FreightCard(
    service_id=7,
    negotiated=True,
    currency="USD",
    min_weight_g=0,
    base_minor=430,
    step_g=1000,
    step_minor=172,
)
TARIFF = FeeTariff(
    payment_rate=Decimal("0.007"),
    vat_remittance_rate=Decimal("0.005"),
    return_warehouse=Money(230, "USD"),
    ear_review=Money(12_000, "USD"),
)


def line(
    pk: int, total: int, category: str = "a", *, ear: bool = False, weight: int | None = 400
) -> LockedOrderLine:
    return LockedOrderLine(
        id=pk,
        category_code=category,
        total_minor=total,
        quantity=10,
        weight_g=weight,
        volume_cm3=None,
        ear_controlled=ear,
    )


def order(
    *lines: LockedOrderLine, rate: str = "0.19", included: bool = False, cost: int = 10_000, **more
) -> LockedOrder:
    tax = Treatment(category="S", rate=Decimal(rate), included_rate=Decimal(rate), code="S-DE")
    quote = FreightQuote(service_id=7, weight_g=10**9, negotiated=Money(cost, "USD"), public=None)
    defaults = {"commission": {"a": Decimal("0.08"), "b": Decimal("0.05")}, "ear_due": False}
    return LockedOrder(
        currency="USD",
        destination=find_destination("DE"),
        region="",
        special_channel=False,
        freight_minor=1_999,
        prices_include_tax=included,
        treatment=tax,
        local_return=False,
        lines=lines,
        tariff=TARIFF,
        quote=quote,
        **defaults | more,
    )


def left(of: LockedOrder, *dropped: int, cards=(CARD,)):
    return price_without_lines(of, dropped, cards=cards, rates=RATES, day=DAY)


def fee(priced, kind: str) -> int:
    return sum(each.amount_minor for each in priced.fees if each.kind == kind)


class TestAReducedOrder:
    @pytest.mark.parametrize(
        ("dropped", "goods", "tax", "total"),
        [((), 15_664, 3_356, 21_019), ((2,), 12_331, 2_723, 17_053), ((1, 2), 2_331, 823, 5_153)],
    )
    def test_keeps_line_prices_and_freight_and_taxes_what_is_left(self, dropped, goods, tax, total):
        found = left(order(line(1, 10_000), line(2, 3_333), line(3, 2_331)), *dropped)
        assert (found.goods_minor, found.freight_minor, found.tax_minor, found.total_minor) == (
            goods,
            1_999,
            tax,
            total,
        )

    def test_takes_included_tax_out_of_what_is_left(self):
        found = left(order(line(1, 10_000), line(2, 3_333), included=True), 2)
        assert (found.total_minor, found.tax_minor) == (11_999, 1_916)  # 119.99 × 19 ÷ 119 = 19.158

    def test_of_no_line_is_none(self):
        assert left(order(line(1, 10_000)), 1) is None

    def test_pays_commission_by_the_categories_that_are_left(self):
        found = left(order(line(1, 10_000, "a"), line(2, 3_333, "b")), 1)
        assert fee(found, "commission") == 267  # 5 % of 33.33 + 19.99

    def test_of_a_category_that_was_none_of_its_own_pays_the_highest_locked_rate(self):
        assert fee(left(order(line(1, 10_000, "moved"))), "commission") == 960

    def test_is_reviewed_for_ear_goods_only_while_one_stays(self):
        of = order(line(1, 10_000, ear=True), line(2, 3_333), ear_due=True)
        assert (fee(left(of, 2), "ear_review"), fee(left(of, 1), "ear_review")) == (12_000, 0)

    def test_is_not_reviewed_for_goods_that_were_listed_since_the_lock(self):
        assert fee(left(order(line(1, 10_000, ear=True), ear_due=False)), "ear_review") == 0

    @pytest.mark.parametrize(
        ("cards", "weight", "cost", "expected"),
        [
            ((CARD,), 400, 10_000, 430 + 4 * 172),  # 10 × 400 g
            ((CARD,), 400, 500, 500),  # dearer than the locked one: that stays
            ((), 400, 10_000, 10_000),  # no card any more
            ((CARD,), None, 10_000, 10_000),  # the weight is known no longer
        ],
    )
    def test_is_carried_by_its_service_at_most_for_the_locked_price(
        self, cards, weight, cost, expected
    ):
        found = left(order(line(1, 10_000, weight=weight), line(2, 1), cost=cost), 2, cards=cards)
        assert fee(found, "freight") == expected


@given(
    totals=st.lists(st.integers(0, 10**9), min_size=1, max_size=8),
    dropped=st.sets(st.integers(0, 7)),
    rate=st.sampled_from(["0", "0.05", "0.19", "0.21", "0.255"]),
    included=st.booleans(),
)
def test_never_comes_out_dearer(totals, dropped, rate, included):
    of = order(*[line(n, total) for n, total in enumerate(totals)], rate=rate, included=included)
    whole, found = left(of), left(of, *dropped)
    if found is None:
        assert dropped >= set(range(len(totals)))
        return
    kept = [total for n, total in enumerate(totals) if n not in dropped]
    assert list(found.line_totals) == kept
    for name in ("goods_minor", "freight_minor", "tax_minor", "total_minor", "fees_minor"):
        assert getattr(found, name) <= getattr(whole, name)
    assert found.freight_minor == 1_999
