"""A rate or close that one of the platform's staff enters: a cell that was missing, or a
correction. Always a new row."""

import datetime as dt

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror import closes, held_observations, publications
from marketplace.mirror.rates import RATE_SOURCES
from marketplace.models import FxRateSet, User

ENTRY_ACCEPTED, ENTRY_QUARANTINED, ENTRY_UNCHANGED = "taken", "waits", "known"


@transaction.atomic
def enter_rate(*, day: dt.date, currency: str, text: str, why: str, by: User) -> str:
    """TAKEN; WAITS in quarantine, where it is too far from the last good one; KNOWN when nothing
    is new.

    INPUT_INVALID without a reason, or for a day without a publication: one currency alone would be
    the newest then. RATES_NOT_PER_EURO.
    """
    _require_reason(why)
    if not FxRateSet.objects.filter(source=RATE_SOURCES[0], store=None, published_on=day).exists():
        raise Problem(Code.INPUT_INVALID, detail=day.isoformat())
    now, who = clock.now(), f"user:{by.pk}"
    taken = publications.ingest_rates(
        RATE_SOURCES[0], {day: {currency: text}}, update=True, by=who, now=now, why=why
    )
    outcome = _entry_outcome(
        taken.cells["imported"], taken.cells["corrected"], taken.cells["quarantined"]
    )
    if taken.cells["imported"]:
        _record_entry(f"rate:{currency}", day, text, why=why, by=who, now=now)
    return outcome


@transaction.atomic
def enter_close(*, series: str, source: str, day: dt.date, text: str, why: str, by: User) -> str:
    """As `enter_rate`."""
    _require_reason(why)
    now, who, report = clock.now(), f"user:{by.pk}", closes.CloseImportReport()
    closes.ingest_closes(
        series, source, {day: text}, report=report, update=True, by=who, now=now, why=why
    )
    outcome = _entry_outcome(
        report.rows["imported"], report.rows["corrected"], report.rows["quarantined"]
    )
    if report.rows["imported"]:
        _record_entry(f"close:{series}", day, text, why=why, by=who, now=now)
    return outcome


def _require_reason(why: str) -> None:
    if not why.strip():
        raise Problem(Code.INPUT_INVALID, detail="why")


def _entry_outcome(imported: int, corrected: int, quarantined: int) -> str:
    if imported or corrected:
        return ENTRY_ACCEPTED
    return ENTRY_QUARANTINED if quarantined else ENTRY_UNCHANGED


def _record_entry(
    subject: str, day: dt.date, text: str, *, why: str, by: str, now: dt.datetime
) -> None:
    ledger.record(
        store_id=held_observations.PLATFORM_STORE_ID,
        kind="observation.entered",
        subject=subject,
        by=by,
        at=now,
        why=why,
        day=day,
        text=text,
    )
