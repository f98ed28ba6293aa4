"""Places whose VAT is not their country's: Northern Ireland, the Canary Islands, Monaco, Büsingen
… Pure.

The table with the law behind each row is shipped in marketplace/data/territories.csv.
"""

import csv
import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

EU_27 = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
"""The member states by ISO 3166-1. Greece is GR here, though its VAT numbers begin with EL."""
GB = "GB"
PREFIX = re.compile(r"^[A-Z]{1,3}(?=[0-9])")
BRITISH_PREFIX = re.compile(r"^(GB|UK)(?=[A-Z])")
"""British codes begin with letters of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where an order goes, as VAT sees it. `place`: whose rates apply; `jurisdiction`: stands in
    the tax code, and the buyer's number is one of it; `registration`: where the seller's number is
    one of."""

    country: str
    place: str
    jurisdiction: str
    registration: str
    remitted: (
        bool  # the platform remits its VAT: in the VAT area of the EU-27 and Great Britain
    )
    name: str = ""
    source: str = ""  # the law that sets it apart


@dataclass(frozen=True, slots=True)
class _TerritoryRow:
    postal: re.Pattern[str] | None
    names: frozenset[str]
    destination: Destination


def _load_territories() -> tuple[Mapping[str, list[_TerritoryRow]], Mapping[str, str]]:
    rows: dict[str, list[_TerritoryRow]] = defaultdict(list)
    sources: dict[str, str] = {}
    path = Path(__file__).parent / "data" / "territories.csv"
    with path.open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            postal, names = record.pop("postal"), record.pop("names")
            destination = Destination(**record | {"remitted": record["remitted"] == "1"})
            names = frozenset(name.casefold() for name in names.split("|") if name)
            rows[destination.country].append(
                _TerritoryRow(postal and re.compile(postal), names, destination)
            )
            if "-" in destination.place:
                sources[destination.place] = destination.source
    return rows, sources


_ROWS, SOURCES = _load_territories()
"""SOURCES: the law by place, for the places that have rates but are no country of ISO 3166-1."""


@lru_cache(maxsize=4096)
def find_destination(country: str, postal_code: str = "", region: str = "") -> Destination:
    """By the country, and there by postal code or by the name of the region."""
    postal_code, region = _bare_postal_code(country, postal_code), region.strip().casefold()
    for row in _ROWS.get(country, ()):
        whole = not row.postal and not row.names
        if whole or (row.postal and row.postal.fullmatch(postal_code)) or region in row.names:
            return row.destination
    return Destination(
        country=country,
        place=country,
        jurisdiction=country,
        registration=country,
        remitted=country in EU_27 or country == GB,
    )


def _bare_postal_code(country: str, postal_code: str) -> str:
    """Without spaces, hyphens and the country that some write before it: "D-78266", "MC98000",
    "GB-BT1 5GS"."""
    prefix = BRITISH_PREFIX if country == GB else PREFIX
    return prefix.sub("", re.sub(r"[\s-]", "", postal_code).upper())


def related_countries(countries: Collection[str]) -> set[str]:
    """The countries themselves, and those whose rates or registrations their territories borrow."""
    around = set(countries)
    for row in [row for country in countries for row in _ROWS.get(country, ())]:
        around |= {row.destination.place.partition("-")[0], row.destination.registration}
    return around
