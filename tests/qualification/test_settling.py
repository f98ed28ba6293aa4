import re

import pytest

from qualification.field_entry import normalize_entry


class TestWhatAReviewerTypes:
    @pytest.mark.parametrize(
        ("name", "typed", "value"),
        [
            ("credits 2026-08", "1,234,567.5", "1234567.50"),
            ("debits 2026-08", "0", "0.00"),
            ("total 2", "１２，３".translate({0xFF11: "1", 0xFF12: "2", 0xFF13: "3"}), "123.00"),
            ("opening_balance", "-20.00", "-20.00"),
            ("quantity 1", "4,521", "4521"),
            ("unit_price 1", "3.4567", "3.4567"),
            ("valid_until", "长期", "9999-12-31"),
            ("valid_until", "2034年7月8日", "2034-07-08"),
            ("declared_on", "20260803", "2026-08-03"),
            ("credit_code", " 91350200mam2e51rly ", "91350200MAM2E51RLY"),
            ("number", "5301 2026 0999999999", "530120260999999999"),
            ("hs 1", "8482.10.0000", "8482100000"),
            ("currency 1", "usd", "USD"),
            ("company", " 宁波海晟（集团）有限公司 ", "宁波海晟（集团）有限公司"),
            ("account", "6222 **** 1234", "6222 **** 1234"),
        ],
    )
    def test_is_made_plain(self, name, typed, value):
        assert normalize_entry(name, typed) == value

    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("credits 2026-08", "1144711.50a"),
            ("credits 2026-08", "NaN"),
            ("credits 2026-08", "1e9"),
            ("total 1", "1.234.567"),
            ("quantity 1", "-3"),
            ("unit_price 1", "1e3"),
            ("total 1", "٣٤"),
            ("valid_until", "2026-02-30"),
            ("period_from", "August"),
            ("number", "none"),
            ("hs 1", "84x2"),
            ("currency", "US dollars"),
        ],
    )
    def test_that_can_t_be_the_value_is_refused(self, name, typed):
        with pytest.raises(ValueError, match=re.escape(typed)):
            normalize_entry(name, typed)
