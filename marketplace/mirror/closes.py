"""Closes of a commodity index, a row a day, as publishers write them (R-51)."""

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror import corrections, days, files, held_observations, numbers
from marketplace.mirror.corrections import Change
from marketplace.mirror.observations import Course, Settled, number_of
from marketplace.mirror.rate_files import GAPS, Styles
from marketplace.models import SIMULATED, IndexClose, Quarantined
from outbox.task_queue import ring

BY = "system:import"
PLACES = 4
CLOSES = ("close", "price", "last", "close/last", "settle")
"""What publishers call the column, lower case. "Adj Close" is something else."""
SERIES = re.compile(r"[A-Z][A-Z0-9]{0,11}\Z")
SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,58}\Z")
DAY = dt.timedelta(days=1)


@dataclass(kw_only=True)
class Report:
    """What became of each row: imported, already_there, quarantined, changed (told only),
    corrected, gap, conflicting, refused (no date, a future one, or cells that fit no name)."""

    rows: Counter[str] = field(default_factory=Counter)
    dates: str = ""  # how dates were read
    column: str = ""  # which one was read
    changes: list[Change] = field(default_factory=list)
    conflicting: list[str] = field(default_factory=list)  # days with two closes: none is taken


@dataclass(kw_only=True)
class _File:
    texts: dict[dt.date, str]
    report: Report


def import_closes(
    *,
    path: Path,
    series: str,
    source: str = "file",
    update: bool = False,
    styles: Styles | None = None,
) -> Report:
    """Mirrors each day that is not there yet from that source; another close of a known day only
    with `update`.

    INPUT_INVALID for a series or source that can't be one, FILE_COLUMNS_MISSING, FILE_COLUMN_TWICE,
    FILE_DATES_AMBIGUOUS, FILE_NUMBERS_AMBIGUOUS, FILE_NOTHING_TAKEN and the codes of `files.table`.
    """
    if not SERIES.match(series) or not SOURCE.match(source) or source == SIMULATED:
        raise Problem(Code.INPUT_INVALID, detail=f"{series} {source}")
    now = clock.now()
    file = _read(path, styles or Styles(), until=now.date() + DAY)
    refused = file.report.rows["refused"] + file.report.rows["conflicting"]
    if refused and not file.texts:
        raise Problem(Code.FILE_NOTHING_TAKEN, file=path.name, value=refused)
    with transaction.atomic():
        take(series, source, file.texts, report=file.report, update=update, by=BY, now=now)
    return file.report


def take(
    series: str,
    source: str,
    texts: Mapping[dt.date, str],
    *,
    report: Report,
    update: bool,
    by: str,
    now: dt.datetime,
    why: str = "",
) -> None:
    """Takes what is new of the days that were read, and counts it in the report."""
    held_observations.take_turns()
    there, first = _there(series, source)
    good = {day: row.value for day, row in there.items()}
    news, changes = {}, []
    for day, text in texts.items():
        if day in good and number_of(text, PLACES) == good[day]:
            report.rows["already_there"] += 1
            continue
        if day in good:
            changes.append(Change(name=series, day=day, old=good[day], text=text))
        if day not in good or update:
            news[day] = text
    rows = held_observations.rows_of(
        kind="close", source=source, names=[series], since=dt.date.min
    )[series]
    fresh = held_observations.unseen(rows, news)
    report.rows["already_there"] += len(news) - len(fresh)
    found = held_observations.settled(
        rows, good, fresh, Course(bounds=held_observations.bounds(now, places=PLACES)), first=first
    )
    _write(series, source, there, found, now)
    held_observations.conclude(rows, found, fresh, now=now)
    corrected = [change for change in changes if update and change.day in found.acting]
    _count(report, found, fresh, changes, corrected, update=update)
    _keep(series, source, found, now)
    corrections.tell("close", source, corrected, by=by, now=now, why=why)


def admit(row: Quarantined, *, now: dt.datetime) -> int:
    """Lets a held close act by a person's word, and what waits after it as it then may; the id of
    its row."""
    held_observations.take_turns()
    there, first = _there(row.name, row.source)
    made = _add(row.name, row.source, there, {row.day: number_of(row.text, PLACES)}, now)
    rows = held_observations.rows_of(
        kind="close", source=row.source, names=[row.name], since=row.day + DAY
    )[row.name]
    good = {day: each.value for day, each in {**there, row.day: made[0]}.items()}
    found = held_observations.settled(
        rows, good, {}, Course(bounds=held_observations.bounds(now, places=PLACES)), first=first
    )
    _write(row.name, row.source, there, found, now)
    held_observations.conclude(rows, found, (), now=now)
    return made[0].pk


