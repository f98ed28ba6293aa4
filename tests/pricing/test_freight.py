import datetime as dt
import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money, Rates
from pricing.freight import (
    FreightCard,
    FreightQuote,
    Parcel,
    charged_weight,
    cheapest_quote,
    services_reaching,
)

RATES = Rates(
    id=7,
    source="ecb",
    published_on=dt.date(2026, 11, 20),
    per_euro={"USD": Decimal("1.10"), "CNY": Decimal("7.80")},
)


def card(
    service_id=1, *, negotiated=False, currency="USD", at=0, base=500, step=1000, by=200, **fields
) -> FreightCard:
    return FreightCard(
        service_id=service_id,
        negotiated=negotiated,
        currency=currency,
        min_weight_g=at,
        base_minor=base,
        step_g=step,
        step_minor=by,
        **fields,
    )


def quote(cards, *, parcel: Parcel, service_id=1, region="", special=False) -> FreightQuote | None:
    (service,) = services_reaching(
        cards, service_ids=[service_id], region=region, special_channel=special
    )
    return service.quote(parcel)


def pair(negotiated: int | None, public: int | None) -> FreightQuote:
    return FreightQuote(
        service_id=1,
        weight_g=1,
        negotiated=None if negotiated is None else Money(negotiated, "USD"),
        public=None if public is None else Money(public, "USD"),
    )


class TestACard:
    @pytest.mark.parametrize(
        ("weight_g", "minor"),
        [(0, 500), (1, 700), (1000, 700), (1001, 900), (1999, 900), (2000, 900), (2001, 1100)],
    )
    def test_charges_each_begun_step(self, weight_g, minor):
        assert card().price(weight_g) == Money(minor, "USD")

    @pytest.mark.parametrize(("weight_g", "minor"), [(0, 900), (2000, 900), (2001, 1100)])
    def test_charges_at_least_its_minimum(self, weight_g, minor):
        assert card(minimum_minor=900).price(weight_g) == Money(minor, "USD")


class TestTheChargedWeight:
    @pytest.mark.parametrize(
        ("weight_g", "volume_cm3", "divisor", "charged"),
        [
            (1000, 5000, 5000, 1000),  # exactly one kilogram of volume
            (1000, 5001, 5000, 1001),  # 1000.2 g: a begun gram counts
            (1000, 6000, 5000, 1200),
            (1000, 6000, 6000, 1000),
            (1000, 6000, 0, 1000),  # by weight alone
            (1000, 0, 5000, 1000),  # nobody has measured it
        ],
    )
    def test_is_the_volumetric_one_where_it_is_more(self, weight_g, volume_cm3, divisor, charged):
        assert charged_weight(Parcel(weight_g=weight_g, volume_cm3=volume_cm3), divisor) == charged

    def test_decides_the_break_and_stands_on_the_quote_beside_the_actual_one(self):
        cards = [card(divisor=5000), card(at=10_000, base=1500, by=100, divisor=5000)]
        found = quote(cards, parcel=Parcel(weight_g=900, volume_cm3=50_000))
        assert (found.weight_g, found.actual_g, found.public) == (10_000, 900, Money(1500, "USD"))


class TestARegionAndAChannel:
    CARDS = (
        card(base=100, by=0),
        card(base=200, by=0, region="Novosibirsk"),
        card(base=300, by=0, special_channel=True),
        card(base=400, by=0, region="Novosibirsk", special_channel=True),
    )

    @pytest.mark.parametrize(
        ("region", "special", "minor"),
        [
            ("", False, 100),
            ("Tomsk", False, 100),
            ("Novosibirsk", False, 200),
            ("Tomsk", True, 300),
            ("Novosibirsk", True, 400),
        ],
    )
    def test_have_cards_that_overrule_the_wider_ones(self, region, special, minor):
        found = quote(self.CARDS, parcel=Parcel(weight_g=1), region=region, special=special)
        assert found.public == Money(minor, "USD")

    def test_that_have_no_card_take_the_country_s(self):
        found = quote(self.CARDS[:1], parcel=Parcel(weight_g=1), region="Novosibirsk", special=True)
        assert found.public == Money(100, "USD")

    def test_without_the_tick_a_card_of_the_channel_is_none(self):
        assert quote(self.CARDS[2:], parcel=Parcel(weight_g=1), region="Novosibirsk") is None


