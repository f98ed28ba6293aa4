"""The verbs of a store's standing: the automatic check is kept, events move it, time ends it
(R-27)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import F, Max, QuerySet

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock, policy
from marketplace.models import Store
from outbox import emails, events
from qualification import review
from qualification.models import Qualification
from qualification.review import QualificationEvent, QualificationStatus

SWEEP_ACTOR = "system:sweep"
EMAIL_KINDS = {
    QualificationEvent.APPROVE: "qualification.opened",
    QualificationEvent.SEND_BACK: "qualification.sent_back",
    QualificationEvent.LAPSE: "qualification.lapsed",
}
"""The events that the store's owners get a letter about: those that somebody else, or time,
brings."""


@transaction.atomic
def advance(
    *,
    store: Store,
    event: QualificationEvent,
    by: str,
    now: dt.datetime,
    reason: str = "",
    until: dt.datetime | None = None,
) -> QualificationStatus:
    """Moves the store's standing from what it is at `now`; `reason` goes with a review that sends
    back.

    An approval holds no longer than `until`, when a document that it rests on ends.

    STATE_CONFLICT when the event does not follow, or when somebody else moved it meanwhile;
    INPUT_INVALID for a review that sends back without a reason. Then nothing is written.
    """
    if event is QualificationEvent.SEND_BACK and not reason.strip():
        raise Problem(Code.INPUT_INVALID, detail="reason")
    row = _get_or_create_row(store, now)
    if event is QualificationEvent.LAPSE:
        raise Problem(Code.STATE_CONFLICT, state=row.state, event=str(event))  # time alone does it
    if (
        row.state == QualificationStatus.OPEN
        and review.status_at(QualificationStatus.OPEN, row.valid_until, now)
        is QualificationStatus.LAPSED
    ):
        # nobody had swept it yet
        _apply_event(
            row, QualificationStatus.OPEN, QualificationEvent.LAPSE, by=SWEEP_ACTOR, now=now
        )
    return _apply_event(
        row,
        QualificationStatus(row.state),
        event,
        by=by,
        now=now,
        reason=reason.strip(),
        until=until,
    )


def record_check(
    *, store: Store, results: Sequence[Mapping[str, Any]], passed: bool, by: str, now: dt.datetime
) -> None:
    """Keeps the last automatic check beside the standing, and every one in the ledger (R-26)."""
    row = _get_or_create_row(store, now)
    Qualification.objects.filter(pk=row.pk).update(checked_at=now, check_results=list(results))
    ledger.record(
        store_id=store.pk,
        kind="qualification.checked",
        subject=f"store:{store.code}",
        by=by,
        at=now,
        passed=passed,
        gates=list(results),
    )


def process_due(
    *, store: Store | None = None, at: dt.datetime | None = None, limit: int = 200
) -> tuple[int, int]:
    """(notices written, standings lapsed): everything that is due by each store's own clock.

    Several at once are harmless: rows that another one holds are skipped, and a moved `due_at` is
    no longer due. `at` judges by another instant; the caller sees to it that the store is a
    sandbox.
    """
    with transaction.atomic():
        due = (
            _due_qualifications(clock.now(), store, at)
            .select_related("store")
            .order_by("due_at", "pk")
        )
        rows = list(due.select_for_update(of=("self",), skip_locked=True)[:limit])
        real_now = clock.now() if rows else None
        lapsed = [_process_due_row(row, at or real_now + row.store.clock_offset) for row in rows]
    return lapsed.count(False), lapsed.count(True)


def _process_due_row(row: Qualification, now: dt.datetime) -> bool:
    """True when it has lapsed; otherwise the one notice that holds now is written, and the next
    one is set."""
    if (
        review.status_at(QualificationStatus(row.state), row.valid_until, now)
        is QualificationStatus.LAPSED
    ):
        _apply_event(
            row, QualificationStatus.OPEN, QualificationEvent.LAPSE, by=SWEEP_ACTOR, now=now
        )
        return True
    days = review.current_notice_days(row.valid_until, now)
    Qualification.objects.filter(pk=row.pk).update(
        due_at=review.next_action_at(row.valid_until, now)
    )
    emails.write(
        kind="qualification.lapses_soon",
        store_id=row.store_id,
        dedupe=f"lapses-soon:{row.store_id}:{row.valid_until.isoformat()}:{days}",
        store=row.store_id,
        days=days,
        valid_until=row.valid_until.isoformat(),
    )
    _record_in_ledger(
        row.store,
        "qualification.lapses_soon",
        SWEEP_ACTOR,
        now,
        days=days,
        valid_until=row.valid_until,
    )
    return False


def _due_qualifications(
    real_now: dt.datetime, store: Store | None, at: dt.datetime | None
) -> QuerySet[Qualification]:
    """Due by each store's own clock. The furthest offset bounds the walk along the index of what
    is due."""
    rows = Qualification.objects.filter(state=QualificationStatus.OPEN)
    if store is not None:
        return rows.filter(store=store, due_at__lte=at or real_now + store.clock_offset)
    furthest = Store.objects.filter(sandbox=True).aggregate(offset=Max("clock_offset"))["offset"]
    latest = real_now + max(furthest or dt.timedelta(0), dt.timedelta(0))
    return rows.filter(due_at__lte=latest).filter(due_at__lte=real_now + F("store__clock_offset"))


def _get_or_create_row(store: Store, now: dt.datetime) -> Qualification:
    Qualification.objects.bulk_create(
        [Qualification(store=store, since=now)], ignore_conflicts=True
    )
    return Qualification.objects.select_related("store").get(store=store)


def _apply_event(
    row: Qualification,
    was: QualificationStatus,
    event: QualificationEvent,
    *,
    by: str,
    now: dt.datetime,
    reason: str = "",
    until: dt.datetime | None = None,
) -> QualificationStatus:
    becomes = review.next_status(was, event)
    values = {"state": becomes, "since": now, "reason": reason} | _validity_fields(
        event, row, now, until
    )
    guarded = Qualification.objects.filter(pk=row.pk, state=was, since=row.since)
    if not guarded.update(**values):
        raise Problem(Code.STATE_CONFLICT, state=str(was), event=str(event))
    row.state, row.since = becomes, values["since"]
    if event in EMAIL_KINDS:
        emails.write(
            kind=EMAIL_KINDS[event],
            store_id=row.store_id,
            dedupe=f"{EMAIL_KINDS[event]}:{row.store_id}:{row.since.isoformat()}",
            store=row.store_id,
            reason=reason,
        )
    events.publish(
        store_id=row.store_id,
        type=f"qualification.{becomes}",
        subject=f"store:{row.store.code}",
        at=now,
        was=was,
    )
    _record_in_ledger(
        row.store, f"qualification.{event}", by, now, was=was, becomes=becomes, reason=reason
    )
    return becomes


def _validity_fields(
    event: QualificationEvent, row: Qualification, now: dt.datetime, until: dt.datetime | None
) -> dict[str, Any]:
    """How long it holds: set by an approval, kept by a lapse, gone once it is applied for anew."""
    if event is QualificationEvent.APPROVE:
        days = int(policy.in_force(now)["qualification_valid_days"])
        valid_until = min(
            now + dt.timedelta(days=days), until or dt.datetime.max.replace(tzinfo=dt.UTC)
        )
        return {"valid_until": valid_until, "due_at": review.first_notice_at(valid_until)}
    if event is QualificationEvent.LAPSE:
        return {"since": row.valid_until, "due_at": None}
    return {"valid_until": None, "due_at": None}


def _record_in_ledger(store: Store, kind: str, by: str, at: dt.datetime, **facts: Any) -> None:
    ledger.record(
        store_id=store.pk, kind=kind, subject=f"store:{store.code}", by=by, at=at, **facts
    )
