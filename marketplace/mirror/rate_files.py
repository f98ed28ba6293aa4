"""A file of reference rates as it is read: units for one euro, a row a day, a column a currency,
whatever its style."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.mirror import days, files, numbers
from marketplace.mirror.currencies import is_currency

DATE_COLUMN = "date"
EURO = "EUR"
GAP_MARKS = frozenset({"n/a", "na", "null", "-", ""})


@dataclass(frozen=True, kw_only=True, slots=True)
class FileStyles:
    """What a file may leave open: one of `days.ORDERS`, one of `numbers.STYLES`; "" to have it
    decided by the rows."""

    dates: str = ""
    numbers: str = ""


@dataclass(kw_only=True)
class RateFile:
    """`cells`: texts by day and currency, as plain numbers where they are numbers."""

    cells: dict[dt.date, dict[str, str]] = field(default_factory=dict)
    dates: str = ""  # how they were read
    rows: Counter[str] = field(
        default_factory=Counter
    )  # refused: no date, future, cells, conflicting
    gaps: int = 0
    conflicting: list[str] = field(default_factory=list)


def read(
    path: Path, *, styles: FileStyles, until: dt.date, since: dt.date | None = None
) -> RateFile:
    """Days after `until` and rows that fit no header are refused, and so is a day that stands
    there twice unlike itself.

    FILE_COLUMNS_MISSING, FILE_COLUMN_TWICE, CURRENCY_UNKNOWN, RATES_NOT_PER_EURO,
    FILE_DATES_AMBIGUOUS, FILE_NUMBERS_AMBIGUOUS, and the codes of `files.table`.
    """
    header, *rows = files.table(path)
    place, currencies = _find_rate_columns(header, path)
    found = RateFile()
    fitting = [cells for row in rows if (cells := files.fit_to_header(row, header))]
    found.rows["cells"] = len(rows) - len(fitting)
    read_days = days.read([cells[place] for cells in fitting], told=styles.dates)
    plainly = numbers.normalizer_for(
        (cells[n] for cells in fitting for n in currencies), told=styles.numbers
    )
    found.dates = read_days.order
    for day, cells in zip(read_days.days, fitting, strict=True):
        if day is None or day > until:
            found.rows["no_date" if day is None else "future"] += 1
        elif since is None or day >= since:
            _add_day_cells(found, day, {code: plainly(cells[n]) for n, code in currencies.items()})
    for day in found.conflicting:
        found.cells.pop(dt.date.fromisoformat(day), None)
    found.rows["conflicting"] = len(found.conflicting)
    return found


def _find_rate_columns(header: Sequence[str], path: Path) -> tuple[int, Mapping[int, str]]:
    """Where the day stands, and which currency each other named column holds."""
    names = [name.casefold() for name in header]
    if DATE_COLUMN not in names:
        raise Problem(Code.FILE_COLUMNS_MISSING, file=path.name, columns=["Date"])
    place = names.index(DATE_COLUMN)
    currencies = {n: name.upper() for n, name in enumerate(header) if name and n != place}
    for name, times in Counter(currencies.values()).items():
        if not is_currency(name):
            raise Problem(Code.CURRENCY_UNKNOWN, currency=name[:40])
        if times > 1:
            raise Problem(Code.FILE_COLUMN_TWICE, file=path.name, column=name)
    if EURO in currencies.values():
        raise Problem(Code.RATES_NOT_PER_EURO, value=1, currencies=[EURO])
    return place, currencies


def _add_day_cells(found: RateFile, day: dt.date, cells: Mapping[str, str]) -> None:
    texts = {code: text for code, text in cells.items() if text.casefold() not in GAP_MARKS}
    found.gaps += len(cells) - len(texts)
    before = found.cells.setdefault(day, texts)
    if before != texts and day.isoformat() not in found.conflicting:
        found.conflicting.append(day.isoformat())
