import datetime as dt
from decimal import Decimal

import pytest

from diagnostics.codes import Code
from eligibility.facts import LaneFacts, Price
from eligibility.findings import build_finding
from eligibility.screener import screen_order
from tests.eligibility.facts import NOW, line, order, registration, requirement, world

SECOND = dt.timedelta(seconds=1)


def lane(**changes) -> LaneFacts:
    facts = {
        "service_id": 1,
        "country": "RU",
        "region": "",
        "transit_days": 20,
        "special_clearance": False,
    }
    return LaneFacts(**facts | changes)


class TestASourceOrder:
    def test_that_meets_every_rule_is_planned(self):
        verdict = screen_order(order(), world=world())
        assert (verdict.outcome, verdict.codes) == ("planned", [])

    @pytest.mark.parametrize(
        ("changes", "outcome", "code"),
        [
            ({"status": "open", "completed_at": None}, "excluded", "ORDER_NOT_COMPLETED"),
            ({"completed_at": NOW - dt.timedelta(days=90) - SECOND}, "excluded", "ORDER_TOO_OLD"),
            ({"rating": None}, "failed", "ORDER_UNRATED"),
            ({"rating": Decimal("4.79")}, "excluded", "ORDER_RATING_TOO_LOW"),
            ({"rating": Decimal("4.7999")}, "excluded", "ORDER_RATING_TOO_LOW"),
            ({"held": True, "held_until": NOW}, "failed", "ORDER_ALREADY_LOCKED"),
            ({"country": "BR"}, "failed", "LANE_UNREACHABLE"),
            ({"promise_days": 9}, "failed", "TRANSIT_TOO_SLOW"),
        ],
    )
    def test_that_breaks_one_rule_gets_its_code(self, changes, outcome, code):
        verdict = screen_order(order(**changes), world=world())
        assert (verdict.outcome, verdict.codes) == (outcome, [code])

    @pytest.mark.parametrize(
        "changes",
        [
            {"completed_at": NOW - dt.timedelta(days=90)},
            {"rating": Decimal("4.8")},
            {"promise_days": 10},
        ],
    )
    def test_exactly_on_a_limit_passes(self, changes):
        assert screen_order(order(**changes), world=world()).outcome == "planned"

    def test_carries_the_findings_of_the_gates(self):
        verdict = screen_order(
            order(), world=world(), gates=[build_finding(Code.BUYER_CERTIFICATE_EXPIRED)]
        )
        assert (verdict.outcome, verdict.codes) == ("failed", ["BUYER_CERTIFICATE_EXPIRED"])

    def test_is_excluded_when_one_finding_is_final_though_another_is_curable(self):
        verdict = screen_order(order(rating=Decimal(4), country="BR"), world=world())
        assert (verdict.outcome, verdict.codes) == (
            "excluded",
            ["ORDER_RATING_TOO_LOW", "LANE_UNREACHABLE"],
        )


class TestALane:
    """R-11 and R-71: Novosibirsk without the 专线清关通道."""

    lanes = {"RU": [lane(), lane(region="Novosibirsk", special_clearance=True, transit_days=25)]}

    @pytest.mark.parametrize(
        ("region", "ticked", "codes"),
        [
            ("Novosibirsk", False, ["LANE_UNREACHABLE"]),
            ("Novosibirsk", True, []),
            ("Moscow", False, []),
            ("", False, []),
        ],
    )
    def test_for_a_region_overrules_the_one_for_its_country(self, region, ticked, codes):
        asked = order(country="RU", region=region, special_clearance=ticked)
        assert screen_order(asked, world=world(lanes=self.lanes)).codes == codes

    def test_of_another_service_still_counts(self):
        lanes = {"RU": [*self.lanes["RU"], lane(service_id=2, transit_days=15)]}
        verdict = screen_order(order(country="RU", region="Novosibirsk"), world=world(lanes=lanes))
        assert [x.service_id for x in verdict.lanes] == [2]

    def test_is_offered_when_it_arrives_on_the_promised_day_and_not_a_day_later(self):
        lanes = {"RU": [lane(service_id=n, transit_days=20 + n) for n in range(3)]}
        verdict = screen_order(order(country="RU", promise_days=21), world=world(lanes=lanes))
        assert [x.service_id for x in verdict.lanes] == [0, 1]

    @pytest.mark.parametrize(("promised", "codes"), [(20, []), (19, ["TRANSIT_TOO_SLOW"])])
    def test_that_arrives_on_the_promised_day_is_in_time(self, promised, codes):
        asked = order(country="RU", promise_days=promised)
        assert screen_order(asked, world=world(lanes={"RU": [lane()]})).codes == codes


