"""R-26: whatever was found says its value, its limit, as of when, and from which row."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from diagnostics.catalogue import CATALOGUE
from eligibility import gates, rules
from eligibility.facts import EmbargoFacts, ListedParty, Price
from eligibility.screener import screen_order
from tests.eligibility.facts import GATE_FACTS, LIMITS, NOW, TODAY, line, order, requirement, world

EMBARGO = EmbargoFacts(
    id=4, country="DE", region="", programme="EAR Test", reference="15 CFR 746.0"
)
LISTED = ListedParty(id=9, names=("Stopped",), list_name="TEST", reference="T-1")

BAD_GATES = [
    ({"standing": "lapsed"}, "store:3 qualification"),
    ({"verified": False}, "store:3 verified_at"),
    ({"level": 1}, "store:3 level"),
    ({"disputes": 9}, "store:3 disputes opened_at, past orders paid_at"),
    ({"paid_orders": 0}, "store:3 disputes opened_at, past orders paid_at"),
    ({"certified": False}, "buyer:12 certificate_valid_until"),
    ({"certificate_valid_until": TODAY - dt.timedelta(days=1)}, "buyer:12 certificate_valid_until"),
    ({"completed_orders": 0}, "buyer:12 completed past orders"),
    ({"gmv_usd_minor": 0}, "buyer:12 completed past orders, net of refunds"),
]
BAD_ORDERS = [
    (order(status="open"), "past_order:1 status"),
    (order(completed_at=NOW - dt.timedelta(days=91)), "past_order:1 completed_at"),
    (order(rating=None), "past_order:1 rating"),
    (order(rating=Decimal(4)), "past_order:1 rating"),
    (order(held=True), "order_claim past_order:1 until"),
    (order(country="BR"), "lanes BR transit_days"),
    (order(promise_days=1), "lanes DE transit_days"),
    (order(parties=("Stopped GmbH",)), "buyer:1 name, past_order:1 consignee"),
    (order(line(is_ear_controlled=True)), "embargoes DE"),
    (order(line(is_standard=False)), "past_order:1 lines"),
]
BAD_LINES = [
    ({"is_standard": False}, "sku:1 is_standard"),
    ({"is_active": False}, "sku:1 is_active"),
    ({"stock_synced_at": None}, "sku:1 stock_synced_at"),
    ({"moq": 99}, "sku:1 moq"),
    ({"hs_code": ""}, "sku:1 hs_code"),
    ({"weight_g": None}, "sku:1 weight_g"),
    ({"prices": ()}, "price_list sku:1, past_order_line:1 total_minor"),
    (
        {"prices": (Price(min_quantity=1, amount=Decimal(11), currency="USD"),)},
        "price_list sku:1, past_order_line:1 total_minor",
    ),
    ({"available": 0}, "sku:1 on_hand, stock claims"),
    ({"category_id": 8}, "registrations DE"),
]
AROUND = world(
    embargoes={"DE": [EMBARGO]}, listed=(LISTED,), requirements={"DE": [requirement(category_id=8)]}
)


def complete(evidence) -> bool:
    return {"value", "limit", "as_of", "source"} <= evidence.keys() and evidence[
        "as_of"
    ] == NOW.isoformat()


class TestAGate:
    @pytest.mark.parametrize(("changes", "source"), BAD_GATES)
    def test_that_fails_says_value_limit_time_and_row(self, changes, source):
        facts = replace(GATE_FACTS, **changes, store_id=3, buyer_id=12, as_of=NOW)
        (bad,) = (
            g for g in gates.evaluate_gates(facts, limits=LIMITS, today=TODAY) if not g.passed
        )
        assert complete(bad.finding.evidence)
        assert (bad.finding.evidence["source"], bad.source, bad.as_of) == (
            source,
            source,
            NOW.isoformat(),
        )

    def test_that_passes_says_the_time_and_the_row_too(self):
        facts = replace(GATE_FACTS, store_id=3, buyer_id=12, as_of=NOW)
        for gate in gates.evaluate_gates(facts, limits=LIMITS, today=TODAY):
            assert gate.as_of == NOW.isoformat()
            assert gate.source.startswith(("store:3 ", "buyer:12 "))


class TestARule:
    @pytest.mark.parametrize(("asked", "source"), BAD_ORDERS)
    def test_of_an_order_says_value_limit_time_and_row(self, asked, source):
        findings = screen_order(asked, world=AROUND).findings
        assert [f.evidence["source"] for f in findings] == [source]
        assert all(complete(f.evidence) for f in findings)

    @pytest.mark.parametrize(("changes", "source"), BAD_LINES)
    def test_of_a_line_says_value_limit_time_and_row(self, changes, source):
        (verdict,) = screen_order(order(line(**changes)), world=AROUND).lines
        assert [f.evidence["source"] for f in verdict.findings] == [source]
        assert all(complete(f.evidence) for f in verdict.findings)

    @pytest.mark.parametrize(
        "row",
        [*gates.GATES, *rules.ORDER_RULES, *rules.LINE_RULES, rules.PRICE_RULE, rules.STOCK_RULE],
        ids=lambda row: row.codes[0],
    )
    def test_stands_in_the_table_with_its_number_and_its_codes(self, row):
        assert row.requirement.startswith("R-")
        assert all(code in CATALOGUE for code in row.codes)

    def test_gives_no_code_but_those_beside_it_in_the_table(self):
        for asked, _ in BAD_ORDERS[:-1]:
            for row in rules.ORDER_RULES:
                finding = row.check(asked, AROUND)
                assert finding is None or finding.code in row.codes
