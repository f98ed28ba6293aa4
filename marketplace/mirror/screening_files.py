"""Screening lists as they are published, read into one shape: a row with a name is always a party
(docs/importing.md).

Read are the product's own columns, the Consolidated Screening List's CSV, and OFAC's sdn.csv,
which has no header.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from marketplace.mirror import files
from marketplace.mirror.countries import iso_code_of

NAME_CHARS, REFERENCE_CHARS = 300, 120
OWN_COLUMNS = {
    "name": "name", "aliases": "aliases", "country": "country", "reference": "reference",
    "listed_from": "listed_from", "listed_until": "listed_until",
}  # fmt: skip
CONSOLIDATED_COLUMNS = {
    "name": "name", "aliases": "alt_names", "reference": "entity_number", "id": "_id", "listed_from": "start_date",
    "listed_until": "end_date",
}  # fmt: skip
SDN_COLUMNS = 12
SDN_EMPTY_MARK = "-0-"
"""How sdn.csv writes that there is nothing."""
ALSO_KNOWN_PATTERN = re.compile(r"[afn]\.k\.a\. '([^']+)'")


@dataclass(frozen=True, kw_only=True, slots=True)
class ScreeningEntry:
    """A row. `left_blank`: which of its fields could not be read, as they were written."""

    row_no: int  # from 1, the header left out
    fields: Sequence[str]  # as they were read
    name: str
    aliases: Sequence[str] = ()
    country: str = ""
    reference: str = ""
    listed_from: dt.date | None = None
    listed_until: dt.date | None = None
    left_blank: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScreeningListFile:
    columns: Sequence[str]
    entries: Iterable[ScreeningEntry]


def read(path: Path) -> ScreeningListFile:
    """Codes of `files.rows`: a file that is no list at all is refused as a whole."""
    rows = files.ragged_rows(path)
    first = next(rows, [])
    if len(first) == SDN_COLUMNS and first[0].strip().isdecimal():
        names = [f"column {n}" for n in range(1, SDN_COLUMNS + 1)]
        return ScreeningListFile(
            columns=names, entries=_iterate_entries([first], rows, _cells_of_sdn_row)
        )
    header = [name.strip().casefold() for name in first]
    columns = CONSOLIDATED_COLUMNS if {"name", "alt_names"} <= set(header) else OWN_COLUMNS
    files.require_columns(first, header, sorted(columns.values()), path)
    places = {name: header.index(column) for name, column in columns.items()}
    return ScreeningListFile(
        columns=first, entries=_iterate_entries([], rows, lambda row: _cells_by_name(row, places))
    )


def _iterate_entries(
    before: Iterable[list[str]],
    rows: Iterator[list[str]],
    cells_of: Callable[[Sequence[str]], dict[str, str]],
) -> Iterator[ScreeningEntry]:
    for row_no, row in enumerate((row for some in (before, rows) for row in some), start=1):
        if any(
            cell.strip(" \x1a") for cell in row
        ):  # sdn.csv ends with a line of one control character
            yield _parse_entry(row_no, row, cells_of(row))


def _cells_of_sdn_row(row: Sequence[str]) -> dict[str, str]:
    number, name, *_, remarks = [cell.strip().replace(SDN_EMPTY_MARK, "") for cell in row] + [
        ""
    ] * (3 - len(row))
    return {
        "reference": number,
        "name": name,
        "aliases": ";".join(ALSO_KNOWN_PATTERN.findall(remarks)),
    }


def _cells_by_name(row: Sequence[str], places: Mapping[str, int]) -> dict[str, str]:
    return {name: row[place].strip() for name, place in places.items() if place < len(row)}


def _parse_entry(row_no: int, row: Sequence[str], cells: Mapping[str, str]) -> ScreeningEntry:
    blank: dict[str, str] = {}
    name = " ".join(cells.get("name", "").split())
    aliases = [" ".join(alias.split()) for alias in cells.get("aliases", "").split(";")]
    country, days = cells.get("country", ""), {}
    code = parse_country_code(country)
    if country and not code:
        blank["country"] = country
    for field in ("listed_from", "listed_until"):
        text = cells.get(field, "")
        days[field] = parse_listed_day(text)
        if text and days[field] is None:
            blank[field] = text
    if max(map(len, (name, *aliases))) > NAME_CHARS:
        blank["name"] = name
    reference = cells.get("reference") or cells.get("id", "")
    return ScreeningEntry(
        row_no=row_no,
        fields=row,
        name=name[:NAME_CHARS],
        country=code,
        reference=reference[:REFERENCE_CHARS],
        aliases=list(dict.fromkeys(alias[:NAME_CHARS] for alias in aliases if alias)),
        left_blank=blank,
        **days,
    )


def parse_country_code(text: str) -> str:
    """ISO 3166-1 of a name or of a code of two or three letters in any case; "" for what is
    none."""
    found = iso_code_of(text)
    return found[0] if found and not found[1] else ""


def parse_listed_day(text: str) -> dt.date | None:
    """A day written year first. 01/02/2024 is one of two days, so it is none."""
    try:
        return dt.date.fromisoformat(text.strip()[:10].replace("/", "-")) if text.strip() else None
    except ValueError:
        return None
