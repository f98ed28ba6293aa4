"""VAT and GST rates with their dates, from the tables that the product ships
(docs/data-sources.md)."""

import csv
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, pairwise
from operator import attrgetter

from marketplace import clock, territories
from marketplace.mirror import tariffs
from marketplace.mirror.countries import DATA_FOLDER
from marketplace.models import TaxCategory, TaxRate

VAT_HISTORY_FILE = DATA_FOLDER / "kdeldycke_vat_rates.csv"
CURRENT_VAT_FILE = DATA_FOLDER / "vat_today.csv"
COUNTRIES_FILE = DATA_FOLDER / "iso3166_countries.csv"

REVERSE_CHARGE: Mapping[str, str] = {
    "BE": "Code de la TVA art. 51 § 2, 1°, 5°",
    "ES": "Ley 37/1992 art. 84.Uno.2º",
    "FR": "CGI art. 283-1 al. 2",
    "IT": "DPR 633/1972 art. 17 c. 2",
    "NL": "Wet OB 1968 art. 12 lid 3",
}
"""States that let the business customer of any seller without an establishment account for VAT on
goods: their use of article 194 of directive 2006/112/EC. Others limit it (DE, PL, GB), so they are
left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TaxRateRow:
    """`place`: a country, or a place of territories.csv ("ES-CN")."""

    place: str
    valid_from: dt.date
    category: str
    rate: Decimal | None
    source: str
    assumed: tuple[str, ...] = ()


def load_tax_rates() -> int:
    """Adds every version that is not there yet; how many the tables hold."""
    at = clock.now()
    rows = sorted(
        [*_read_vat_history(), *_read_current_vat()], key=attrgetter("place", "valid_from")
    )
    known = {(rate.place, rate.valid_from) for rate in TaxRate.objects.all()}
    places = {place for place, _ in known}
    fresh: list[TaxRate] = []
    for place, of_place in groupby(rows, key=attrgetter("place")):
        versions = [_build_tax_rate(row, at) for row in of_place]
        if place in places:
            for version in versions:
                if (place, version.valid_from) not in known:
                    tariffs.begin(version)
        else:
            fresh += tariffs.chain_versions(versions)
    TaxRate.objects.bulk_create(fresh)
    return len(rows)


def _build_tax_rate(row: TaxRateRow, at: dt.datetime) -> TaxRate:
    country, _, territory = row.place.partition("-")
    return TaxRate(
        country=country,
        region=row.place if territory else "",
        valid_from=row.valid_from,
        category=row.category,
        rate=row.rate,
        reverse_charge=row.place in REVERSE_CHARGE,
        source=row.source,
        mirrored_at=at,
        assumed=list(row.assumed),
    )


def _read_vat_history() -> Iterator[TaxRateRow]:
    """The dated table: one row a start, and an end (rate null) where nothing follows within a
    day."""
    places = _iso_countries() | set(territories.SOURCES)
    spans: dict[str, list[tuple[dt.date, dt.date | None, Decimal]]] = {}
    with VAT_HISTORY_FILE.open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            span = (
                _parse_optional_day(record["start_date"]),
                _parse_optional_day(record["stop_date"]),
                Decimal(record["rate"]),
            )
            for place in places.intersection(record["territory_codes"].split()):
                spans.setdefault(place, []).append(span)
    for place, found in sorted(spans.items()):
        yield from _rows_of_place(place, sorted(found))


def _rows_of_place(
    place: str, spans: list[tuple[dt.date, dt.date | None, Decimal]]
) -> Iterator[TaxRateRow]:
    common = {"place": place, "source": territories.SOURCES.get(place, "kdeldycke/vat-rates")}
    for (start, stop, rate), following in pairwise([*spans, None]):
        category = TaxCategory.STANDARD if rate else TaxCategory.OUTSIDE_SCOPE
        yield TaxRateRow(valid_from=start, rate=rate, category=category, **common)
        if stop and (following is None or (following[0] - stop).days > 1):
            yield TaxRateRow(valid_from=stop, rate=None, category=category, **common)


def _read_current_vat() -> Iterator[TaxRateRow]:
    """What the dated table lacks or has outdated, each row with its own source."""
    with CURRENT_VAT_FILE.open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            yield TaxRateRow(
                place=record["country"],
                valid_from=dt.date.fromisoformat(record["valid_from"]),
                category=record["category"],
                rate=Decimal(record["rate"]),
                source=record["source"],
                assumed=tuple(record["assumed"].split()),
            )


def _iso_countries() -> set[str]:
    """GR and GB are ISO codes, EL and UK are not."""
    return set(
        re.findall(r"^([A-Z]{2}),", COUNTRIES_FILE.read_text(encoding="utf-8"), re.MULTILINE)
    )


def _parse_optional_day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
