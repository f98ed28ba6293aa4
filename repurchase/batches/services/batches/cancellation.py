"""Ending a batch before its buyer has acted."""

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from outbox import emails
from pricing import services as pricing
from pricing.models import Grant
from repurchase.batches.services import chunks, event_publishing
from repurchase.batches.services.batches import attempts
from repurchase.models import Batch, batch_states
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus


@transaction.atomic
def cancel(*, batch: Batch, by: str) -> Batch:
    """Ends a batch: at any time before the lock, and after it until the buyer's first act.

    The locks' rows are taken before the batch's, as the buyer's act and the sweep take them.
    """
    was = BatchStatus(Batch.objects.values_list("status", flat=True).get(pk=batch.pk))
    if was is BatchStatus.LOCKED:
        pricing.cancel(store=batch.store, subject=batch.ref, by=by)
    batch = attempts.get_for_update(batch)
    if batch.status != was:
        raise Problem(
            Code.STATE_CONFLICT, state=batch.status, event=str(batch_states.BatchEvent.CANCEL)
        )
    batch.status = batch_states.advance(was, batch_states.BatchEvent.CANCEL)
    now = clock.now(batch.store)
    batch.ended_at = now
    batch.save()
    chunks.withdraw(batch)
    leaving = batch.orders.filter(status__in=[OrderStatus.PLANNED, OrderStatus.LOCKED])
    leaving.update(status=OrderStatus.CANCELLED, changed_at=now)
    event_publishing.publish_batch(batch, at=now)
    event_publishing.publish_orders(
        batch.orders.filter(status=OrderStatus.CANCELLED, changed_at=now), at=now
    )
    if was is BatchStatus.LOCKED:
        _write_cancellation_email(batch)
    ledger.record(
        store_id=batch.store_id,
        kind="batch.cancelled",
        subject=f"batch:{batch.ref}",
        by=by,
        at=now,
        was=was,
    )
    return batch


def _write_cancellation_email(batch: Batch) -> None:
    grant = Grant.objects.get(store=batch.store, subject=batch.ref)
    emails.write(
        kind="repurchase.cancelled",
        store_id=batch.store_id,
        dedupe=f"cancelled:{batch.ref}",
        grant=str(grant.pk),
    )
