"""Ending a batch before its buyer has acted."""

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from outbox import letters
from pricing import services as pricing
from pricing.models import Grant
from repurchase import batching
from repurchase.batching import BatchStatus
from repurchase.lifecycle import OrderStatus
from repurchase.models import Batch
from repurchase.services import chunks, telling
from repurchase.services.batches import attempts


@transaction.atomic
def cancel(*, batch: Batch, by: str) -> Batch:
    """Ends a batch: at any time before the lock, and after it until the buyer's first act.

    The locks' rows are taken before the batch's, as the buyer's act and the sweep take them.
    """
    was = BatchStatus(Batch.objects.values_list("status", flat=True).get(pk=batch.pk))
    if was is BatchStatus.LOCKED:
        pricing.cancel(store=batch.store, subject=batch.ref, by=by)
    batch = attempts.held(batch)
    if batch.status != was:
        raise Problem(Code.STATE_CONFLICT, state=batch.status, event=str(batching.Event.CANCEL))
    batch.status = batching.advance(was, batching.Event.CANCEL)
    now = clock.now(batch.store)
    batch.ended_at = now
    batch.save()
    chunks.withdraw(batch)
    leaving = batch.orders.filter(status__in=[OrderStatus.PLANNED, OrderStatus.LOCKED])
    leaving.update(status=OrderStatus.CANCELLED, changed_at=now)
    telling.batch(batch, at=now)
    telling.orders(batch.orders.filter(status=OrderStatus.CANCELLED, changed_at=now), at=now)
    if was is BatchStatus.LOCKED:
        _withdraw(batch)
    ledger.record(
        store_id=batch.store_id, kind="batch.cancelled", subject=f"batch:{batch.ref}", by=by, at=now, was=was
    )
    return batch


def _withdraw(batch: Batch) -> None:
    grant = Grant.objects.get(store=batch.store, subject=batch.ref)
    letters.write(
        kind="repurchase.cancelled",
        store_id=batch.store_id,
        dedupe=f"cancelled:{batch.ref}",
        grant=str(grant.pk),
    )
