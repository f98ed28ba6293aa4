"""Telling the state that locks have entered (R-81): one event a lock, however many orders it holds
(ADR 4)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Count

from marketplace.models import OrderClaim
from marketplace.money import decimal_text
from outbox import events
from pricing.models import Lock


def publish_lock_states(locks: Collection[Lock], *, at: dt.datetime, new: bool = False) -> None:
    """In the transaction that moved them, as they are now; store by store, as their ledgers are
    taken.

    `new`: made in it, so that they hold what was locked.
    """
    by_type: dict[tuple[int, str], list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    held = {lock.pk: lock.order_count for lock in locks} if new else _orders_held(locks)
    for lock in locks:
        told = _event_payload(lock) | {"orders": held.get(lock.pk, 0)}
        by_type[lock.store_id, f"lock.{lock.status}"].append((f"lock:{lock.pk}", told))
    for (store_id, type), each in by_type.items():
        events.publish_each(store_id=store_id, type=type, at=at, each=each)


def _orders_held(locks: Collection[Lock]) -> dict[UUID, int]:
    """By their claims, which the caller releases afterwards: what was split off is another lock's
    by now."""
    claims = OrderClaim.objects.filter(holder__in=[lock.pk for lock in locks], released_at=None)
    return dict(claims.order_by().values_list("holder").annotate(Count("pk")))


def _event_payload(lock: Lock) -> dict[str, Any]:
    told = _lock_payload(lock)
    if lock.renegotiation_deadline:
        told["renegotiation_deadline"] = _format_instant(lock.renegotiation_deadline)
    return told


def _lock_payload(lock: Lock) -> dict[str, Any]:
    return {
        "batch": lock.subject,
        "total": {
            "amount": decimal_text(lock.total_minor, lock.currency),
            "currency": lock.currency,
        },
        "index_series": lock.index_series,
        "expires_at": _format_instant(lock.expires_at),
    }


def _format_instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
