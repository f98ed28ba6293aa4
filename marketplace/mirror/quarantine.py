"""What is held back is released or discarded by one of the platform's staff, with a reason,
once."""

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.mirror import closes, held_observations, publications
from marketplace.mirror.held_observations import PLATFORM_STORE_ID
from marketplace.mirror.observations import RELEASABLE
from marketplace.models import Quarantined, QuarantineVerdict, User
from outbox.task_queue import enqueue_task


@transaction.atomic
def decide(*, row: Quarantined, release: bool, why: str, by: User) -> Quarantined:
    """Lets it act from now on, as the new base, or keeps it out for good.

    STATE_CONFLICT when it was decided before; INPUT_INVALID without a reason, or for the release
    of what is no rate.
    """
    held_observations.lock_observations()
    row = Quarantined.objects.select_for_update().get(pk=row.pk)
    if row.verdict:
        raise Problem(Code.STATE_CONFLICT, state=row.verdict, event="decide")
    if not why.strip():
        raise Problem(Code.INPUT_INVALID, detail="why")
    if release and row.reason not in RELEASABLE:
        raise Problem(Code.INPUT_INVALID, detail=row.reason)
    row.verdict = QuarantineVerdict.RELEASED if release else QuarantineVerdict.DISCARDED
    row.decided_at, row.decided_by, row.why = clock.now(), f"user:{by.pk}", why.strip()[:500]
    row.save()
    admit = publications.release_rate if row.rate_set_id is not None else closes.release_close
    observed = admit(row, now=row.decided_at) if release else None
    if release:
        held_observations.replace_others(row, now=row.decided_at)
    ledger.record(
        store_id=PLATFORM_STORE_ID,
        kind=f"observation.{row.verdict}",
        subject=f"quarantined:{row.pk}",
        by=row.decided_by,
        at=row.decided_at,
        why=row.why,
        source=row.source,
        name=row.name,
        day=row.day,
        text=row.text,
        reason=row.reason,
        observed=observed,
    )
    enqueue_task("repurchase.judge_triggers")
    return row
