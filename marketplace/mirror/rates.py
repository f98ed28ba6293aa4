"""Reference rates of the European Central Bank: units for one euro, one row a day, newest first."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock, policy
from marketplace.mirror import files, quarantine
from marketplace.mirror.copying import Copy
from marketplace.mirror.observations import judge, number_of, written
from marketplace.models import FxRate, FxRateSet, Quarantined
from outbox.bells import ring

SOURCES = ("ecb",)
GAP = frozenset({"N/A", ""})


@dataclass(kw_only=True)
class Report:
    """`cells` counts what became of each rate of the days that are new."""

    new_days: int = 0
    days_already_there: int = 0
    days_refused: int = 0  # the first cell is no date
    cells: Counter[str] = field(default_factory=Counter)  # imported, gap, quarantined


@transaction.atomic
def import_rates(*, path: Path, source: str, since: dt.date | None = None) -> Report:
    """Mirrors each day that is not there yet. FILE_FORMAT_UNKNOWN and the codes of `files.rows`."""
    if source not in SOURCES:
        raise Problem(Code.FILE_FORMAT_UNKNOWN, value=source, limit=SOURCES)
    rows = files.wide_rows(path, first="Date")
    currencies = next(rows)[1:]
    report = Report()
    days = dict(_new_days(rows, source, since, report))
    now = clock.now()
    sets = FxRateSet.objects.bulk_create(
        FxRateSet(source=source, published_on=day, mirrored_at=now) for day in sorted(days)
    )
    good, held = _Good(source, days, now), []
    target = Copy(FxRate._meta.db_table, ["rate_set_id", "currency", "per_euro"])
    for rate_set in sets:
        for currency, text in _cells(currencies, days[rate_set.published_on], report):
            if bad := good.judge(rate_set, currency, text):
                held.append(bad)
            else:
                target.add((rate_set.pk, currency, good.take(rate_set.published_on, currency, text)))
    target.flush()
    quarantine.keep(held)
    report.cells["quarantined"] += len(held)
    report.cells["imported"] -= len(held)
    if sets:
        ring("repurchase.judge_triggers")
    return report


class _Good:
    """The last good rate of each currency before a day, from what is there and what is being read."""

    def __init__(self, source: str, days: Collection[dt.date], now: dt.datetime) -> None:
        self.now = now
        self.max_jump = Decimal(policy.in_force(now)["observation_max_jump"])
        self.by_currency: dict[str, dict[dt.date, Decimal]] = defaultdict(dict)
        if days:
            around = (min(days) - quarantine.COMPARABLE, max(days))
            rows = FxRate.objects.filter(
                rate_set__source=source, rate_set__store=None, rate_set__published_on__range=around
            )
            for day, currency, rate in rows.values_list("rate_set__published_on", "currency", "per_euro"):
                self.by_currency[currency][day] = rate

    def judge(self, rate_set: FxRateSet, currency: str, text: str) -> Quarantined | None:
        last = self._before(rate_set.published_on, currency)
        reason = judge(text, last_good=last, max_jump=self.max_jump)
        if reason is None:
            return None
        return Quarantined(
            kind="rate", source=rate_set.source, name=currency, day=rate_set.published_on, text=text[:80],
            reason=reason, last_good=written(last), arrived_at=self.now, rate_set=rate_set,
        )  # fmt: skip

    def take(self, day: dt.date, currency: str, text: str) -> Decimal:
        rate = number_of(text)
        self.by_currency[currency][day] = rate
        return rate

    def _before(self, day: dt.date, currency: str) -> Decimal | None:
        known = self.by_currency[currency]
        for back in range(1, quarantine.COMPARABLE.days + 1):
            if rate := known.get(day - dt.timedelta(days=back)):
                return rate
        return None


def _new_days(
    rows: Iterator[Sequence[str]], source: str, since: dt.date | None, report: Report
) -> Iterator[tuple[dt.date, Sequence[str]]]:
    known = set(FxRateSet.objects.filter(source=source, store=None).values_list("published_on", flat=True))
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


def _cells(currencies: Sequence[str], cells: Sequence[str], report: Report) -> Iterator[tuple[str, str]]:
    for currency, cell in zip(currencies, cells, strict=False):
        if not currency:  # the trailing comma
            continue
        if cell.strip() in GAP:
            report.cells["gap"] += 1
        else:
            report.cells["imported"] += 1
            yield currency, cell.strip()


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        return None
