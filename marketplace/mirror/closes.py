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
from marketplace.mirror.corrections import ObservationChange
from marketplace.mirror.observations import ObservationCourse, ObservationOutcome, parse_observation
from marketplace.mirror.rate_files import GAP_MARKS, FileStyles
from marketplace.models import SIMULATED, IndexClose, Quarantined
from outbox.task_queue import enqueue_task

IMPORT_ACTOR = "system:import"
CLOSE_PLACES = 4
CLOSE_COLUMN_NAMES = ("close", "price", "last", "close/last", "settle")
"""What publishers call the column, lower case. "Adj Close" is something else."""
SERIES_PATTERN = re.compile(r"[A-Z][A-Z0-9]{0,11}\Z")
SOURCE_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,58}\Z")
DAY = dt.timedelta(days=1)


@dataclass(kw_only=True)
class CloseImportReport:
    """What became of each row: imported, already_there, quarantined, changed (told only),
    corrected, gap, conflicting, refused (no date, a future one, or cells that fit no name)."""

    rows: Counter[str] = field(default_factory=Counter)
    dates: str = ""  # how dates were read
    column: str = ""  # which one was read
    changes: list[ObservationChange] = field(default_factory=list)
    conflicting: list[str] = field(default_factory=list)  # days with two closes: none is taken


@dataclass(kw_only=True)
class _ClosesFile:
    texts: dict[dt.date, str]
    report: CloseImportReport


def import_closes(
    *,
    path: Path,
    series: str,
    source: str = "file",
    update: bool = False,
    styles: FileStyles | None = None,
) -> CloseImportReport:
    """Mirrors each day that is not there yet from that source; another close of a known day only
    with `update`.

    INPUT_INVALID for a series or source that can't be one, FILE_COLUMNS_MISSING, FILE_COLUMN_TWICE,
    FILE_DATES_AMBIGUOUS, FILE_NUMBERS_AMBIGUOUS, FILE_NOTHING_TAKEN and the codes of `files.table`.
    """
    if not SERIES_PATTERN.match(series) or not SOURCE_PATTERN.match(source) or source == SIMULATED:
        raise Problem(Code.INPUT_INVALID, detail=f"{series} {source}")
    now = clock.now()
    file = _read_closes_file(path, styles or FileStyles(), until=now.date() + DAY)
    refused = file.report.rows["refused"] + file.report.rows["conflicting"]
    if refused and not file.texts:
        raise Problem(Code.FILE_NOTHING_TAKEN, file=path.name, value=refused)
    with transaction.atomic():
        ingest_closes(
            series, source, file.texts, report=file.report, update=update, by=IMPORT_ACTOR, now=now
        )
    return file.report


def ingest_closes(
    series: str,
    source: str,
    texts: Mapping[dt.date, str],
    *,
    report: CloseImportReport,
    update: bool,
    by: str,
    now: dt.datetime,
    why: str = "",
) -> None:
    """Takes what is new of the days that were read, and counts it in the report."""
    held_observations.lock_observations()
    there, first = _load_known_closes(series, source)
    good = {day: row.value for day, row in there.items()}
    news, changes = {}, []
    for day, text in texts.items():
        if day in good and parse_observation(text, CLOSE_PLACES) == good[day]:
            report.rows["already_there"] += 1
            continue
        if day in good:
            changes.append(ObservationChange(name=series, day=day, old=good[day], text=text))
        if day not in good or update:
            news[day] = text
    rows = held_observations.quarantined_by_name(
        kind="close", source=source, names=[series], since=dt.date.min
    )[series]
    fresh = held_observations.texts_not_yet_held(rows, news)
    report.rows["already_there"] += len(news) - len(fresh)
    found = held_observations.evaluate_with_held(
        rows,
        good,
        fresh,
        ObservationCourse(bounds=held_observations.bounds_in_force(now, places=CLOSE_PLACES)),
        first=first,
    )
    _write_acting_closes(series, source, there, found, now)
    held_observations.resolve_waiting(rows, found, fresh, now=now)
    corrected = [change for change in changes if update and change.day in found.acting]
    _count_outcomes(report, found, fresh, changes, corrected, update=update)
    _quarantine_closes(series, source, found, now)
    corrections.record_and_alert("close", source, corrected, by=by, now=now, why=why)


