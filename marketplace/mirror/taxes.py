"""VAT and GST rates with their dates, from the tables that the product ships (docs/data-sources.md)."""

import csv
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from marketplace import clock
from marketplace.mirror.countries import DATA
from marketplace.models import TaxCategory, TaxRate

HISTORY = DATA / "kdeldycke_vat_rates.csv"
TODAY = DATA / "vat_today.csv"
COUNTRIES = DATA / "iso3166_countries.csv"

REVERSE_CHARGE: Mapping[str, str] = {
    "BE": "Code de la TVA art. 51 § 2, 1°, 5°",
    "ES": "Ley 37/1992 art. 84.Uno.2º",
    "FR": "CGI art. 283-1 al. 2",
    "IT": "DPR 633/1972 art. 17 c. 2",
    "NL": "Wet OB 1968 art. 12 lid 3",
}
"""States that let the business customer of any seller without an establishment account for VAT on goods:
their use of article 194 of directive 2006/112/EC. Others limit it (DE, PL, GB), so they are left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    country: str
    valid_from: dt.date
    category: str
    rate: Decimal | None
    source: str
    assumed: tuple[str, ...] = ()


def load_tax_rates() -> int:
    """Adds every row that is not there yet; how many rows the tables hold."""
    at = clock.now()
    rows = [*_history(), *_today()]
    TaxRate.objects.bulk_create(
        [
            TaxRate(
                country=row.country,
                valid_from=row.valid_from,
                category=row.category,
                rate=row.rate,
                reverse_charge=row.country in REVERSE_CHARGE,
                source=row.source,
                mirrored_at=at,
                assumed=list(row.assumed),
            )
            for row in rows
        ],
        ignore_conflicts=True,
    )
    return len(rows)


def _history() -> Iterator[Row]:
    """The dated table: one row a start, and an end (rate null) where nothing follows within a day."""
    spans: dict[str, list[tuple[dt.date, dt.date | None, Decimal]]] = {}
    with HISTORY.open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            span = (_day(record["start_date"]), _day(record["stop_date"]), Decimal(record["rate"]))
            for code in _iso_countries().intersection(record["territory_codes"].split()):
                spans.setdefault(code, []).append(span)
    for country, found in sorted(spans.items()):
        yield from _rows(country, sorted(found))


def _rows(country: str, spans: list[tuple[dt.date, dt.date | None, Decimal]]) -> Iterator[Row]:
    common = {"country": country, "source": "kdeldycke/vat-rates"}
    for (start, stop, rate), following in pairwise([*spans, None]):
        category = TaxCategory.STANDARD if rate else TaxCategory.OUTSIDE_SCOPE
        yield Row(valid_from=start, rate=rate, category=category, **common)
        if stop and (following is None or (following[0] - stop).days > 1):
            yield Row(valid_from=stop, rate=None, category=category, **common)


def _today() -> Iterator[Row]:
    """What the dated table lacks or has outdated, each row with its own source."""
    with TODAY.open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            yield Row(
                country=record["country"],
                valid_from=dt.date.fromisoformat(record["valid_from"]),
                category=record["category"],
                rate=Decimal(record["rate"]),
                source=record["source"],
                assumed=tuple(record["assumed"].split()),
            )


def _iso_countries() -> set[str]:
    """GR and GB are ISO codes, EL and UK are not."""
    return set(re.findall(r"^([A-Z]{2}),", COUNTRIES.read_text(encoding="utf-8"), re.MULTILINE))


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
