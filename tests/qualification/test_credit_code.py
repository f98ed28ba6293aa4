import pytest

from qualification import credit_code


class TestACreditCode:
    @pytest.mark.parametrize("code", ["91350211M000100Y43", "91110000600037341L"])
    def test_with_the_right_check_sign_is_valid(self, code):
        assert credit_code.is_valid(code)

    @pytest.mark.parametrize(
        "code", ["91350211M000100Y44", "91350211M000100Y4", "91350211M000100Y433", "9135021IM000100Y43", ""]
    )
    def test_otherwise_is_not(self, code):
        assert not credit_code.is_valid(code)

    def test_notices_every_single_sign_that_is_changed(self):
        good = "91350211M000100Y43"
        for place in range(18):
            for sign in credit_code.SIGNS:
                if sign != good[place]:
                    assert not credit_code.is_valid(good[:place] + sign + good[place + 1 :])
