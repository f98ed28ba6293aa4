"""The days of a column as files write them: one order of day and month for the whole file, never
guessed. Pure."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.codes import Code
from diagnostics.problem import Problem

DATE_ORDERS = ("dmy", "mdy", "ymd")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
CLOCK = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
NUMERIC = re.compile(rf"(\d{{1,4}})([-/.])(\d{{1,2}})\2(\d{{1,4}}){CLOCK}", re.ASCII)
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
DAY_AND_NAME = re.compile(r"(\d{1,2})[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})", re.ASCII)
NAME_AND_DAY = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})", re.ASCII)
DATE_ORDER_LABELS = {"ymd": "year-month-day", "dmy": "day/month/year", "mdy": "month/day/year"}


@dataclass(frozen=True, slots=True)
class ParsedDays:
    """One a text, None where it is no day; `order` as it is shown: "day/month/year"."""

    days: tuple[dt.date | None, ...]
    order: str


def read(texts: Sequence[str], *, told: str = "") -> ParsedDays:
    """FILE_DATES_AMBIGUOUS where "03/04/2026" could be either and no row decides; `told` one of
    ORDERS then decides.

    Where rows contradict each other, those that do not fit the order of the others' majority can't
    be told from them: FILE_DATES_AMBIGUOUS too.
    """
    parts = [_split_date(" ".join(text.split())) for text in texts]
    loose = [found for found in parts if found and found[0] == "?"]
    order = told if told in ("dmy", "mdy") else _decide_order(loose)
    days = tuple(_build_day(found, order) for found in parts)
    return ParsedDays(days, DATE_ORDER_LABELS[order] if loose else DATE_ORDER_LABELS["ymd"])


def _decide_order(loose: Sequence[tuple[str, int, int, int]]) -> str:
    day_first = any(first > 12 for _, first, _, _ in loose)
    month_first = any(second > 12 for _, _, second, _ in loose)
    if loose and day_first == month_first:
        example = "{1:02}/{2:02}/{3}".format(*loose[0])
        raise Problem(Code.FILE_DATES_AMBIGUOUS, value=example)
    return "dmy" if day_first else "mdy"


def _split_date(text: str) -> tuple[str, int, int, int] | None:
    """("", year, month, day), or ("?", first, second, year) where day and month can't be told
    apart."""
    if found := COMPACT.fullmatch(text):
        return "", *map(int, found.groups())
    if found := NUMERIC.fullmatch(text):
        first, _, second, third = found.groups()
        if len(first) == 4 and len(third) <= 2:
            return "", int(first), int(second), int(third)
        if len(first) <= 2 and len(third) == 4:
            return "?", int(first), int(second), int(third)
        return None
    return _parse_named_month(text)


def _parse_named_month(text: str) -> tuple[str, int, int, int] | None:
    """ "20 November 2018", "20-Nov-2018", "Nov 20, 2018"."""
    if found := DAY_AND_NAME.fullmatch(text):
        day, name, year = found.groups()
    elif found := NAME_AND_DAY.fullmatch(text):
        name, day, year = found.groups()
    else:
        return None
    months = [n for n, month in enumerate(MONTHS, start=1) if month.startswith(name.lower())]
    return ("", int(year), months[0], int(day)) if months else None


def _build_day(found: tuple[str, int, int, int] | None, order: str) -> dt.date | None:
    if found is None:
        return None
    loose, first, second, third = found
    try:
        if not loose:
            return dt.date(first, second, third)
        return dt.date(third, second, first) if order == "dmy" else dt.date(third, first, second)
    except ValueError:
        return None
