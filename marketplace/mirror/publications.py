"""Publications of exchange rates, taken in currency by currency: each day a row that never
changes, or a newer version."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.mirror import corrections, held_observations
from marketplace.mirror.bulk_copy import ROWS_PER_COPY, copy_rows
from marketplace.mirror.currencies import EXPECTED_RATE_RANGES
from marketplace.mirror.observations import (
    COMPARABLE_AGE,
    ObservationBounds,
    ObservationCourse,
    ObservationOutcome,
    parse_observation,
)
from marketplace.models import FxRate, FxRateSet, Quarantined, QuarantineVerdict
from outbox.task_queue import enqueue_task

RATE_PLACES = 8
DAY = dt.timedelta(days=1)
RateCells = Mapping[dt.date, Mapping[str, str]]
"""What was read: texts by day and currency."""


@dataclass(kw_only=True)
class PublicationOutcome:
    """What became of each cell (imported, quarantined, same, changed, corrected) and of each
    day."""

    cells: Counter[str] = field(default_factory=Counter)
    new_days: int = 0
    completed_days: int = 0  # known before, a cell of theirs was not
    same_days: int = 0
    # corrected, or told only
    changes: list[corrections.ObservationChange] = field(default_factory=list)


@dataclass(kw_only=True)
class PublishedRates:
    """What is there of a source: the newest version of each day."""

    sets: dict[dt.date, FxRateSet]
    tables: dict[dt.date, dict[str, Decimal]]
    first: dict[str, dict[dt.date, Decimal]] = field(
        default_factory=dict
    )  # by currency: as first published

    def course_of(self, currency: str) -> dict[dt.date, Decimal]:
        return {day: table[currency] for day, table in self.tables.items() if currency in table}


@dataclass(kw_only=True)
class _ComparedCells:
    """The cells of a file, parted by what is there."""

    news: dict[str, dict[dt.date, str]]  # by currency: unknown, or to be corrected
    changes: list[corrections.ObservationChange]
    same: int


def ingest_rates(
    source: str, cells: RateCells, *, update: bool, by: str, now: dt.datetime, why: str = ""
) -> PublicationOutcome:
    """Takes what is new of the days that were read; a changed cell of a known day only with
    `update`.

    RATES_NOT_PER_EURO where most of it is nothing like units for one euro; nothing is written then.
    """
    held_observations.lock_observations()
    shelf = _load_published_rates(
        source, cells, {currency for texts in cells.values() for currency in texts}
    )
    read = _compare_cells(shelf, cells, update)
    since = min(cells, default=now.date()) - COMPARABLE_AGE
    rows = held_observations.quarantined_by_name(
        kind="rate", source=source, names=read.news, since=since
    )
    news = {
        currency: held_observations.texts_not_yet_held(rows[currency], texts)
        for currency, texts in read.news.items()
    }
    bounds = held_observations.bounds_in_force(now, places=RATE_PLACES)
    found = {
        c: _evaluate_currency(shelf, c, rows[c], texts, bounds)
        for c, texts in news.items()
        if texts
    }
    _require_per_euro(found, agreeing=read.same)
    taken = PublicationOutcome(changes=read.changes)
    _count_cells(taken, shelf, cells, found, read)
    made = _write_publications(
        shelf, source, found, rows, news, now=now, days=[d for d in cells if d not in shelf.sets]
    )
    corrected = [
        c for c in read.changes if update and c.name in found and c.day in found[c.name].acting
    ]
    taken.changes = corrected if update else read.changes
    taken.cells["corrected"] = len(corrected)
    corrections.record_and_alert("rate", source, corrected, by=by, now=now, why=why)
    if made:
        enqueue_task("repurchase.judge_triggers")
    return taken


def release_rate(row: Quarantined, *, now: dt.datetime) -> int:
    """Lets a held rate act by a person's word, and what waits after it as it then may; the id of
    the rate's set."""
    held_observations.lock_observations()
    shelf = _load_published_rates(row.source, {row.day: {row.name: row.text}}, {row.name})
    value = parse_observation(row.text, RATE_PLACES)
    made = _publish_versions(shelf, row.source, {row.day: {row.name: value}}, now)
    shelf.sets |= made
    shelf.tables.setdefault(row.day, {})[row.name] = value
    rows = held_observations.quarantined_by_name(
        kind="rate", source=row.source, names=[row.name], since=row.day + DAY
    )[row.name]
    found = _evaluate_currency(
        shelf, row.name, rows, {}, held_observations.bounds_in_force(now, places=RATE_PLACES)
    )
    _write_publications(
        shelf, row.source, {row.name: found}, {row.name: rows}, {row.name: {}}, now=now
    )
    return made[row.day].pk


