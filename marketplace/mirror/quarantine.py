"""Observations that may not act are kept, told to the platform's staff, and released or discarded by one of them."""

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror.observations import Reason, number_of
from marketplace.models import FxRate, IndexClose, Quarantined, User, Verdict
from outbox import letters
from outbox.bells import ring

PLATFORM = 0
"""What belongs to no store stands in the ledger and in the outbox under this number."""

COMPARABLE = dt.timedelta(days=31)
"""An older good value says nothing about a new one."""


def keep(found: Sequence[Quarantined]) -> None:
    """In the transaction of the import. The same observation read twice is kept and told once."""
    if not found:
        return
    known = set(Quarantined.objects.filter(day__in={row.day for row in found}).values_list(*Quarantined.KEY))
    fresh = Quarantined.objects.bulk_create(row for row in found if row.key not in known)
    if fresh:
        letters.write(
            kind="marketplace.quarantined", store_id=PLATFORM,
            dedupe=f"quarantined:{min(row.pk for row in fresh)}", rows=[row.pk for row in fresh[:200]],
        )  # fmt: skip


@transaction.atomic
def decide(*, row: Quarantined, release: bool, why: str, by: User) -> Quarantined:
    """Lets it act from now on, or keeps it out for good; once, with a reason, by a member of the staff.

    STATE_CONFLICT when it was decided before; INPUT_INVALID without a reason, or for the release of what is no rate.
    """
    row = Quarantined.objects.select_for_update().get(pk=row.pk)
    if row.verdict:
        raise Problem(Code.STATE_CONFLICT, state=row.verdict, event="decide")
    if not why.strip():
        raise Problem(Code.INPUT_INVALID, detail="why")
    if release and row.reason != Reason.ABSURD:
        raise Problem(Code.INPUT_INVALID, detail=row.reason)
    row.verdict = Verdict.RELEASED if release else Verdict.DISCARDED
    row.decided_at, row.decided_by, row.why = clock.now(), f"user:{by.pk}", why.strip()[:500]
    row.save()
    observed = _admit(row) if release else None
    ledger.record(
        store_id=PLATFORM, kind=f"observation.{row.verdict}", subject=f"quarantined:{row.pk}", by=row.decided_by,
        at=row.decided_at, why=row.why, source=row.source, name=row.name, day=row.day, text=row.text,
        reason=row.reason, observed=observed,
    )  # fmt: skip
    ring("repurchase.judge_triggers")
    return row


def _admit(row: Quarantined) -> int:
    """The id of the row that now stands beside the other observations."""
    value = number_of(row.text)
    if row.rate_set_id is not None:
        return FxRate.objects.create(rate_set_id=row.rate_set_id, currency=row.name, per_euro=value).pk
    return IndexClose.objects.create(
        series=row.name, closed_on=row.day, value=value, source=row.source, mirrored_at=row.decided_at
    ).pk
