"""R-20: advice, never a block."""

from dataclasses import replace
from decimal import Decimal

import pytest

from eligibility.advice import AdviceFacts, AdviceLimits, advise
from marketplace.policy import DEFAULTS

LIMITS = AdviceLimits(**{name: DEFAULTS[name].value for name in AdviceLimits.__slots__})
FACTS = AdviceFacts(
    paid_orders=1500,
    batch_orders=10,
    small_apparel_orders=5,
    fast_moving_orders=None,
    exports_usd_minor=500_000_000,
    noted_orders=1,
    high_value_lines=0,
    erp="",
)


def leanings(**changes) -> dict[str, str]:
    return {p.name: str(p.leaning) for p in advise(replace(FACTS, **changes), limits=LIMITS)}


class TestTheAdvice:
    def test_says_nothing_exactly_on_the_limits(self):
        assert leanings() == {
            "orders_a_day": "neutral",
            "fast_moving": "unknown",
            "small_apparel": "neutral",
            "exports_a_year": "neutral",
            "high_value_lines": "neutral",
            "erp_connected": "unknown",
        }

    @pytest.mark.parametrize(
        ("changes", "name", "leaning"),
        [
            ({"paid_orders": 1499}, "orders_a_day", "against"),
            ({"small_apparel_orders": 6}, "small_apparel", "against"),
            ({"fast_moving_orders": 6}, "fast_moving", "against"),
            ({"exports_usd_minor": 500_000_001}, "exports_a_year", "for"),
            ({"exports_usd_minor": None}, "exports_a_year", "unknown"),
            ({"high_value_lines": 1}, "high_value_lines", "for"),
            ({"noted_orders": 0}, "high_value_lines", "unknown"),
            ({"erp": "mabang"}, "erp_connected", "for"),
            ({"batch_orders": 0}, "small_apparel", "unknown"),
        ],
    )
    def test_leans_to_the_side_that_a_fact_speaks_for(self, changes, name, leaning):
        assert leanings(**changes)[name] == leaning

    def test_shows_value_and_limit_of_each_point(self):
        shown = {p.name: (p.value, p.limit) for p in advise(FACTS, limits=LIMITS)}
        assert shown["orders_a_day"] == ("50.0", "< 50")
        assert shown["small_apparel"] == ("50 %", "> 50 %")
        assert shown["exports_a_year"] == ("USD 5,000,000.00", "> USD 5,000,000.00")

    def test_goes_by_the_policy_values(self):
        limits = replace(LIMITS, advice_small_share=Decimal("0.4"))
        points = {p.name: str(p.leaning) for p in advise(FACTS, limits=limits)}
        assert points["small_apparel"] == "against"
