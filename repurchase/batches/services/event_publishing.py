"""Telling the state that batches and orders have entered, in the transaction that moved them
(R-81, ADR 4)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.db.models import QuerySet

from outbox import events
from repurchase.batches.services import failures
from repurchase.models import Batch, RepeatOrder

MAX_ORDERS_AN_EVENT = 500
"""Orders that moved together are told together: 5000 confirmed at once are ten events of ten
kilobytes."""


def publish_batch(moved: Batch, *, at: dt.datetime, **facts: object) -> None:
    events.publish(
        store_id=moved.store_id,
        type=f"batch.{moved.status}",
        subject=f"batch:{moved.ref}",
        at=at,
        attempt=moved.attempt,
        **facts,
    )


def publish_batches(moved: Sequence[Batch], *, at: dt.datetime) -> None:
    """Batches of one store that entered the same state together."""
    if moved:
        each = [(f"batch:{batch.ref}", {"attempt": batch.attempt}) for batch in moved]
        events.publish_each(
            store_id=moved[0].store_id, type=f"batch.{moved[0].status}", at=at, each=each
        )


def publish_orders(moved: QuerySet[RepeatOrder], *, at: dt.datetime) -> None:
    """Each order by its reference, under the state in which it is now; those that came to nothing
    as failures too."""
    failures.record_changes(
        Batch.objects.filter(pk__in=moved.order_by().values("batch")), moved, at=at
    )
    told: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    rows = moved.order_by("batch_id", "position").values_list(
        "store_id", "status", "batch__ref", "ref"
    )
    for store_id, status, batch_ref, ref in rows:
        told[store_id, status, batch_ref].append(ref)
    by_type: dict[tuple[int, str], list[tuple[str, dict[str, list[str]]]]] = defaultdict(list)
    for (store_id, status, batch_ref), refs in told.items():
        parts = [
            refs[i : i + MAX_ORDERS_AN_EVENT] for i in range(0, len(refs), MAX_ORDERS_AN_EVENT)
        ]
        by_type[store_id, status] += [(f"batch:{batch_ref}", {"orders": part}) for part in parts]
    for (store_id, status), each in by_type.items():
        events.publish_each(store_id=store_id, type=f"order.{status}", at=at, each=each)
