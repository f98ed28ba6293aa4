"""Then against now, both sides of each boundary (B-8)."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from eligibility import drift
from eligibility.drift import DriftField, DriftSeverity, SourceOrderDay, TodayFacts
from eligibility.facts import LaneFacts, Price
from tests.eligibility import facts

TODAY = facts.TODAY
DAY = dt.timedelta(days=1)
SAME, CHANGED, BLOCKS, UNKNOWN = (
    DriftSeverity.SAME,
    DriftSeverity.CHANGED,
    DriftSeverity.BLOCKS,
    DriftSeverity.UNKNOWN,
)
THEN = SourceOrderDay(day=TODAY - 30 * DAY, vat_rate=Decimal("0.19"), hs_codes={1: "691110"})
NOW = TodayFacts(
    vat_rate=Decimal("0.19"), certified=True, certificate_valid_until=TODAY + 400 * DAY
)


def sheet(*lines, then=THEN, now=NOW, around=facts.WORLD, **changes):
    return drift.build_report(facts.order(*lines, **changes), then=then, now=now, world=around)


def row(field: DriftField, *lines, **changes):
    (found,) = [row for row in sheet(*lines, **changes).rows if row.field is field]
    return found


def at(price: str, currency: str = "USD") -> dict:
    return {"prices": (Price(min_quantity=1, amount=Decimal(price), currency=currency),)}


class TestASheet:
    def test_has_a_row_for_each_fact_of_each_line_and_of_the_order(self):
        found = sheet(facts.line(), facts.line(line_no=2))
        assert [r.field for r in found.rows] == [
            *(DriftField.UNIT_PRICE, DriftField.STOCK, DriftField.HS_CODE) * 2,
            DriftField.VAT_RATE,
            DriftField.LANE,
            DriftField.TRANSIT,
            DriftField.CERTIFICATE,
        ]
        assert (found.blocks, found.changed, found.lapses) == (0, 0, ())


class TestThePrice:
    @pytest.mark.parametrize(
        ("today", "change", "severity"),
        [
            ("10.00", "", SAME),
            ("10.01", "+0.10 %", CHANGED),
            ("10.30", "+3.00 %", CHANGED),
            ("10.301", "+3.01 %", BLOCKS),
            ("9.70", "-3.00 %", CHANGED),
            ("9.699", "-3.01 %", BLOCKS),
        ],
    )
    def test_changes_within_the_band_and_blocks_beyond_it(self, today, change, severity):
        found = row(DriftField.UNIT_PRICE, facts.line(**at(today)))
        assert (found.then, found.change, found.severity) == ("10.00", change, severity)

    def test_of_a_sku_that_left_the_list_blocks(self):
        found = row(DriftField.UNIT_PRICE, facts.line(prices=()))
        assert (found.now, found.severity) == (None, BLOCKS)

    def test_in_a_currency_without_a_rate_blocks(self):
        assert row(DriftField.UNIT_PRICE, facts.line(**at("10", "RUB"))).severity is BLOCKS

    def test_is_compared_in_the_currency_paid(self):
        found = row(DriftField.UNIT_PRICE, facts.line(total_minor=10_000, **at("8.00", "GBP")))
        assert (found.then, found.now, found.unit, found.severity) == (
            "10.00",
            "10.00",
            "USD",
            SAME,
        )

    @pytest.mark.parametrize(
        ("minor", "quantity", "currency", "text"),
        [
            (10_000, 10, "USD", "10.00"),
            (10_000, 3, "USD", "33.3333"),
            (1, 3, "USD", "0.0033"),
            (1000, 10, "JPY", "100"),
            (1000, 3, "JPY", "333.33"),
        ],
    )
    def test_of_a_piece_is_plain_and_exact_enough(self, minor, quantity, currency, text):
        assert drift.format_unit_price(Fraction(minor), quantity, currency) == text


class TestTheStock:
    @pytest.mark.parametrize(
        ("available", "severity"), [(10, SAME), (11, SAME), (9, BLOCKS), (0, BLOCKS), (-1, BLOCKS)]
    )
    def test_blocks_below_what_is_needed(self, available, severity):
        found = row(DriftField.STOCK, facts.line(available=available))
        assert (found.then, found.now, found.severity) == ("10", str(max(available, 0)), severity)


class TestTheHsCode:
    @pytest.mark.parametrize(
        ("was", "is_now", "severity"),
        [
            ("691110", "691110", SAME),
            ("691190", "691110", CHANGED),
            (None, "691110", UNKNOWN),
            ("691110", "", BLOCKS),
            (None, "", BLOCKS),
        ],
    )
    def test_is_compared_with_the_one_of_then(self, was, is_now, severity):
        then = SourceOrderDay(day=THEN.day, vat_rate=None, hs_codes={1: was})
        found = row(DriftField.HS_CODE, facts.line(hs_code=is_now), then=then)
        assert (found.then, found.now, found.severity) == (was, is_now or None, severity)


class TestTheVatRate:
    @pytest.mark.parametrize(
        ("was", "is_now", "change", "severity"),
        [
            ("0.19", "0.19", "", SAME),
            ("0.16", "0.19", "+3.00 pp", CHANGED),
            ("0.255", "0.24", "-1.50 pp", CHANGED),
            (None, "0.19", "", UNKNOWN),
            ("0.19", None, "", BLOCKS),
            ("0", "0.00000", "", SAME),
        ],
    )
    def test_is_compared_with_the_one_of_the_day(self, was, is_now, change, severity):
        found = row(
            DriftField.VAT_RATE,
            then=SourceOrderDay(day=THEN.day, vat_rate=was and Decimal(was)),
            now=TodayFacts(
                vat_rate=is_now and Decimal(is_now), certified=True, certificate_valid_until=TODAY
            ),
        )
        assert (found.change, found.severity) == (change, severity)


def demanding(*registrations):
    return facts.world(requirements={"DE": [facts.requirement()]}, registrations=registrations)


class TestARegistration:
    @pytest.mark.parametrize(
        ("held", "was", "is_now", "severity"),
        [
            ([{}], "DE123", "DE123", SAME),
            ([{"valid_until": TODAY}], "DE123", "DE123", SAME),
            ([{"valid_until": TODAY - DAY}], "DE123", None, BLOCKS),
            ([], None, None, BLOCKS),
            ([{"valid_from": THEN.day}], "DE123", "DE123", SAME),
            ([{"valid_from": THEN.day + DAY}], None, "DE123", UNKNOWN),
            (
                [{"valid_until": TODAY - DAY}, {"number": "DE456", "valid_from": TODAY}],
                "DE123",
                "DE456",
                CHANGED,
            ),
        ],
    )
    def test_is_looked_for_on_both_days(self, held, was, is_now, severity):
        around = demanding(*(facts.registration(**changes) for changes in held))
        found = row(DriftField.REGISTRATION, around=around)
        assert (found.then, found.now, found.severity, found.subject) == (
            was,
            is_now,
            severity,
            "EPR DE",
        )


class TestTheLane:
    @pytest.mark.parametrize(("days", "severity"), [(29, SAME), (30, SAME), (31, BLOCKS)])
    def test_keeps_the_promise_of_then_or_blocks(self, days, severity):
        lane = LaneFacts(
            service_id=1, country="DE", region="", transit_days=days, special_clearance=False
        )
        found = row(DriftField.TRANSIT, around=facts.world(lanes={"DE": [lane]}))
        assert (found.then, found.now, found.severity) == ("30", str(days), severity)

    def test_that_is_gone_blocks_and_has_no_transit_time(self):
        found = sheet(around=facts.world(lanes={}))
        assert [r.severity for r in found.rows if r.field is DriftField.LANE] == [BLOCKS]
        assert not [r for r in found.rows if r.field is DriftField.TRANSIT]


class TestTheCertificate:
    @pytest.mark.parametrize(
        ("certified", "until", "severity"),
        [
            (True, TODAY, UNKNOWN),
            (True, TODAY - DAY, BLOCKS),
            (True, None, BLOCKS),
            (False, TODAY, BLOCKS),
        ],
    )
    def test_counts_its_last_day(self, certified, until, severity):
        now = TodayFacts(vat_rate=None, certified=certified, certificate_valid_until=until)
        assert row(DriftField.CERTIFICATE, now=now).severity is severity


class TestWhatLapses:
    @pytest.mark.parametrize(
        ("until", "told"),
        [
            (TODAY - DAY, False),  # it has lapsed: that blocks
            (TODAY, True),
            (TODAY + 29 * DAY, True),
            (TODAY + 30 * DAY, False),  # the promised day itself is covered
            (None, False),
        ],
    )
    def test_ends_before_the_promised_day(self, until, told):
        """Promised within 30 days."""
        now = TodayFacts(vat_rate=None, certified=True, certificate_valid_until=until)
        of_the_certificate = sheet(now=now).lapses
        of_the_number = sheet(around=demanding(facts.registration(valid_until=until))).lapses
        for found, field in (
            (of_the_certificate, DriftField.CERTIFICATE),
            (of_the_number, DriftField.REGISTRATION),
        ):
            assert [(x.field, x.last_day, x.delivery_day) for x in found] == (
                [(field, until, TODAY + 30 * DAY)] if told else []
            )

    def test_is_no_registration_that_another_number_outlives(self):
        short = facts.registration(valid_until=TODAY)
        assert not sheet(around=demanding(short, facts.registration(number="DE456"))).lapses
        longer = facts.registration(number="DE456", valid_until=TODAY + 5 * DAY)
        (lapse,) = sheet(around=demanding(short, longer)).lapses
        assert lapse.last_day == TODAY + 5 * DAY

    def test_is_no_number_that_the_destination_does_not_ask_for(self):
        around = facts.world(registrations=[facts.registration(valid_until=TODAY)])
        assert not sheet(around=around).lapses
