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
from marketplace.mirror.bulk_copy import PER_COPY, copy
from marketplace.mirror.currencies import EXPECTED
from marketplace.mirror.observations import COMPARABLE, Bounds, Course, Settled, number_of
from marketplace.models import FxRate, FxRateSet, Quarantined, Verdict
from outbox.task_queue import ring

PLACES = 8
DAY = dt.timedelta(days=1)
Cells = Mapping[dt.date, Mapping[str, str]]
"""What was read: texts by day and currency."""


@dataclass(kw_only=True)
class Taken:
    """What became of each cell (imported, quarantined, same, changed, corrected) and of each
    day."""

    cells: Counter[str] = field(default_factory=Counter)
    new_days: int = 0
    completed_days: int = 0  # known before, a cell of theirs was not
    same_days: int = 0
    changes: list[corrections.Change] = field(default_factory=list)  # corrected, or told only


@dataclass(kw_only=True)
class Shelf:
    """What is there of a source: the newest version of each day."""

    sets: dict[dt.date, FxRateSet]
    tables: dict[dt.date, dict[str, Decimal]]
    first: dict[str, dict[dt.date, Decimal]] = field(
        default_factory=dict
    )  # by currency: as first published

    def course_of(self, currency: str) -> dict[dt.date, Decimal]:
        return {day: table[currency] for day, table in self.tables.items() if currency in table}


@dataclass(kw_only=True)
class _Read:
    """The cells of a file, parted by what is there."""

    news: dict[str, dict[dt.date, str]]  # by currency: unknown, or to be corrected
    changes: list[corrections.Change]
    same: int


def take(
    source: str, cells: Cells, *, update: bool, by: str, now: dt.datetime, why: str = ""
) -> Taken:
    """Takes what is new of the days that were read; a changed cell of a known day only with
    `update`.

    RATES_NOT_PER_EURO where most of it is nothing like units for one euro; nothing is written then.
    """
    held_observations.take_turns()
    shelf = _shelf(source, cells, {currency for texts in cells.values() for currency in texts})
    read = _parted(shelf, cells, update)
    since = min(cells, default=now.date()) - COMPARABLE
    rows = held_observations.rows_of(kind="rate", source=source, names=read.news, since=since)
    news = {
        currency: held_observations.unseen(rows[currency], texts)
        for currency, texts in read.news.items()
    }
    bounds = held_observations.bounds(now, places=PLACES)
    found = {c: _settled(shelf, c, rows[c], texts, bounds) for c, texts in news.items() if texts}
    _require_per_euro(found, agreeing=read.same)
    taken = Taken(changes=read.changes)
    _count(taken, shelf, cells, found, read)
    made = _write(
        shelf, source, found, rows, news, now=now, days=[d for d in cells if d not in shelf.sets]
    )
    corrected = [
        c for c in read.changes if update and c.name in found and c.day in found[c.name].acting
    ]
    taken.changes = corrected if update else read.changes
    taken.cells["corrected"] = len(corrected)
    corrections.tell("rate", source, corrected, by=by, now=now, why=why)
    if made:
        ring("repurchase.judge_triggers")
    return taken


def admit(row: Quarantined, *, now: dt.datetime) -> int:
    """Lets a held rate act by a person's word, and what waits after it as it then may; the id of
    the rate's set."""
    held_observations.take_turns()
    shelf = _shelf(row.source, {row.day: {row.name: row.text}}, {row.name})
    value = number_of(row.text, PLACES)
    made = _publish(shelf, row.source, {row.day: {row.name: value}}, now)
    shelf.sets |= made
    shelf.tables.setdefault(row.day, {})[row.name] = value
    rows = held_observations.rows_of(
        kind="rate", source=row.source, names=[row.name], since=row.day + DAY
    )[row.name]
    found = _settled(shelf, row.name, rows, {}, held_observations.bounds(now, places=PLACES))
    _write(shelf, row.source, {row.name: found}, {row.name: rows}, {row.name: {}}, now=now)
    return made[row.day].pk


