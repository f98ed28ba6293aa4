"""Part of a live lot gets a lock of its own: what is held back neither keeps the rest, nor is lost
with it (R-90)."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping

from django.db.models import F

from marketplace.models import OrderClaim, StockClaim
from pricing.agreements import digest_of
from pricing.locks import LockStatus
from pricing.models import Lock, LockTerms, Renegotiation
from pricing.services import event_publishing


def split_lock(
    lock: Lock,
    *,
    past_order_ids: Collection[int],
    stock: Mapping[int, int],
    order_count: int,
    total_minor: int,
    terms: bytes,
    at: dt.datetime,
) -> Lock:
    """A second lock over these orders, with the span, rates, policies and renegotiation of the
    first; claims go along.

    The caller holds the lock's row, and moves the orders in the same transaction. `stock`: pieces
    by SKU id. The first lock's terms stay as they were locked; what of them was confirmed, its act
    and its orders say.
    """
    made = _copy_row(
        lock,
        id=uuid.uuid4(),
        order_count=order_count,
        total_minor=total_minor,
        terms_digest=digest_of(terms),
    )
    LockTerms.objects.create(lock=made, store_id=lock.store_id, text=terms)
    OrderClaim.objects.filter(
        holder=lock.pk, past_order__in=past_order_ids, released_at=None
    ).update(holder=made.pk)
    _split_stock(lock, made, stock)
    if lock.status == LockStatus.RENEGOTIATING:
        _copy_row(Renegotiation.objects.get(lock=lock), id=uuid.uuid4(), lock=made)
    event_publishing.publish_lock_states([made], at=at, new=True)
    return made


def _copy_row(row, **changes):
    fields = {
        field.attname: getattr(row, field.attname) for field in type(row)._meta.concrete_fields
    }
    names = {type(row)._meta.get_field(name).attname for name in changes}
    return type(row).objects.create(
        **{k: v for k, v in fields.items() if k not in names}, **changes
    )


def _split_stock(lock: Lock, made: Lock, stock: Mapping[int, int]) -> None:
    claims = StockClaim.objects.filter(holder=lock.pk, sku__in=stock, released_at=None)
    rows = [(claim, stock[claim.sku_id]) for claim in claims if stock[claim.sku_id]]
    whole = [claim.pk for claim, pieces in rows if pieces >= claim.quantity]
    StockClaim.objects.filter(pk__in=whole).update(holder=made.pk)
    parts = [(claim, pieces) for claim, pieces in rows if pieces < claim.quantity]
    for claim, pieces in parts:
        claim.quantity = F("quantity") - pieces
    StockClaim.objects.bulk_update([claim for claim, _ in parts], ["quantity"], batch_size=500)
    StockClaim.objects.bulk_create(
        StockClaim(
            store_id=claim.store_id,
            holder=made.pk,
            until=claim.until,
            sku_id=claim.sku_id,
            quantity=pieces,
        )
        for claim, pieces in parts
    )
