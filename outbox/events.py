"""Telling what happened: rows of the store, written with the change itself, numbered by its commit
(ADR 4)."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from outbox.models import Event, EventHead

CHANNEL = "events"
"""NOTIFY's; the payload is the store's id. A trigger rings it at the commit (sql/events.sql)."""

RETENTION = dt.timedelta(days=90)
PER_PASS = 5000


def publish(*, store_id: int, type: str, subject: str, at: dt.datetime, **data: Any) -> None:
    """Adds one event to the running transaction. `type` ends with the state entered; `data` holds
    plain values."""
    publish_each(store_id=store_id, type=type, at=at, each=[(subject, data)])


def publish_each(
    *, store_id: int, type: str, at: dt.datetime, each: Iterable[tuple[str, Mapping[str, Any]]]
) -> None:
    """Events of one type, (subject, data) each, in one statement."""
    Event.objects.bulk_create(
        Event(store_id=store_id, type=type, subject=subject, at=at, data=dict(data))
        for subject, data in each
    )


def latest_number(store_id: int) -> int:
    """The number of the store's latest event; 0 before the first."""
    return EventHead.objects.filter(store_id=store_id).values_list("seq", flat=True).first() or 0


def after(store_id: int, seq: int) -> QuerySet[Event]:
    """What a reader who knows everything up to `seq` has missed, in order: the numbers have no
    holes."""
    return Event.objects.filter(store_id=store_id, seq__gt=seq).order_by("seq")


def matches(type: str, wanted: Collection[str]) -> bool:
    """Whether a filter such as {"lock.*", "batch.closed"} lets a type through; an empty one lets
    all."""
    return not wanted or type in wanted or f"{type.partition('.')[0]}.*" in wanted


def build_payload(event: Event) -> dict[str, Any]:
    """An event as the stream and the webhooks say it. `id` is the same however often it is sent."""
    kind, _, ref = event.subject.partition(":")
    return {
        "id": f"evt_{event.store_id}_{event.seq}",
        "seq": event.seq,
        "type": event.type,
        "timestamp": event.at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z"),
        "subject": {"kind": kind, "ref": ref},
        "data": event.data,
    }


def prune(now: dt.datetime) -> int:
    """Forgets what is older than 90 days, a bounded number a pass; the deliveries go with it."""
    old = (
        Event.objects.filter(committed_at__lt=now - RETENTION)
        .order_by("committed_at")
        .values("pk")[:PER_PASS]
    )
    return Event.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]