def _load_published_rates(
    source: str, cells: RateCells, currencies: Collection[str]
) -> PublishedRates:
    """Of all days that the judging of these cells can rest on, or change."""
    sets: dict[dt.date, FxRateSet] = {}
    if not cells:
        return PublishedRates(sets=sets, tables={})
    waiting = Quarantined.objects.filter(
        kind="rate",
        source=source,
        name__in=currencies,
        verdict="",
        day__gte=min(cells) - COMPARABLE_AGE,
    )
    days = {*cells, *waiting.values_list("day", flat=True)}
    since, until = min(days) - COMPARABLE_AGE, max(days)
    mine = FxRateSet.objects.filter(source=source, store=None, published_on__range=(since, until))
    rows = list(mine.order_by("pk"))
    for row in rows:
        sets[row.published_on] = row
    days_of = {row.pk: row.published_on for row in rows}
    tables: dict[dt.date, dict[str, Decimal]] = defaultdict(dict)
    first: dict[str, dict[dt.date, Decimal]] = defaultdict(dict)
    rates = FxRate.objects.filter(rate_set__in=mine).order_by("rate_set_id")
    for pk, currency, per_euro in rates.values_list("rate_set_id", "currency", "per_euro").iterator(
        chunk_size=20_000
    ):
        tables[days_of[pk]][currency] = per_euro
        first[currency].setdefault(days_of[pk], per_euro)
    return PublishedRates(sets=sets, tables=tables, first=first)


def _compare_cells(shelf: PublishedRates, cells: RateCells, update: bool) -> _ComparedCells:
    read = _ComparedCells(news=defaultdict(dict), changes=[], same=0)
    for day, texts in cells.items():
        table = shelf.tables.get(day, {})
        for currency, text in texts.items():
            there = table.get(currency)
            if there is not None and parse_observation(text, RATE_PLACES) == there:
                read.same += 1
                continue
            if there is not None:
                read.changes.append(
                    corrections.ObservationChange(name=currency, day=day, old=there, text=text)
                )
            if there is None or update:
                read.news[currency][day] = text
    return read


def _evaluate_currency(
    shelf: PublishedRates,
    currency: str,
    rows: Sequence[Quarantined],
    news: Mapping[dt.date, str],
    bounds: ObservationBounds,
) -> ObservationOutcome:
    course = ObservationCourse(
        bounds=bounds, expected=EXPECTED_RATE_RANGES.get(currency), units=True
    )
    first = shelf.first.get(currency, {})
    return held_observations.evaluate_with_held(
        rows, shelf.course_of(currency), news, course, first=first
    )


def _require_per_euro(found: Mapping[str, ObservationOutcome], *, agreeing: int) -> None:
    strange = sum(each.strange for each in found.values())
    if strange and strange >= agreeing + sum(each.sound for each in found.values()):
        names = sorted(currency for currency, each in found.items() if each.strange)
        raise Problem(Code.RATES_NOT_PER_EURO, value=strange, currencies=names[:8])