def release_close(row: Quarantined, *, now: dt.datetime) -> int:
    """Lets a held close act by a person's word, and what waits after it as it then may; the id of
    its row."""
    held_observations.lock_observations()
    there, first = _load_known_closes(row.name, row.source)
    made = _insert_closes(
        row.name, row.source, there, {row.day: parse_observation(row.text, CLOSE_PLACES)}, now
    )
    rows = held_observations.quarantined_by_name(
        kind="close", source=row.source, names=[row.name], since=row.day + DAY
    )[row.name]
    good = {day: each.value for day, each in {**there, row.day: made[0]}.items()}
    found = held_observations.evaluate_with_held(
        rows,
        good,
        {},
        ObservationCourse(bounds=held_observations.bounds_in_force(now, places=CLOSE_PLACES)),
        first=first,
    )
    _write_acting_closes(row.name, row.source, there, found, now)
    held_observations.resolve_waiting(rows, found, (), now=now)
    return made[0].pk


def _load_known_closes(
    series: str, source: str
) -> tuple[dict[dt.date, IndexClose], dict[dt.date, Decimal]]:
    """The newest version of each day, and what its first one said."""
    mine = list(IndexClose.objects.filter(series=series, source=source).order_by("pk"))
    first = {row.closed_on: row.value for row in reversed(mine)}
    return {row.closed_on: row for row in mine}, first


def _write_acting_closes(
    series: str,
    source: str,
    there: Mapping[dt.date, IndexClose],
    found: ObservationOutcome,
    now: dt.datetime,
) -> None:
    if not found.acting:
        return
    _insert_closes(series, source, there, found.acting, now)
    if found.bases:
        ledger.record(
            store_id=held_observations.PLATFORM_STORE_ID,
            kind="observation.base",
            subject=f"close:{source}",
            by=held_observations.OBSERVATIONS_ACTOR,
            at=now,
            bases=[[series, day.isoformat(), str(found.acting[day])] for day in found.bases],
            released=[],
        )
    enqueue_task("repurchase.judge_triggers")


def _insert_closes(
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


def _quarantine_closes(
    series: str, source: str, found: ObservationOutcome, now: dt.datetime
) -> None:
    held_observations.save_quarantined(
        list(
            held_observations.build_quarantined_rows(
                found, now=now, kind="close", source=source, name=series
            )
        )
    )


def _count_outcomes(
    report: CloseImportReport,
    found: ObservationOutcome,
    fresh: Mapping[dt.date, str],
    changes: Sequence[ObservationChange],
    corrected: Sequence[ObservationChange],
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


def _read_closes_file(path: Path, styles: FileStyles, *, until: dt.date) -> _ClosesFile:
    header, *rows = files.table(path)
    day_at, close_at = _find_close_columns(header, path)
    fitting = [cells for row in rows if (cells := files.fit_to_header(row, header))]
    read_days = days.read([cells[day_at] for cells in fitting], told=styles.dates)
    plainly = numbers.normalizer_for((cells[close_at] for cells in fitting), told=styles.numbers)
    report = CloseImportReport(dates=read_days.order, column=header[close_at])
    report.rows["refused"] = len(rows) - len(fitting)
    found = _ClosesFile(texts={}, report=report)
    for day, cells in zip(read_days.days, fitting, strict=True):
        if day is None or day > until:
            report.rows["refused"] += 1
        elif cells[close_at].casefold() in GAP_MARKS:
            report.rows["gap"] += 1
        else:
            _add_close_text(found, day, plainly(cells[close_at]))
    for day in report.conflicting:
        del found.texts[dt.date.fromisoformat(day)]
    report.rows["conflicting"] = len(report.conflicting)
    return found


def _add_close_text(file: _ClosesFile, day: dt.date, text: str) -> None:
    before = file.texts.setdefault(day, text)
    same = before == text or (parse_observation(text, CLOSE_PLACES) or text) == (
        parse_observation(before, CLOSE_PLACES) or before
    )
    if not same and day.isoformat() not in file.report.conflicting:
        file.report.conflicting.append(day.isoformat())


def _find_close_columns(header: Sequence[str], path: Path) -> tuple[int, int]:
    """Where the day and the close stand, whatever the case of their names."""
    names = [name.casefold() for name in header]
    closes = [n for n, name in enumerate(names) if name in CLOSE_COLUMN_NAMES]
    missing = [*(["Date"] if "date" not in names else []), *(["Close"] if not closes else [])]
    if missing:
        raise Problem(Code.FILE_COLUMNS_MISSING, file=path.name, columns=missing)
    if len(closes) > 1 or names.count("date") > 1:
        twice = [header[n] for n in closes] if len(closes) > 1 else ["Date"]
        raise Problem(Code.FILE_COLUMN_TWICE, file=path.name, column=" / ".join(twice))
    return names.index("date"), closes[0]