def _there(series: str, source: str) -> tuple[dict[dt.date, IndexClose], dict[dt.date, Decimal]]:
    """The newest version of each day, and what its first one said."""
    mine = list(IndexClose.objects.filter(series=series, source=source).order_by("pk"))
    first = {row.closed_on: row.value for row in reversed(mine)}
    return {row.closed_on: row for row in mine}, first


def _write(
    series: str, source: str, there: Mapping[dt.date, IndexClose], found: Settled, now: dt.datetime
) -> None:
    if not found.acting:
        return
    _add(series, source, there, found.acting, now)
    if found.bases:
        ledger.record(
            store_id=held_observations.PLATFORM,
            kind="observation.base",
            subject=f"close:{source}",
            by=held_observations.BY,
            at=now,
            bases=[[series, day.isoformat(), str(found.acting[day])] for day in found.bases],
            released=[],
        )
    ring("repurchase.judge_triggers")


def _add(
    series: str,
    source: str,
    there: Mapping[dt.date, IndexClose],
    values: Mapping[dt.date, Decimal],
    now: dt.datetime,
) -> list[IndexClose]:
    return IndexClose.objects.bulk_create(
        (
            IndexClose(
                series=series,
                source=source,
                closed_on=day,
                value=value,
                mirrored_at=now,
                version=there[day].version + 1 if day in there else 1,
            )
            for day, value in sorted(values.items())
        ),
        batch_size=2000,
    )


def _keep(series: str, source: str, found: Settled, now: dt.datetime) -> None:
    held_observations.keep(
        list(held_observations.held_rows(found, now=now, kind="close", source=source, name=series))
    )


def _count(
    report: Report,
    found: Settled,
    fresh: Mapping[dt.date, str],
    changes: Sequence[Change],
    corrected: Sequence[Change],
    *,
    update: bool,
) -> None:
    report.changes = list(corrected if update else changes)
    report.rows["imported"] = sum(day in fresh for day in found.acting) - len(corrected)
    report.rows["quarantined"] = len(found.held)
    report.rows["corrected"], report.rows["changed"] = len(corrected), 0 if update else len(changes)
    report.rows = Counter(
        {kind: n for kind, n in report.rows.items() if n or kind in ("imported", "quarantined")}
    )


def _read(path: Path, styles: Styles, *, until: dt.date) -> _File:
    header, *rows = files.table(path)
    day_at, close_at = _columns(header, path)
    fitting = [cells for row in rows if (cells := files.fitted(row, header))]
    read_days = days.read([cells[day_at] for cells in fitting], told=styles.dates)
    plainly = numbers.plain((cells[close_at] for cells in fitting), told=styles.numbers)
    report = Report(dates=read_days.order, column=header[close_at])
    report.rows["refused"] = len(rows) - len(fitting)
    found = _File(texts={}, report=report)
    for day, cells in zip(read_days.days, fitting, strict=True):
        if day is None or day > until:
            report.rows["refused"] += 1
        elif cells[close_at].casefold() in GAPS:
            report.rows["gap"] += 1
        else:
            _add_text(found, day, plainly(cells[close_at]))
    for day in report.conflicting:
        del found.texts[dt.date.fromisoformat(day)]
    report.rows["conflicting"] = len(report.conflicting)
    return found


def _add_text(file: _File, day: dt.date, text: str) -> None:
    before = file.texts.setdefault(day, text)
    same = before == text or (number_of(text, PLACES) or text) == (
        number_of(before, PLACES) or before
    )
    if not same and day.isoformat() not in file.report.conflicting:
        file.report.conflicting.append(day.isoformat())


def _columns(header: Sequence[str], path: Path) -> tuple[int, int]:
    """Where the day and the close stand, whatever the case of their names."""
    names = [name.casefold() for name in header]
    closes = [n for n, name in enumerate(names) if name in CLOSES]
    missing = [*(["Date"] if "date" not in names else []), *(["Close"] if not closes else [])]
    if missing:
        raise Problem(Code.FILE_COLUMNS_MISSING, file=path.name, columns=missing)
    if len(closes) > 1 or names.count("date") > 1:
        twice = [header[n] for n in closes] if len(closes) > 1 else ["Date"]
        raise Problem(Code.FILE_COLUMN_TWICE, file=path.name, column=" / ".join(twice))
    return names.index("date"), closes[0]
