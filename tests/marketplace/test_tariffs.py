"""Tariffs are dated rows in half-open ranges; the database refuses gaps and overlaps."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from marketplace.mirror import tariffs
from marketplace.models import CommissionRate, RateCard, TaxRate
from tests import world

pytestmark = pytest.mark.django_db
A, B, C, D = (dt.date(2026, month, 1) for month in (1, 4, 7, 10))

INSERT = """
INSERT INTO marketplace_taxrate
       (country, region, valid_from, valid_until, category, rate, reverse_charge, source, mirrored_at, assumed)
VALUES (%s, %s, %s, %s, 'S', 0.2, false, 'test', now(), '{}')
"""


def put(valid_from, valid_until, *, country="DE", region=""):
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [country, region, valid_from, valid_until])


def ranges(country="DE"):
    return list(
        TaxRate.objects.filter(country=country)
        .order_by("valid_from")
        .values_list("valid_from", "valid_until")
    )


class TestTheDatabase:
    @pytest.mark.parametrize(
        ("valid_from", "valid_until"),
        [(B, None), (A, B), (B, D), (C, None), (D, None)],
        ids=["in it", "from its start", "over its end", "touches", "after a gap"],
    )
    def test_takes_only_what_continues_the_ranges(self, valid_from, valid_until):
        """By plain SQL: what stands is [January, July)."""
        put(A, C)
        if valid_from == C:
            put(valid_from, valid_until)
            assert ranges() == [(A, C), (C, None)]
        else:
            with pytest.raises(IntegrityError), transaction.atomic():
                put(valid_from, valid_until)
            assert ranges() == [(A, C)]

    def test_refuses_an_overlap_with_a_range_without_end(self):
        put(A, None)
        with pytest.raises(
            IntegrityError, match="a version ends on no day but the next one begins on 2026-04-01"
        ):
            put(B, None)

    def test_refuses_an_empty_range(self):
        with pytest.raises(IntegrityError):
            put(A, A)

    @pytest.mark.parametrize(
        "sql",
        [
            "DELETE FROM {} WHERE valid_from = %s",
            "UPDATE {} SET valid_until = '2026-05-01' WHERE valid_from = %s",
            "UPDATE {} SET country = 'FR' WHERE valid_from = %s",
        ],
    )
    def test_refuses_a_gap_made_later(self, sql):
        put(A, B)
        put(B, C)
        put(C, None)
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.format("marketplace_taxrate"), [B])
        assert ranges() == [(A, B), (B, C), (C, None)]

    def test_lets_other_tariffs_be(self):
        put(A, None)
        put(B, None, country="FR")
        put(C, None, region="DE-27498")

    def test_watches_every_tariff(self):
        category, service = world.category("0.08"), world.lane("DE")
        world.rate_card(service)
        with pytest.raises(IntegrityError), transaction.atomic():
            CommissionRate.objects.create(category=category, rate=0, valid_from=A, **world.MIRRORED)
        with pytest.raises(IntegrityError), transaction.atomic():
            RateCard.objects.create(
                service=service,
                country="DE",
                currency="USD",
                base_minor=1,
                step_g=1,
                step_minor=1,
                valid_from=A,
                **world.MIRRORED,
            )


class TestANewVersion:
    def begin(self, day, rate="0.2"):
        return tariffs.begin(
            TaxRate(
                country="DE", category="S", rate=Decimal(rate), valid_from=day, **world.MIRRORED
            )
        )

    def test_ends_the_one_that_it_begins_in(self):
        self.begin(A)
        self.begin(C)
        assert ranges() == [(A, C), (C, None)]

    def test_fits_between_two(self):
        self.begin(A)
        self.begin(D)
        self.begin(B)
        assert ranges() == [(A, B), (B, D), (D, None)]

    def test_may_come_before_all_others(self):
        self.begin(C)
        self.begin(A)
        assert ranges() == [(A, C), (C, None)]

    def test_is_one_a_day(self):
        self.begin(A)
        with pytest.raises(IntegrityError), transaction.atomic():
            self.begin(A)
        assert ranges() == [(A, None)]

    @pytest.mark.parametrize(
        ("day", "rate"),
        [
            (A - dt.timedelta(days=1), None),
            (A, "0.1"),
            (C - dt.timedelta(days=1), "0.1"),
            (C, "0.2"),
        ],
    )
    def test_is_in_force_from_its_first_day_to_the_day_before_the_next(self, day, rate):
        self.begin(A, "0.1")
        self.begin(C, "0.2")
        found = [each.rate for each in TaxRate.objects.on(day)]
        assert found == ([] if rate is None else [Decimal(rate)])
