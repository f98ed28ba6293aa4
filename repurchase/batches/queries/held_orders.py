"""Locked orders that the platform is checking (R-90)."""

from collections.abc import Mapping
from uuid import UUID

from django.db.models import Count, Q

from repurchase.models import RepeatOrder
from repurchase.models.order_states import OrderStatus


def count_held_by_lock(*, store_id: int, subject: str) -> Mapping[UUID, int]:
    """How many orders are held back, by lock, for locks of a plan that hold any."""
    return {lock: held for lock, held, _ in _count_held_and_locked(store_id, subject)}


def wholly_held_locks(*, store_id: int, subject: str) -> frozenset[UUID]:
    """Locks of which nothing can be confirmed at present."""
    return frozenset(
        lock for lock, held, locked in _count_held_and_locked(store_id, subject) if held == locked
    )


def _count_held_and_locked(store_id: int, subject: str) -> list[tuple[UUID, int, int]]:
    locked = RepeatOrder.objects.filter(
        store=store_id, batch__ref=subject, status=OrderStatus.LOCKED
    )
    held = Count("id", filter=Q(held_at__isnull=False))
    rows = (
        locked.order_by()
        .values_list("lock_id")
        .annotate(held=held, locked=Count("id"))
        .filter(held__gt=0)
    )
    return list(rows)
