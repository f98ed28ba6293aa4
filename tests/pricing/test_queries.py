import datetime as dt
from decimal import Decimal

import pytest

from marketplace import policy
from marketplace.calendar import platform_day
from marketplace.mirror import tariffs
from marketplace.models import PolicyValue, Registration, TaxRate
from marketplace.money import Money
from pricing.freight import FreightCard
from pricing.queries import tariff_facts
from tests import world

TODAY = platform_day(world.NOW)
DAY = dt.timedelta(days=1)


def facts(store, *, countries=("DE",), category_ids=(), now=world.NOW):
    return tariff_facts(
        store=store,
        countries=countries,
        category_ids=category_ids,
        now=now,
        policies=policy.in_force(now),
    )


def number(
    store, value, *, valid_from=world.LONG_AGO, valid_until=None, scheme="VAT", jurisdiction="DE"
):
    return Registration.objects.create(
        store=store,
        scheme=scheme,
        jurisdiction=jurisdiction,
        number=value,
        valid_from=valid_from,
        valid_until=valid_until,
        **world.MIRRORED,
    )


class TestTheCommission:
    @pytest.mark.parametrize(
        ("valid_from", "rate"),
        [(TODAY - DAY, Decimal("0.06")), (TODAY, Decimal("0.06")), (TODAY + DAY, Decimal("0.08"))],
    )
    def test_is_the_newest_that_has_begun(self, store, valid_from, rate):
        category = world.category("0.08")
        world.commission(category, "0.06", valid_from=valid_from)
        assert facts(store, category_ids=[category.pk]).commission == {category.pk: rate}

    def test_is_absent_where_none_is_set_or_it_ended(self, store):
        never, ended = world.category(None), world.category("0.08")
        world.commission(ended, None, valid_from=TODAY)
        assert facts(store, category_ids=[never.pk, ended.pk]).commission == {}


class TestTheCards:
    def test_are_the_public_ones_and_this_stores_own(self, store):
        service = world.lane("DE")
        world.rate_card(service)
        world.rate_card(service, store=store, base_minor=430)
        world.rate_card(service, store=world.store(), base_minor=1)
        world.rate_card(service, "FR", base_minor=2)
        cards = facts(store).cards
        assert cards.keys() == {"DE"}
        assert {(card.negotiated, card.base_minor) for card in cards["DE"]} == {
            (False, 500),
            (True, 430),
        }

    def test_are_each_breaks_newest_that_has_begun(self, store):
        service = world.lane("DE")
        world.rate_card(service)
        world.rate_card(service, valid_from=TODAY, base_minor=550)
        world.rate_card(service, valid_from=TODAY + DAY, base_minor=600)
        world.rate_card(service, min_weight_g=5000, base_minor=900)
        assert [(card.min_weight_g, card.base_minor) for card in facts(store).cards["DE"]] == [
            (0, 550),
            (5000, 900),
        ]
        assert facts(store).cards["DE"][0] == FreightCard(
            service_id=service.pk,
            negotiated=False,
            currency="USD",
            min_weight_g=0,
            base_minor=550,
            step_g=1000,
            step_minor=200,
        )


class TestTheTaxRule:
    def test_is_the_newest_that_has_begun_of_the_country_as_a_whole(self, store):
        world.tax("DE", "0.19")
        world.tax("DE", "0.16", valid_from=TODAY, reverse_charge=True)
        world.tax("DE", "0.22", valid_from=TODAY + DAY)
        world.tax("DE", "0.07", region="DE-27498")
        rules = facts(store).tax_rules
        assert (rules["DE"].rate, rules["DE"].reverse_charge) == (Decimal("0.16"), True)
        assert rules["DE-27498"].rate == Decimal("0.07")

    def test_is_absent_after_its_end(self, store):
        world.tax("DE", "0.19")
        tariffs.begin(
            TaxRate(country="DE", category="S", rate=None, valid_from=TODAY, **world.MIRRORED)
        )
        assert facts(store).tax_rules == {}


class TestTheRegistration:
    @pytest.mark.parametrize(
        ("valid_from", "valid_until", "found"),
        [
            (TODAY, None, True),
            (TODAY + DAY, None, False),
            (TODAY - DAY, TODAY, True),
            (TODAY - DAY, TODAY - DAY, False),
        ],
    )
    def test_is_valid_on_its_last_day(self, store, valid_from, valid_until, found):
        number(store, "DE1", valid_from=valid_from, valid_until=valid_until)
        assert facts(store).registrations == ({"DE": "DE1"} if found else {})

    def test_is_the_stores_own_newest_and_of_the_scheme(self, store):
        number(store, "DE1")
        number(store, "DE2", valid_from=TODAY)
        number(store, "EPR", scheme="EPR", valid_from=TODAY)
        number(world.store(), "DE3", valid_from=TODAY)
        assert facts(store).registrations == {"DE": "DE2"}


class TestTheTariff:
    def test_is_the_policy_in_force(self, store):
        PolicyValue.objects.create(
            name="payment_fee_rate", value="0.009", valid_from=world.NOW, reason="test"
        )
        before, after = facts(store, now=world.NOW - dt.timedelta(microseconds=1)), facts(store)
        assert (before.tariff.payment_rate, after.tariff.payment_rate) == (
            Decimal("0.007"),
            Decimal("0.009"),
        )
        assert after.tariff.vat_remittance_rate == Decimal("0.005")
        assert after.tariff.return_warehouse == Money(230, "USD")
        assert after.tariff.ear_review == Money(12_000, "USD")


@pytest.mark.parametrize("size", [1, 6])
def test_four_queries_read_it_all(store, django_assert_num_queries, size):
    countries = ["DE", "FR", "ES", "GB", "US", "IT"][:size]
    for country in countries:
        world.rate_card(world.lane(country), country)
        world.tax(country, registration_of=store)
    categories = [world.category() for _ in range(size)]
    policies = policy.in_force(world.NOW)
    with django_assert_num_queries(4):
        found = tariff_facts(
            store=store,
            countries=countries,
            category_ids=[category.pk for category in categories],
            now=world.NOW,
            policies=policies,
        )
    assert len(found.cards) == len(found.tax_rules) == len(found.commission) == size
