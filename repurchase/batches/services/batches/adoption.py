"""A dry run that turns out well becomes a real batch."""

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from repurchase.batches.services import event_publishing
from repurchase.batches.services.batches import attempts
from repurchase.models import Batch
from repurchase.models.batch_states import BatchStatus


@transaction.atomic
def adopt(*, batch: Batch, by: str) -> Batch:
    """Makes a dry run a real batch: it may be locked from now on. STATE_CONFLICT when it is one,
    or has ended."""
    batch = attempts.get_for_update(batch)
    if not batch.dry_run or batch.status == BatchStatus.CANCELLED:
        raise Problem(Code.STATE_CONFLICT, state=batch.status, event="adopt")
    batch.dry_run = False
    batch.save(update_fields=["dry_run"])
    now = clock.now(batch.store)
    event_publishing.publish_batch(batch, at=now)
    ledger.record(
        store_id=batch.store_id, kind="batch.adopted", subject=f"batch:{batch.ref}", by=by, at=now
    )
    return batch