def _count_cells(
    taken: PublicationOutcome,
    shelf: PublishedRates,
    cells: RateCells,
    found: Mapping[str, ObservationOutcome],
    read: _ComparedCells,
) -> None:
    changed = {(change.name, change.day) for change in read.changes}
    acting = {(currency, day) for currency, each in found.items() for day in each.acting}
    fresh = {day for (currency, day) in acting - changed if currency in cells.get(day, ())}
    taken.new_days = sum(day not in shelf.sets for day in cells)
    taken.completed_days = sum(day in shelf.sets for day in fresh)
    touched = fresh | {change.day for change in read.changes}
    taken.same_days = sum(day in shelf.sets and day not in touched for day in cells)
    taken.cells.update(
        imported=sum(currency in cells.get(day, ()) for currency, day in acting - changed),
        quarantined=sum(len(each.held) for each in found.values()),
        same=read.same,
        changed=len(read.changes),
    )


def _write_publications(
    shelf: PublishedRates,
    source: str,
    found: Mapping[str, ObservationOutcome],
    rows: Mapping[str, Sequence[Quarantined]],
    news: Mapping[str, Collection[dt.date]],
    *,
    now: dt.datetime,
    days: Collection[dt.date] = (),
) -> bool:
    """The versions that follow, and what became of what waited; whether anything acts now that did
    not."""
    acting: dict[dt.date, dict[str, Decimal]] = defaultdict(dict)
    for currency, each in found.items():
        for day, value in each.acting.items():
            acting[day][currency] = value
    made = _publish_versions(shelf, source, {**{day: {} for day in days}, **acting}, now)
    sets = {**shelf.sets, **made}
    fresh, ended = [], []
    for currency, each in found.items():
        ended += held_observations.resolve_waiting(rows[currency], each, news[currency], now=now)
        common = {"kind": "rate", "source": source, "name": currency}
        for row in held_observations.build_quarantined_rows(each, now=now, **common):
            row.rate_set = sets[row.day]
            fresh.append(row)
    held_observations.save_quarantined(fresh)
    _record_new_bases(source, found, ended, now)
    return bool(acting)


def _publish_versions(
    shelf: PublishedRates,
    source: str,
    acting: Mapping[dt.date, Mapping[str, Decimal]],
    now: dt.datetime,
) -> dict[dt.date, FxRateSet]:
    """A version of each day with all of its rates: those that are there, and those that act from
    now on."""
    versions = {
        day: shelf.sets[day].version + 1 if day in shelf.sets else 1 for day in sorted(acting)
    }
    made = FxRateSet.objects.bulk_create(
        FxRateSet(source=source, published_on=day, version=version, mirrored_at=now)
        for day, version in versions.items()
    )
    rates = [
        (row.pk, currency, per_euro)
        for row in made
        for currency, per_euro in {
            **shelf.tables.get(row.published_on, {}),
            **acting[row.published_on],
        }.items()
    ]
    columns = ["rate_set_id", "currency", "per_euro"]
    if len(rates) < ROWS_PER_COPY:
        FxRate.objects.bulk_create(
            FxRate(**dict(zip(columns, rate, strict=True))) for rate in rates
        )
    else:
        copy_rows(FxRate._meta.db_table, columns, rates)
    return {row.published_on: row for row in made}


def _record_new_bases(
    source: str,
    found: Mapping[str, ObservationOutcome],
    ended: Sequence[tuple[str, Quarantined]],
    now: dt.datetime,
) -> None:
    """New bases, and what was let act because of them, are decisions too."""
    bases = [
        [currency, day.isoformat(), str(each.acting[day])]
        for currency, each in sorted(found.items())
        for day in each.bases
    ]
    released = [row.pk for verdict, row in ended if verdict == QuarantineVerdict.RELEASED]
    if bases or released:
        ledger.record(
            store_id=held_observations.PLATFORM_STORE_ID,
            kind="observation.base",
            subject=f"rates:{source}",
            by=held_observations.OBSERVATIONS_ACTOR,
            at=now,
            bases=bases,
            released=released,
        )
