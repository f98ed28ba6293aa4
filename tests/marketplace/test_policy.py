import datetime as dt

import pytest

from marketplace import policy
from marketplace.models import PolicyValue
from tests import world


class TestAPolicyValue:
    @pytest.mark.parametrize("name", policy.DEFAULTS)
    def test_has_a_default_within_its_own_bounds(self, name):
        default = policy.DEFAULTS[name].value
        assert policy.parse_policy_value(name, str(default)) == default

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("payment_fee_rate", "-5"),
            ("payment_fee_rate", "Infinity"),
            ("payment_fee_rate", "1.01"),
            ("price_band", "NaN"),
            ("order_min_rating", "sNaN"),
            ("store_min_level", "9"),
            ("order_max_age_days", "999999999999"),
            ("return_warehouse_usd", "2.305"),
            ("ear_review_usd", "1e400"),
            ("lock_hours", "0"),
            ("lock_hours", "-3"),
            ("lock_hours", "99999999"),
            ("batch_max_orders", "20000"),
            ("batch_max_orders", "many"),
        ],
    )
    def test_that_would_break_a_screening_is_refused(self, name, text):
        with pytest.raises((ValueError, ArithmeticError)):
            policy.parse_policy_value(name, text)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("payment_fee_rate", "0"),
            ("lock_hours", "1"),
            ("batch_max_orders", "9999"),
            ("return_warehouse_usd", "2.31"),
        ],
    )
    def test_on_its_bound_is_taken(self, name, text):
        assert str(policy.parse_policy_value(name, text)) == text


@pytest.mark.django_db
class TestAValueWithItsDay:
    @pytest.mark.parametrize(
        ("before", "hours"), [(dt.timedelta(0), 48), (dt.timedelta(microseconds=1), 72)]
    )
    def test_holds_from_its_first_moment_on(self, before, hours):
        PolicyValue.objects.create(name="lock_hours", value="48", valid_from=world.NOW)
        assert policy.in_force(world.NOW - before)["lock_hours"] == hours
