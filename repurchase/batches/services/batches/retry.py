"""The failed orders planned anew; the others stay as they are."""

import datetime as dt
from collections.abc import Iterator, Mapping

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from repurchase.batches.services import chunks, edits, event_publishing
from repurchase.batches.services.batches import attempts
from repurchase.batches.services.edits import require_idle
from repurchase.models import Batch, Chunk, batch_states
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus


@transaction.atomic
def retry(*, batch: Batch, by: str) -> Batch:
    """Plans the failed orders anew, in a new attempt of the same batch; all others stay as they
    are.

    By the plan's own instant, rates and policies, as an edit does (pitfall 1), and by the gates
    and facts of now. NOTHING_TO_RETRY, PLAN_STALE when it is older than a day or tariffs have
    changed, EDIT_AT_WORK, STATE_CONFLICT.
    """
    batch = attempts.get_for_update(batch)
    require_idle(batch)
    edits.require_same_terms(batch)
    now = clock.now(batch.store)
    attempts.require_fresh(batch, now)
    failed = batch.orders.filter(status=OrderStatus.FAILED)
    places = dict(failed.order_by("position").values_list("past_order_id", "position"))
    undone = batch.chunks.filter(done_at=None)
    if not places and not undone.exists():
        raise Problem(Code.NOTHING_TO_RETRY)
    batch.status = batch_states.advance(BatchStatus(batch.status), batch_states.BatchEvent.RESCREEN)
    batch.attempt += 1
    batch.version += 1
    batch.planned_at, batch.code, batch.attempt_at = None, "", now
    attempts.evaluate_gates(batch, now)
    batch.save()
    failed.delete()
    undone.update(
        attempt=batch.attempt, owner="", beat_at=None, tries=0, code="", rung_at=clock.now()
    )  # what was given up
    Chunk.objects.bulk_create(_build_retry_chunks(batch, places, rung_at=clock.now()))
    event_publishing.publish_batch(batch, at=now, asked=batch.asked, retried=len(places))
    ledger.record(
        store_id=batch.store_id,
        kind="batch.retried",
        subject=f"batch:{batch.ref}",
        by=by,
        at=now,
        attempt=batch.attempt,
        orders=len(places),
        gates=batch.gates,
    )
    chunks.enqueue_workers(undone.count())
    return batch


def _build_retry_chunks(
    batch: Batch, places: Mapping[int, int], *, rung_at: dt.datetime
) -> Iterator[Chunk]:
    for _, ids in batch_states.chunks(list(places)):
        yield Chunk(
            store=batch.store,
            batch=batch,
            attempt=batch.attempt,
            first_position=places[ids[0]],
            rung_at=rung_at,
            past_order_ids=list(ids),
            positions=[places[pk] for pk in ids],
        )