class TestAQuote:
    @pytest.mark.parametrize(("weight_g", "minor"), [(9_999, 2500), (10_000, 1500), (10_001, 1600)])
    def test_takes_the_greatest_break_that_the_weight_reached(self, weight_g, minor):
        cards = [card(), card(at=10_000, base=1500, by=100)]
        assert quote(cards, parcel=Parcel(weight_g=weight_g)).public == Money(minor, "USD")

    def test_picks_the_break_of_each_price_by_itself(self):
        cards = [card(), card(at=10_000, base=1500), card(negotiated=True, base=400)]
        found = quote(cards, parcel=Parcel(weight_g=10_000))
        assert (found.negotiated, found.public) == (Money(2400, "USD"), Money(1500, "USD"))

    @pytest.mark.parametrize(("service_id", "weight_g"), [(2, 100), (1, 99)])
    def test_is_none_without_a_card_that_fits(self, service_id, weight_g):
        assert (
            quote([card(at=100)], service_id=service_id, parcel=Parcel(weight_g=weight_g)) is None
        )

    @pytest.mark.parametrize(
        ("negotiated", "public", "cost"), [(900, 800, 900), (None, 800, 800), (9, None, 9)]
    )
    def test_costs_the_negotiated_price_first(self, negotiated, public, cost):
        """R-60: even where the public one is lower, because that is what the carrier bills."""
        assert pair(negotiated, public).cost == Money(cost, "USD")

    @pytest.mark.parametrize(
        ("negotiated", "public", "saving", "flagged"),
        [
            (8871, 10_000, Fraction(1129, 10_000), True),
            (8870, 10_000, Fraction(113, 1000), False),
            (8130, 10_000, Fraction(187, 1000), False),
            (8129, 10_000, Fraction(1871, 10_000), True),
            (11_000, 10_000, Fraction(-1, 10), True),
            (None, 10_000, None, False),
            (10_000, None, None, False),
            (0, 0, None, False),
        ],
    )
    def test_flags_a_saving_outside_the_announced_range(self, negotiated, public, saving, flagged):
        """R-61: 11.3 % and 18.7 % themselves are inside."""
        assert (pair(negotiated, public).saving, pair(negotiated, public).saving_flagged) == (
            saving,
            flagged,
        )

    def test_compares_no_prices_of_two_currencies(self):
        cards = [card(), card(negotiated=True, currency="CNY")]
        assert quote(cards, parcel=Parcel(weight_g=1)).saving is None


def chosen(cards, *, service_ids=(1, 2, 3), weight_g=500) -> int:
    return cheapest_quote(
        services_reaching(cards, service_ids=service_ids, region="", special_channel=False),
        parcel=Parcel(weight_g=weight_g),
        rates=RATES,
        currency="USD",
        country="DE",
    ).service_id


class TestTheChoice:
    CARDS = (card(1, base=900), card(2, base=800), card(3, base=5000, currency="CNY", by=0))

    @pytest.mark.parametrize(
        ("service_ids", "taken"),
        [
            ((1, 2, 3), 3),  # CNY 50.00 is USD 7.05
            ((1, 2), 2),
            ((1, 4), 1),  # 4 has no card
        ],
    )
    def test_is_the_service_that_costs_least(self, service_ids, taken):
        assert chosen(self.CARDS, service_ids=service_ids) == taken

    def test_breaks_a_tie_by_the_lower_id(self):
        assert chosen([card(2), card(1)]) == 1

    @given(st.randoms(use_true_random=False))
    def test_does_not_depend_on_the_order_of_the_cards(self, shuffle: random.Random):
        cards = [*self.CARDS, card(2, negotiated=True, base=650), card(1, at=400, base=100)]
        shuffle.shuffle(cards)
        assert chosen(cards) == 1

    @pytest.mark.parametrize(("service_ids", "weight_g"), [((), 500), ((4,), 500), ((1, 2), 99)])
    def test_is_refused_when_no_card_fits(self, service_ids, weight_g):
        cards = [card(1, at=100), card(2, at=100)]
        with pytest.raises(Problem) as refused:
            chosen(cards, service_ids=service_ids, weight_g=weight_g)
        assert refused.value.code == Code.FREIGHT_UNAVAILABLE
        assert refused.value.evidence == {"country": "DE", "weight_g": weight_g}

    def test_needs_a_published_rate_to_compare_currencies(self):
        with pytest.raises(Problem) as refused:
            chosen([card(1), card(2, currency="KZT")])
        assert refused.value.code == Code.FX_RATE_MISSING
