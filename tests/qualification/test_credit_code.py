import pytest

from qualification import credit_code


class TestACreditCode:
    @pytest.mark.parametrize("code", ["91440300708461136T", "91110000600037341L"])
    def test_with_the_right_check_sign_is_valid(self, code):
        assert credit_code.is_valid(code)

    @pytest.mark.parametrize(
        "code",
        [
            "911100006000373417",
            "91110000600037341",
            "91110000600037341L0",
            "9111O000600037341L",
            "",
        ],
    )
    def test_otherwise_is_not(self, code):
        assert not credit_code.is_valid(code)

    def test_notices_every_single_sign_that_is_changed(self):
        good = "91110000600037341L"
        for place in range(18):
            for sign in credit_code.CODE_CHARACTERS:
                if sign != good[place]:
                    assert not credit_code.is_valid(good[:place] + sign + good[place + 1 :])
