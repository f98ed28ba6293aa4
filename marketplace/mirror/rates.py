"""Reference rates of the European Central Bank: units for one euro, one row a day, newest first."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror import publications, rate_files
from marketplace.mirror.corrections import ObservationChange
from marketplace.mirror.rate_files import FileStyles

RATE_SOURCES = ("ecb",)
IMPORT_ACTOR = "system:import"
DAY = dt.timedelta(days=1)


@dataclass(kw_only=True)
class RateImportReport:
    """What became of each day, and of each rate of the days that were read."""

    new_days: int = 0
    completed_days: int = 0  # known before, but for cells that were missing
    days_already_there: int = 0
    days_refused: int = (
        0  # no date, a future one, cells that fit no name, or a day twice unlike itself
    )
    refused: Counter[str] = field(default_factory=Counter)  # days_refused by reason
    conflicting: list[str] = field(default_factory=list)
    dates: str = ""  # how dates were read
    changes: list[ObservationChange] = field(default_factory=list)
    cells: Counter[str] = field(
        default_factory=Counter
    )  # imported, gap, quarantined, changed, corrected


def import_rates(
    *,
    path: Path,
    source: str,
    since: dt.date | None = None,
    update: bool = False,
    styles: FileStyles | None = None,
) -> RateImportReport:
    """Mirrors each day, and each cell of a known day, that is not there yet.

    A rate that differs from the one that is there is told, and taken as a correction only with
    `update`. FILE_FORMAT_UNKNOWN, FILE_NOTHING_TAKEN and the codes of `rate_files.read` and
    `publications.ingest_rates`; nothing is written then.
    """
    if source not in RATE_SOURCES:
        raise Problem(Code.FILE_FORMAT_UNKNOWN, value=source, limit=RATE_SOURCES)
    now = clock.now()
    file = rate_files.read(path, styles=styles or FileStyles(), until=now.date() + DAY, since=since)
    refused = +file.rows
    if refused and not file.cells:
        raise Problem(Code.FILE_NOTHING_TAKEN, file=path.name, value=sum(refused.values()))
    with transaction.atomic():
        taken = publications.ingest_rates(
            source, file.cells, update=update, by=IMPORT_ACTOR, now=now
        )
    return RateImportReport(
        new_days=taken.new_days,
        completed_days=taken.completed_days,
        days_already_there=taken.same_days,
        days_refused=sum(refused.values()),
        refused=refused,
        conflicting=file.conflicting,
        dates=file.dates,
        changes=taken.changes,
        cells=+(taken.cells + Counter(gap=file.gaps)),
    )
