"""Reference rates of the European Central Bank: units for one euro, one row a day, newest first."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror import files
from marketplace.mirror.copying import Copy
from marketplace.models import FxRate, FxRateSet

SOURCES = ("ecb",)
GAP = frozenset({"N/A", ""})
MAX_RATE = Decimal(10**10)


@dataclass(kw_only=True)
class Report:
    """`cells` counts what became of each rate of the days that are new."""

    new_days: int = 0
    days_already_there: int = 0
    days_refused: int = 0  # the first cell is no date
    cells: Counter[str] = field(default_factory=Counter)  # imported, gap, refused


@transaction.atomic
def import_rates(*, path: Path, source: str, since: dt.date | None = None) -> Report:
    """Mirrors each day that is not there yet. FILE_FORMAT_UNKNOWN and the codes of `files.rows`."""
    if source not in SOURCES:
        raise Problem(Code.FILE_FORMAT_UNKNOWN, value=source, limit=SOURCES)
    rows = files.wide_rows(path, first="Date")
    currencies = next(rows)[1:]
    report = Report()
    days = dict(_new_days(rows, source, since, report))
    sets = FxRateSet.objects.bulk_create(
        FxRateSet(source=source, published_on=day, mirrored_at=clock.now()) for day in sorted(days)
    )
    target = Copy(FxRate._meta.db_table, ["rate_set_id", "currency", "per_euro"])
    for rate_set in sets:
        for currency, rate in _rates(currencies, days[rate_set.published_on], report):
            target.add((rate_set.pk, currency, rate))
    target.flush()
    return report


def _new_days(
    rows: Iterator[Sequence[str]], source: str, since: dt.date | None, report: Report
) -> Iterator[tuple[dt.date, Sequence[str]]]:
    known = set(FxRateSet.objects.filter(source=source).values_list("published_on", flat=True))
    for first, *cells in rows:
        day = _day(first)
        if day is None:
            report.days_refused += 1
        elif day in known:
            report.days_already_there += 1
        elif since is None or day >= since:
            known.add(day)
            report.new_days += 1
            yield day, cells


def _rates(currencies: Sequence[str], cells: Sequence[str], report: Report) -> Iterator[tuple[str, Decimal]]:
    for currency, cell in zip(currencies, cells, strict=False):
        if not currency:  # the trailing comma
            continue
        if cell.strip() in GAP:
            report.cells["gap"] += 1
        elif rate := _rate(cell):
            report.cells["imported"] += 1
            yield currency, rate
        else:
            report.cells["refused"] += 1


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        return None


def _rate(text: str) -> Decimal | None:
    """A positive number, or None: zero, negative, NaN and infinite rates are never acted on (reliability 15)."""
    try:
        rate = Decimal(text.strip())
    except InvalidOperation:
        return None
    return rate if rate.is_finite() and 0 < rate < MAX_RATE else None
