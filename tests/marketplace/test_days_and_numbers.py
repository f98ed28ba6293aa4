"""Days and numbers of a file are read in one way for the whole file, and never guessed."""

import datetime as dt

import pytest

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.mirror import days, numbers

THAT_DAY = dt.date(2018, 11, 20)
THIRD = dt.date(2026, 4, 3)


@pytest.mark.parametrize(
    "text",
    [
        "2018-11-20", "2018/11/20", "2018.11.20", "20181120", "20 November 2018", "20  november 2018", "20-Nov-2018",
        "Nov 20, 2018", "November 20 2018", "20/11/2018", "11/20/2018", "20.11.2018", "2018-11-20T00:00:00Z",
        "2018-11-20 16:00",
    ],
)  # fmt: skip
def test_a_day_that_can_only_be_one_is_read(text):
    assert days.read([text]).days == (THAT_DAY,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "20 Foovember 2018",
        "2018-13-01",
        "2018-02-30",
        "20/11/18",
        "1-2018-20",
        "30 February 2018",
        "000",
    ],
)
def test_what_is_no_day_is_none(text):
    assert days.read([text]).days == (None,)


@pytest.mark.parametrize(
    ("texts", "told", "expected", "order"),
    [
        (["04/03/2026", "04/13/2026"], "", [THIRD, dt.date(2026, 4, 13)], "month/day/year"),
        (["03/04/2026", "13/04/2026"], "", [THIRD, dt.date(2026, 4, 13)], "day/month/year"),
        (["03/04/2026"], "dmy", [THIRD], "day/month/year"),
        (["04/03/2026"], "mdy", [THIRD], "month/day/year"),
        (["13/04/2026"], "mdy", [None], "month/day/year"),
        (["2026-04-03"], "", [THIRD], "year-month-day"),
    ],
)
def test_the_order_is_that_of_the_whole_file(texts, told, expected, order):
    found = days.read(texts, told=told)
    assert (list(found.days), found.order) == (expected, order)


@pytest.mark.parametrize(
    "texts", [["03/04/2026"], ["03/04/2026", "05/06/2026"], ["13/04/2026", "04/13/2026"]]
)
def test_an_order_that_no_row_decides_is_asked_for(texts):
    with pytest.raises(Problem) as refused:
        days.read(texts)
    assert refused.value.code is Code.FILE_DATES_AMBIGUOUS


@pytest.mark.parametrize(
    ("texts", "told", "expected"),
    [
        (["1.0841", "165.2"], "", ["1.0841", "165.2"]),
        (["1,0841", "165,2"], "", ["1.0841", "165.2"]),
        (["1,084.10", "372.50"], "", ["1084.10", "372.50"]),
        (["1.084,10", "372,50"], "", ["1084.10", "372.50"]),
        (["20,275", "175.68"], "", ["20275", "175.68"]),
        (["20,275,100"], "", ["20275100"]),
        (["0,123"], "", ["0.123"]),
        (["1,084"], "comma", ["1.084"]),
        (["1,084"], "point", ["1084"]),
        (["1.084"], "", ["1.084"]),
        (["N/A", "x", "1,0841"], "", ["N/A", "x", "1.0841"]),
        (["1.0841", "1.2345", "7,80", "1,084"], "", ["1.0841", "1.2345", "7,80", "1,084"]),
        (["12,34,5.1"], "", ["12,34,5.1"]),
    ],
)
def test_numbers_are_read_in_the_style_of_the_file(texts, told, expected):
    plainly = numbers.normalizer_for(texts, told=told)
    assert [plainly(text) for text in texts] == expected


def test_a_style_that_no_cell_decides_is_asked_for():
    with pytest.raises(Problem) as refused:
        numbers.normalizer_for(["1,084", "N/A", "7"])
    assert refused.value.code is Code.FILE_NUMBERS_AMBIGUOUS
