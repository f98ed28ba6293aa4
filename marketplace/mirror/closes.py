"""Closes of a commodity index: one row a day, columns `date,close` (R-51)."""

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock, policy
from marketplace.mirror import files, quarantine
from marketplace.mirror.observations import Reason, judge, number_of, written
from marketplace.models import SIMULATED, IndexClose, Quarantined
from outbox.bells import ring

Bad = tuple[Reason, Decimal | None]  # why, and the last good close that it was held against
COLUMNS = ("date", "close")
SERIES = re.compile(r"[A-Z][A-Z0-9]{0,11}\Z")
SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,58}\Z")


@dataclass(kw_only=True)
class Report:
    """What became of each row: imported, already_there, quarantined, refused (no date, or no row of two cells)."""

    rows: Counter[str] = field(default_factory=Counter)


@transaction.atomic
def import_closes(*, path: Path, series: str, source: str = "file") -> Report:
    """Mirrors each day that is not there yet from that source; a second close of a known day changes nothing.

    INPUT_INVALID for a series or source that can't be one, and the codes of `files.rows`.
    """
    if not SERIES.match(series) or not SOURCE.match(source) or source == SIMULATED:
        raise Problem(Code.INPUT_INVALID, detail=f"{series} {source}")
    report, now = Report(), clock.now()
    max_jump = Decimal(policy.in_force(now)["observation_max_jump"])
    known = IndexClose.objects.filter(series=series, source=source).values_list("closed_on", "value")
    good = dict(known)
    new: list[IndexClose] = []
    held: list[Quarantined] = []
    for day, text in sorted(_read(path, report).items()):
        if day in good:
            report.rows["already_there"] += 1
        elif bad := _bad(good, day, text, max_jump):
            held.append(_quarantined(series, source, day, text, bad, now))
        else:
            good[day] = number_of(text)
            new.append(
                IndexClose(series=series, source=source, closed_on=day, value=good[day], mirrored_at=now)
            )
    IndexClose.objects.bulk_create(new, batch_size=2000)
    quarantine.keep(held)
    report.rows["imported"], report.rows["quarantined"] = len(new), len(held)
    if new:
        ring("repurchase.judge_triggers")
    return report


def _bad(good: dict[dt.date, Decimal], day: dt.date, text: str, max_jump: Decimal) -> Bad | None:
    last = _last_good(good, day)
    reason = judge(text, last_good=last, max_jump=max_jump)
    return (reason, last) if reason else None


def _quarantined(
    series: str, source: str, day: dt.date, text: str, bad: Bad, now: dt.datetime
) -> Quarantined:
    reason, last = bad
    return Quarantined(
        kind="close", source=source, name=series, day=day, text=text[:80], reason=reason,
        last_good=written(last), arrived_at=now,
    )  # fmt: skip


def _read(path: Path, report: Report) -> dict[dt.date, str]:
    """The last row of a day counts."""
    read: dict[dt.date, str] = {}
    for row in files.rows(path, columns=COLUMNS):
        try:
            day, text = dt.date.fromisoformat(row[0].strip()), row[1]
        except (TypeError, ValueError):
            report.rows["refused"] += 1
        else:
            read[day] = text
    return read


def _last_good(good: dict[dt.date, Decimal], day: dt.date) -> Decimal | None:
    for back in range(1, quarantine.COMPARABLE.days + 1):
        if value := good.get(day - dt.timedelta(days=back)):
            return value
    return None
