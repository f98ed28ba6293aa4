"""How many pieces of what orders reserve, by the lock that reserves them."""

from collections import Counter
from collections.abc import Collection
from uuid import UUID

from repurchase.models import LineOutcome, RepeatLine


def reserved_pieces(order_ids: Collection[int]) -> Counter[tuple[UUID, int]]:
    """By lock and SKU, of the lines that are part of the orders."""
    pieces: Counter[tuple[UUID, int]] = Counter()
    lines = RepeatLine.objects.filter(order__in=order_ids, outcome=LineOutcome.PLANNED)
    for lock_id, sku_id, quantity in lines.values_list("order__lock_id", "sku_id", "quantity"):
        pieces[lock_id, sku_id] += quantity
    return pieces