def _shelf(source: str, cells: Cells, currencies: Collection[str]) -> Shelf:
    """Of all days that the judging of these cells can rest on, or change."""
    sets: dict[dt.date, FxRateSet] = {}
    if not cells:
        return Shelf(sets=sets, tables={})
    waiting = Quarantined.objects.filter(
        kind="rate",
        source=source,
        name__in=currencies,
        verdict="",
        day__gte=min(cells) - COMPARABLE,
    )
    days = {*cells, *waiting.values_list("day", flat=True)}
    since, until = min(days) - COMPARABLE, max(days)
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
    return Shelf(sets=sets, tables=tables, first=first)


def _parted(shelf: Shelf, cells: Cells, update: bool) -> _Read:
    read = _Read(news=defaultdict(dict), changes=[], same=0)
    for day, texts in cells.items():
        table = shelf.tables.get(day, {})
        for currency, text in texts.items():
            there = table.get(currency)
            if there is not None and number_of(text, PLACES) == there:
                read.same += 1
                continue
            if there is not None:
                read.changes.append(
                    corrections.Change(name=currency, day=day, old=there, text=text)
                )
            if there is None or update:
                read.news[currency][day] = text
    return read


def _settled(
    shelf: Shelf,
    currency: str,
    rows: Sequence[Quarantined],
    news: Mapping[dt.date, str],
    bounds: Bounds,
) -> Settled:
    course = Course(bounds=bounds, expected=EXPECTED.get(currency), units=True)
    first = shelf.first.get(currency, {})
    return held_observations.settled(rows, shelf.course_of(currency), news, course, first=first)


def _require_per_euro(found: Mapping[str, Settled], *, agreeing: int) -> None:
    strange = sum(each.strange for each in found.values())
    if strange and strange >= agreeing + sum(each.sound for each in found.values()):
        names = sorted(currency for currency, each in found.items() if each.strange)
        raise Problem(Code.RATES_NOT_PER_EURO, value=strange, currencies=names[:8])


def _count(
    taken: Taken, shelf: Shelf, cells: Cells, found: Mapping[str, Settled], read: _Read
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


def _write(
    shelf: Shelf,
    source: str,
    found: Mapping[str, Settled],
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
    made = _publish(shelf, source, {**{day: {} for day in days}, **acting}, now)
    sets = {**shelf.sets, **made}
    fresh, ended = [], []
    for currency, each in found.items():
        ended += held_observations.conclude(rows[currency], each, news[currency], now=now)
        common = {"kind": "rate", "source": source, "name": currency}
        for row in held_observations.held_rows(each, now=now, **common):
            row.rate_set = sets[row.day]
            fresh.append(row)
    held_observations.keep(fresh)
    _record(source, found, ended, now)
    return bool(acting)


def _publish(
    shelf: Shelf, source: str, acting: Mapping[dt.date, Mapping[str, Decimal]], now: dt.datetime
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
    if len(rates) < PER_COPY:
        FxRate.objects.bulk_create(
            FxRate(**dict(zip(columns, rate, strict=True))) for rate in rates
        )
    else:
        copy(FxRate._meta.db_table, columns, rates)
    return {row.published_on: row for row in made}


def _record(
    source: str,
    found: Mapping[str, Settled],
    ended: Sequence[tuple[str, Quarantined]],
    now: dt.datetime,
) -> None:
    """New bases, and what was let act because of them, are decisions too."""
    bases = [
        [currency, day.isoformat(), str(each.acting[day])]
        for currency, each in sorted(found.items())
        for day in each.bases
    ]
    released = [row.pk for verdict, row in ended if verdict == Verdict.RELEASED]
    if bases or released:
        ledger.record(
            store_id=held_observations.PLATFORM,
            kind="observation.base",
            subject=f"rates:{source}",
            by=held_observations.BY,
            at=now,
            bases=bases,
            released=released,
        )