class TestALine:
    @pytest.mark.parametrize(
        ("changes", "outcome", "code"),
        [
            ({"is_standard": False}, "excluded", "SKU_NOT_STANDARD"),
            ({"is_active": False}, "failed", "SKU_INACTIVE"),
            (
                {"stock_synced_at": NOW - dt.timedelta(minutes=15, seconds=1)},
                "failed",
                "STOCK_SYNC_STALE",
            ),
            ({"stock_synced_at": None}, "failed", "STOCK_SYNC_STALE"),
            ({"available": 9}, "failed", "STOCK_TOO_LOW"),
            ({"moq": 11}, "failed", "MOQ_NOT_MET"),
            ({"hs_code": ""}, "failed", "HS_CODE_MISSING"),
            ({"weight_g": None}, "failed", "WEIGHT_MISSING"),
            ({"weight_g": 0}, "failed", "WEIGHT_MISSING"),
            ({"prices": ()}, "failed", "PRICE_REFERENCE_MISSING"),
        ],
    )
    def test_that_breaks_a_rule_leaves_and_the_order_goes_on(self, changes, outcome, code):
        good, bad = line(line_no=1, id=2), line(line_no=2, **changes)
        verdict = screen_order(order(good, bad), world=world())
        assert verdict.outcome == "planned"
        assert [[str(f.code) for f in x.findings] for x in verdict.lines] == [[], [code]]
        alone = screen_order(order(bad), world=world())
        assert alone.outcome == outcome
        assert code in alone.codes

    @pytest.mark.parametrize(
        "changes",
        [{"stock_synced_at": NOW - dt.timedelta(minutes=15)}, {"available": 10}, {"moq": 10}],
    )
    def test_exactly_on_a_limit_passes(self, changes):
        assert screen_order(order(line(**changes)), world=world()).codes == []

    def test_shares_the_stock_with_the_lines_before_it(self):
        verdict = screen_order(order(line(60, 60_000), line(60, 60_000, line_no=2)), world=world())
        assert [x.repeatable for x in verdict.lines] == [True, False]

    def test_shares_the_stock_with_the_orders_before_it(self):
        assert screen_order(order(), world=world(), taken={1: 90}).codes == []
        assert screen_order(order(), world=world(), taken={1: 91}).codes == ["STOCK_TOO_LOW"]


class TestTheListPrice:
    """R-47: within ±3 % of what was paid, both ends inclusive."""

    @pytest.mark.parametrize(
        ("listed", "passes"),
        [
            ("10.30", True),
            ("9.70", True),
            ("10.300001", False),
            ("9.699999", False),
            ("10.00", True),
        ],
    )
    def test_must_lie_within_the_band(self, listed, passes):
        prices = (Price(min_quantity=1, amount=Decimal(listed), currency="USD"),)
        codes = screen_order(order(line(prices=prices)), world=world()).codes
        assert codes == ([] if passes else ["PRICE_OUT_OF_BAND"])

    def test_is_the_one_of_the_quantity_band(self):
        prices = tuple(
            Price(min_quantity=n, amount=Decimal(amount), currency="USD")
            for n, amount in ((1, "12"), (10, "10"), (11, "8"))
        )
        assert screen_order(order(line(10, prices=prices)), world=world()).codes == []

    def test_above_every_quantity_is_missing(self):
        prices = (Price(min_quantity=11, amount=Decimal(10), currency="USD"),)
        assert screen_order(order(line(10, prices=prices)), world=world()).codes == [
            "PRICE_REFERENCE_MISSING"
        ]

    def test_in_another_currency_is_converted(self):
        prices = (
            Price(min_quantity=1, amount=Decimal("8.00"), currency="GBP"),
        )  # 8.00 / 0.88 × 1.10 = 10.00
        verdict = screen_order(order(line(prices=prices)), world=world())
        assert verdict.codes == []
        assert verdict.lines[0].reference_minor == 10_000

    def test_in_a_currency_without_a_rate_says_so(self):
        prices = (Price(min_quantity=1, amount=Decimal(10), currency="RUB"),)
        assert screen_order(order(line(prices=prices)), world=world()).codes == ["FX_RATE_MISSING"]


class TestARegistration:
    """R-12: present and in date where the destination demands it."""

    @pytest.mark.parametrize(
        ("held", "code"),
        [
            ([], "REGISTRATION_MISSING"),
            ([registration(scheme="FDA")], "REGISTRATION_MISSING"),
            ([registration(valid_until=dt.date(2026, 11, 22))], "REGISTRATION_EXPIRED"),
            ([registration(valid_from=dt.date(2026, 11, 24))], "REGISTRATION_MISSING"),
            ([registration(valid_until=dt.date(2026, 11, 23))], None),
            ([registration(valid_until=dt.date(2026, 11, 22)), registration(number="NEW")], None),
        ],
    )
    def test_is_demanded_by_the_destination(self, held, code):
        codes = screen_order(
            order(), world=world(requirements={"DE": [requirement()]}, registrations=held)
        ).codes
        assert codes == ([code] if code else [])

    def test_for_another_category_is_not_asked_for(self):
        around = world(requirements={"DE": [requirement(category_id=8)]})
        assert screen_order(order(), world=around).codes == []


class TestAnOrderThatKeepsNoLine:
    def test_is_curable_when_one_of_its_lines_is(self):
        made, stale = line(is_standard=False), line(line_no=2, stock_synced_at=None)
        assert screen_order(order(made, stale), world=world()).outcome == "failed"

    def test_is_excluded_when_none_is(self):
        verdict = screen_order(order(line(is_standard=False)), world=world())
        assert (verdict.outcome, verdict.codes) == (
            "excluded",
            ["ORDER_WITHOUT_LINES", "SKU_NOT_STANDARD"],
        )
