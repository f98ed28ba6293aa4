"""Pieces that leave the warehouse leave the reservation that held them for their order (R-10,
pitfall 10)."""

import datetime as dt
from collections.abc import Mapping
from uuid import UUID

from marketplace.models import StockClaim


def release_reserved_stock(pieces: Mapping[tuple[UUID, int], int], *, at: dt.datetime) -> None:
    """Takes pieces, by lock and SKU, off the live claims; one with nothing left ends.

    A claim that ended on another way holds nothing to give back.
    """
    holders = {holder for holder, _ in pieces}
    live = (
        StockClaim.objects.select_for_update()
        .filter(holder__in=holders, released_at=None)
        .order_by("pk")
    )
    changed = []
    for claim in live:
        leaving = pieces.get((claim.holder, claim.sku_id), 0)
        if not leaving:
            continue
        if leaving >= claim.quantity:
            claim.released_at = at
        else:
            claim.quantity -= leaving
        changed.append(claim)
    StockClaim.objects.bulk_update(changed, ["quantity", "released_at"], batch_size=500)
