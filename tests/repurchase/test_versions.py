"""R-79: versions are compared number by number."""

import pytest

from repurchase.models.erp_version import is_at_least


class TestAVersion:
    @pytest.mark.parametrize(
        ("version", "minimum", "enough"),
        [
            ("5.2", "5.3", False),
            ("5.2.99", "5.3", False),
            ("5.3", "5.3", True),
            ("V5.3", "5.3", True),
            ("5.3.0", "5.3", True),
            ("5.3", "5.3.0", True),
            ("5.10", "5.3", True),  # not by letters
            ("5.3.1", "5.3", True),
            ("10.0", "5.3", True),
            ("4.99.99", "5.3", False),
            ("5", "5.3", False),
            ("0.1", "", True),
        ],
    )
    def test_suffices_from_its_minimum_on(self, version, minimum, enough):
        assert is_at_least(version, minimum) is enough

    @pytest.mark.parametrize(
        "text", ["", "5.", ".3", "five", "5.3-beta", "5,3", "٥.٣", "5.3\n", "1.1.1.1.1.1", "9" * 10]
    )
    def test_is_numbers_and_dots_only(self, text):
        with pytest.raises(ValueError, match="no version"):
            is_at_least(text, "5.3")
