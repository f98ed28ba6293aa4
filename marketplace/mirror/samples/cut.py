"""Cuts the shipped samples, and the ranges of the rates, out of the whole files: `python -m
marketplace.mirror.samples.cut ORDERS RATES`.

The samples hold every row of a few real customers, and enough of the others that each reason for a
refusal shows.
"""

import csv
import datetime as dt
import gzip
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import islice
from operator import itemgetter
from pathlib import Path

from marketplace.mirror import files
from marketplace.mirror.online_retail import CARRIAGE_CODES, COLUMNS

FOLDER = Path(__file__).parent
ORDERS = FOLDER / "online_retail_sample.csv.gz"
RATES = FOLDER / "eurofxref_sample.csv.gz"
MONTH = (
    FOLDER / "eurofxref_april_2025.csv.gz"
)  # rates that moved: the replay of locks runs through it
CRISES = (
    FOLDER / "eurofxref_crises.csv.gz"
)  # a currency broke away while the others went on: 2008 and 2021

CUSTOMERS = {
    "18102": "GB, 33 orders in the last 90 days, GBP 124,000",
    "17450": "GB, few lines and large quantities",
    "15311": "GB, orders every week, many refunds",
    "14646": "NL, the largest of all",
    "14156": "EIRE, becomes IE",
    "12415": "AU",
    "12471": "DE",
    "12731": "FR, where an EPR number is demanded",
    "12753": "JP",
    "12569": "DE, 32 small orders: BUYER_GMV_TOO_LOW",
    "12779": "PL, 8 orders: BUYER_GMV_TOO_LOW",
    "14932": "Channel Islands, becomes JE by assumption",
}
OTHER_ROWS: dict[str, tuple[int, Callable[[list[str]], bool]]] = {
    "bad debt": (3, lambda r: r[0].startswith("A")),
    "anonymous": (150, lambda r: not r[6] and not r[0].startswith("A") and int(r[3]) > 0),
    "anonymous, written off": (50, lambda r: not r[6] and int(r[3]) < 0),
    "no ISO country": (15, lambda r: bool(r[6]) and r[7] in ("Unspecified", "European Community")),
    "given away": (15, lambda r: bool(r[6]) and float(r[5]) == 0),
    "carriage": (10, lambda r: bool(r[6]) and r[1] in CARRIAGE_CODES and r[0].startswith("5")),
    "three decimals": (4, lambda r: len(r[5].partition(".")[2]) > 2),
}
RATES_SINCE = dt.date(2025, 7, 1)
MONTH_DAYS = (dt.date(2025, 3, 20), dt.date(2025, 5, 9))
CRISIS_DAYS = (
    (dt.date(2008, 9, 1), dt.date(2008, 12, 31)),
    (dt.date(2021, 11, 15), dt.date(2022, 1, 31)),
)
RANGES = (
    FOLDER.parent.parent / "data" / "euro_rate_ranges.csv"
)  # what each currency was worth since 1999


def order_rows(path: Path) -> Iterator[list[str]]:
    left = {name: limit for name, (limit, _) in OTHER_ROWS.items()}
    for row in map(list, files.rows(path, columns=COLUMNS)):
        fitting = [name for name, (_, fits) in OTHER_ROWS.items() if left[name] and fits(row)]
        for name in fitting[:1]:
            left[name] -= 1
        if fitting or row[6] in CUSTOMERS:
            yield row


def rate_rows(
    path: Path, first: dt.date = RATES_SINCE, last: dt.date = dt.date.max
) -> Iterator[list[str]]:
    header, *rows = files.table(path)
    yield header
    yield from (row for row in rows if first <= dt.date.fromisoformat(row[0]) <= last)


def crisis_rows(path: Path) -> Iterator[list[str]]:
    header, *rows = files.table(path)
    yield header
    for row in rows:
        if any(first <= dt.date.fromisoformat(row[0]) <= last for first, last in CRISIS_DAYS):
            yield row


def range_rows(path: Path) -> Iterator[list[str]]:
    """Of each currency the lowest, the highest and the last rate, and its day. The file's newest
    day comes first."""
    header, *rows = files.table(path)
    yield ["currency", "lowest", "highest", "latest", "latest_on"]
    for place, currency in sorted(enumerate(header[1:], start=1), key=itemgetter(1)):
        known = (
            [(row[place], row[0]) for row in rows if row[place] not in ("N/A", "")]
            if currency
            else []
        )
        if known:
            rates = sorted((rate for rate, _ in known), key=Decimal)
            yield [currency, rates[0], rates[-1], *known[0]]


def write_sample(target: Path, rows: Iterable[list[str]]) -> None:
    """Packed, where its name says so, without a time stamp, so that the same input gives the same
    bytes."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    content = text.getvalue().encode()
    target.write_bytes(gzip.compress(content, 9, mtime=0) if target.suffix == ".gz" else content)


def main() -> None:
    orders, rates = map(Path, islice(sys.argv, 1, 3))
    write_sample(ORDERS, [list(COLUMNS), *order_rows(orders)])
    write_sample(RATES, rate_rows(rates))
    write_sample(MONTH, rate_rows(rates, *MONTH_DAYS))
    write_sample(CRISES, crisis_rows(rates))
    write_sample(RANGES, range_rows(rates))


if __name__ == "__main__":
    main()
