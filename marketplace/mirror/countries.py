"""Country names as sellers write them, to ISO 3166-1. Pure; the table is shipped in
marketplace/data."""

import csv
from collections.abc import Mapping
from pathlib import Path

DATA_FOLDER = Path(__file__).parent.parent / "data"

with (DATA_FOLDER / "iso3166_countries.csv").open(encoding="utf-8") as _file:
    _BY_NAME = {
        written.casefold(): row["alpha2"]
        for row in csv.DictReader(_file)
        for written in (row["alpha2"], row["alpha3"], row["name"])
    }

ALIASES: Mapping[str, str] = {
    "czech republic": "CZ",
    "eire": "IE",
    "rsa": "ZA",
    "russia": "RU",
    "south korea": "KR",
    "taiwan": "TW",
    "turkey": "TR",
    "uk": "GB",
    "usa": "US",
    "vietnam": "VN",
}

ASSUMED_COUNTRIES: Mapping[str, str] = {"channel islands": "JE"}
"""Names of more than one country: the larger one is assumed, and marked so on the order and the
buyer."""


def iso_code_of(name: str) -> tuple[str, bool] | None:
    """(ISO code, whether it was assumed), or None: "Unspecified", "European Community"."""
    key = name.strip().casefold()
    if code := _BY_NAME.get(key) or ALIASES.get(key):
        return code, False
    return (ASSUMED_COUNTRIES[key], True) if key in ASSUMED_COUNTRIES else None
