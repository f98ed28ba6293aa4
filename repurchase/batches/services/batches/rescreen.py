"""The whole batch planned anew from today's facts."""

from django.db import transaction

from diagnostics import ledger
from marketplace import clock, policy
from repurchase.batches.services import chunks, event_publishing
from repurchase.batches.services.batches import attempts
from repurchase.batches.services.edits import require_idle
from repurchase.models import Batch, RepeatOrder, batch_states
from repurchase.models.batch_states import BatchStatus


@transaction.atomic
def rescreen(*, batch: Batch, by: str, special_clearance: bool | None = None) -> Batch:
    """Plans the batch anew from today's facts: its rows are made again, what was asked for stays.

    `special_clearance` ticks or unticks the 专线清关通道 for all its orders (R-71).
    """
    batch = attempts.get_for_update(batch)
    require_idle(batch)
    batch.status = batch_states.advance(BatchStatus(batch.status), batch_states.BatchEvent.RESCREEN)
    if special_clearance is not None:
        batch.special_clearance = special_clearance
    now = clock.now(batch.store)
    batch.attempt += 1
    batch.version += 1
    batch.planned_at, batch.code = None, ""
    attempts.freeze_inputs(batch, policy.in_force(now), now)
    batch.save()
    RepeatOrder.objects.filter(batch=batch).delete()
    batch.chunks.exclude(positions=None).delete()  # of attempts that retried some orders only
    batch.chunks.update(
        attempt=batch.attempt,
        owner="",
        beat_at=None,
        tries=0,
        rung_at=clock.now(),
        done_at=None,
        code="",
    )
    event_publishing.publish_batch(batch, at=now, asked=batch.asked)
    ledger.record(
        store_id=batch.store_id,
        kind="batch.rescreened",
        subject=f"batch:{batch.ref}",
        by=by,
        at=now,
        attempt=batch.attempt,
        special_clearance=batch.special_clearance,
        gates=batch.gates,
    )
    chunks.enqueue_workers(batch.chunks.count())
    return batch
