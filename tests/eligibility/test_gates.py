import datetime as dt
from dataclasses import replace

import pytest

from eligibility.gates import evaluate_gates, evaluate_store_gates
from tests.eligibility.facts import GATE_FACTS, LIMITS, TODAY


def failing(**changes) -> list[str]:
    verdicts = evaluate_gates(replace(GATE_FACTS, **changes), limits=LIMITS, today=TODAY)
    return [str(gate.finding.code) for gate in verdicts if gate.finding]


class TestTheGates:
    def test_all_pass_exactly_on_their_limits(self):
        assert failing() == []

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"standing": "in_review"}, "QUALIFICATION_REQUIRED"),
            ({"standing": "lapsed"}, "QUALIFICATION_REQUIRED"),
            ({"verified": False}, "STORE_NOT_VERIFIED"),
            ({"level": 2}, "STORE_LEVEL_TOO_LOW"),
            ({"paid_orders": 0}, "DISPUTE_RATE_NOT_EVALUABLE"),
            ({"certified": False}, "BUYER_NOT_CERTIFIED"),
            ({"certificate_valid_until": None}, "BUYER_NOT_CERTIFIED"),
            (
                {"certificate_valid_until": TODAY - dt.timedelta(days=1)},
                "BUYER_CERTIFICATE_EXPIRED",
            ),
            ({"completed_orders": 4}, "BUYER_TOO_FEW_ORDERS"),
            ({"gmv_usd_minor": 1_999_999}, "BUYER_GMV_TOO_LOW"),
        ],
    )
    def test_one_fault_gives_its_code_alone(self, changes, code):
        assert failing(**changes) == [code]

    @pytest.mark.parametrize(
        ("disputes", "paid", "passes"),
        [
            (35, 10_000, True),
            (36, 10_000, False),
            (3501, 1_000_000, False),
            (3500, 1_000_000, True),
            (1, 285, False),
            (1, 286, True),
        ],
    )
    def test_a_dispute_rate_of_exactly_the_limit_passes(self, disputes, paid, passes):
        """R-22: 0.3500 % passes, 0.3501 % does not; decided without a rounded quotient."""
        assert (failing(disputes=disputes, paid_orders=paid) == []) is passes

    def test_show_value_and_limit_also_when_they_pass(self):
        """R-26."""
        shown = {
            gate.name: (gate.value, gate.limit)
            for gate in evaluate_gates(GATE_FACTS, limits=LIMITS, today=TODAY)
        }
        assert shown["buyer_gmv"] == ("USD 20,000.00", "USD 20,000.00")
        assert shown["store_level"] == ("Gold", "Gold")
        assert shown["dispute_rate"] == ("0 %", "0.35 %")


class TestTheGatesAtOpening:
    def test_are_the_store_s_own_three(self):
        """R-26, R-27: neither the standing nor any buyer stands in the way of opening."""
        bad = replace(
            GATE_FACTS, standing="not_open", certified=False, completed_orders=0, gmv_usd_minor=0
        )
        verdicts = evaluate_store_gates(bad, limits=LIMITS, today=TODAY)
        assert [(gate.name, gate.passed) for gate in verdicts] == [
            ("store_verified", True),
            ("store_level", True),
            ("dispute_rate", True),
        ]

    @pytest.mark.parametrize(
        "changes", [{"verified": False}, {"level": 2}, {"disputes": 4}, {"paid_orders": 0}, {}]
    )
    def test_say_what_the_same_gates_say_at_creation(self, changes):
        facts = replace(GATE_FACTS, **changes)
        later = {gate.name: gate for gate in evaluate_gates(facts, limits=LIMITS, today=TODAY)}
        assert all(
            later[gate.name] == gate
            for gate in evaluate_store_gates(facts, limits=LIMITS, today=TODAY)
        )
