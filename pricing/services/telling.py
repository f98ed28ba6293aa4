"""Telling the state that locks have entered (R-81): one event a lock, however many orders it holds (ADR 4)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from marketplace.money import decimal_text
from outbox import events
from pricing.models import Lock


def tell(locks: Collection[Lock], *, at: dt.datetime) -> None:
    """In the transaction that moved them, as they are now; store by store, as their ledgers are taken."""
    by_type: dict[tuple[int, str], list[tuple[str, dict[str, Any]]]] = defaultdict(list)
    for lock in locks:
        by_type[lock.store_id, f"lock.{lock.status}"].append((f"lock:{lock.pk}", _data(lock)))
    for (store_id, type), each in by_type.items():
        events.tell_each(store_id=store_id, type=type, at=at, each=each)


def _data(lock: Lock) -> dict[str, Any]:
    told = _told(lock)
    if lock.renegotiation_deadline:
        told["renegotiation_deadline"] = _instant(lock.renegotiation_deadline)
    return told


def _told(lock: Lock) -> dict[str, Any]:
    return {
        "batch": lock.subject,
        "orders": lock.order_count,
        "total": {"amount": decimal_text(lock.total_minor, lock.currency), "currency": lock.currency},
        "index_series": lock.index_series,
        "expires_at": _instant(lock.expires_at),
    }


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
