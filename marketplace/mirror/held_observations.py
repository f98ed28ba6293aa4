"""Observations that may not act: kept, told to the platform's staff, judged again when what came
before them changes."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from django.db import connection
from django.utils.translation import gettext as _

from marketplace import policy
from marketplace.mirror.observations import (
    RELEASABLE,
    KnownObservations,
    ObservationBounds,
    ObservationCourse,
    ObservationOutcome,
    evaluate_observations,
    format_observation,
    parse_observation,
)
from marketplace.models import Quarantined, QuarantineVerdict
from outbox import emails

PLATFORM_STORE_ID = 0
"""What belongs to no store stands in the ledger and in the outbox under this number."""
OBSERVATIONS_ACTOR = "system:observations"

QuarantinedRows = Sequence[Quarantined]


def lock_observations() -> None:
    """Until the transaction ends nobody else takes observations in: versions and bases follow one
    from the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('observations'))")


def bounds_in_force(now: dt.datetime, *, places: int) -> ObservationBounds:
    values = policy.in_force(now)
    return ObservationBounds(
        max_jump=values["observation_max_jump"],
        base_spread=values["observation_base_spread"],
        places=places,
    )


def quarantined_by_name(
    *, kind: str, source: str, names: Collection[str], since: dt.date
) -> dict[str, list[Quarantined]]:
    """By currency or series, in the order in which they arrived.

    None of before `since`: what they were held against is not at hand then, and nothing new
    follows from them.
    """
    found: dict[str, list[Quarantined]] = defaultdict(list)
    mine = Quarantined.objects.filter(kind=kind, source=source, name__in=names, day__gte=since)
    for row in mine.order_by("pk"):
        found[row.name].append(row)
    return found


def texts_not_yet_held(rows: QuarantinedRows, news: Mapping[dt.date, str]) -> dict[dt.date, str]:
    """Without what was read, and held, before."""
    read = {(row.day, row.text) for row in rows}
    return {day: text for day, text in news.items() if (day, text[:80]) not in read}


def evaluate_with_held(
    rows: QuarantinedRows,
    good: Mapping[dt.date, Decimal],
    news: Mapping[dt.date, str],
    course: ObservationCourse,
    *,
    first: Mapping[dt.date, Decimal],
) -> ObservationOutcome:
    """`first`: what each day's first version said. What a person has let act since takes its
    place."""
    said = {
        row.day: parse_observation(row.text, course.bounds.places)
        for row in rows
        if _is_released_by_person(row)
    }
    waiting = {row.day: row.text for row in rows if not row.verdict and row.reason in RELEASABLE}
    known = KnownObservations(
        good=good, first={**first, **said}, waiting=waiting, out=frozenset(row.day for row in rows)
    )
    return evaluate_observations(known, news, course=course)


def _is_released_by_person(row: Quarantined) -> bool:
    return row.verdict == QuarantineVerdict.RELEASED and row.decided_by != OBSERVATIONS_ACTOR


def resolve_waiting(
    rows: QuarantinedRows, found: ObservationOutcome, news: Collection[dt.date], *, now: dt.datetime
) -> list[tuple[str, Quarantined]]:
    """Ends what waited where it acts now, or where another took its place; (verdict, row) of
    each."""
    ended: list[tuple[str, Quarantined]] = []
    for row in rows:
        if row.verdict:
            continue
        if row.day in found.acting and row.day not in news:
            _close_quarantined(
                row,
                QuarantineVerdict.RELEASED,
                _("It agrees with what came before it by now."),
                now,
            )
        elif row.day in found.acting or row.day in found.replaced:
            _close_quarantined(row, QuarantineVerdict.KEPT, _replaced_message(), now)
        else:
            continue
        ended.append((row.verdict, row))
    return ended


def replace_others(row: Quarantined, *, now: dt.datetime) -> None:
    """Once an observation of a day acts, no other of that day waits any more."""
    same = Quarantined.objects.filter(
        kind=row.kind, source=row.source, name=row.name, day=row.day, verdict=""
    )
    for other in same.exclude(pk=row.pk):
        _close_quarantined(other, QuarantineVerdict.KEPT, _replaced_message(), now)


def build_quarantined_rows(
    found: ObservationOutcome, *, now: dt.datetime, **common: object
) -> Iterable[Quarantined]:
    """Rows for what is new and does not act; of those that a new base replaces at once, with their
    verdict."""
    for day, (text, sight) in sorted(found.held.items()):
        row = Quarantined(
            day=day,
            text=text[:80],
            reason=sight.reason,
            last_good=format_observation(sight.last_good),
            arrived_at=now,
            **common,
        )
        if day in found.replaced:
            row.verdict, row.decided_at, row.decided_by, row.why = (
                QuarantineVerdict.KEPT,
                now,
                OBSERVATIONS_ACTOR,
                _replaced_message(),
            )
        yield row


def save_quarantined(found: Sequence[Quarantined]) -> None:
    """In the transaction of the import; those that wait for a decision are told."""
    waiting = [row for row in Quarantined.objects.bulk_create(found) if not row.verdict]
    if waiting:
        emails.write(
            kind="marketplace.quarantined",
            store_id=PLATFORM_STORE_ID,
            dedupe=f"quarantined:{min(row.pk for row in waiting)}",
            rows=[row.pk for row in waiting[:200]],
        )


def _close_quarantined(row: Quarantined, verdict: str, why: str, now: dt.datetime) -> None:
    row.verdict, row.decided_at, row.decided_by, row.why = verdict, now, OBSERVATIONS_ACTOR, why
    row.save(update_fields=["verdict", "decided_at", "decided_by", "why"])


def _replaced_message() -> str:
    return _("Later observations took its place.")
