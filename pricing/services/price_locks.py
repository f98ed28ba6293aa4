"""Taking a price lock: past orders and stock are claimed with it, or nothing is (R-10, R-46 to
R-48)."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Sum

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock, policy, queries
from marketplace.models import Buyer, OrderClaim, PastOrder, Sku, StockClaim, Store
from marketplace.stock_age import is_stale
from pricing import reminders
from pricing.agreements import digest_of
from pricing.models import FrozenValues, Lock, LockTerms
from pricing.services import event_publishing, lock_endings

NAMED_ORDERS = 20
"""So many orders are named in a refusal; a batch has thousands."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LotToLock:
    """What one lock holds: orders that share a currency and an index exposure (ADR 3)."""

    currency: str
    index_series: str
    order_count: int
    total_minor: int
    terms: bytes  # every order, line and price, as the buyer is asked to agree to them
    past_order_ids: Sequence[int]
    stock: Mapping[int, int]  # SKU id → pieces


def hold_goods(
    *,
    store: Store,
    past_order_ids: Collection[int],
    sku_ids: Collection[int],
    stock_max_age: dt.timedelta | None = None,
) -> dt.datetime:
    """Takes the rows of past orders and SKUs, so that what is read of them after this stands until
    the lock; when.

    ORDER_UNKNOWN, and STOCK_SYNC_STALE with `stock_max_age`.
    """
    _hold_past_orders(store, past_order_ids)
    skus = _hold_skus(store, sku_ids)
    now = clock.now(store)  # every rival for these goods waits at the rows above (reliability 2)
    if stock_max_age is not None:
        _refuse_stale_stock(skus, now, stock_max_age)
    return now


def lock_lots(
    *,
    store: Store,
    buyer: Buyer,
    subject: str,
    lots: Sequence[LotToLock],
    rate_set_id: int,
    index_close_id: int | None,
    hours: int,
    by: str,
    frozen: FrozenValues,
    stock_max_age: dt.timedelta | None = None,
) -> tuple[list[Lock], list[Lock]]:
    """(a lock for each lot, in their order; other locks that were due and stood in the way, now
    expired).

    `frozen`: what these lots were priced by, kept for as long as they live
    (`pricing.frozen_values`). The caller moves the orders of both, in the same transaction.
    ORDER_ALREADY_LOCKED, STOCK_SYNC_STALE (with `stock_max_age`), STOCK_TOO_LOW, ORDER_UNKNOWN;
    then nothing may be committed.
    """
    past_order_ids = [i for lot in lots for i in lot.past_order_ids]
    needed = sum((Counter(lot.stock) for lot in lots), Counter())
    _hold_past_orders(store, past_order_ids)
    skus = _hold_skus(store, needed)
    # Every rival for these goods waits at the rows above, so this one reading decides (reliability
    # 2).
    now = clock.now(store)
    ended = _end_expired_rivals(store, past_order_ids, needed, now)
    _refuse_held_orders(past_order_ids)
    if stock_max_age is not None:
        _refuse_stale_stock(skus, now, stock_max_age)
    _refuse_low_stock(skus, needed)
    until = now + dt.timedelta(hours=hours)
    kept = _lock_policies(now) | {"closes_seen": queries.newest_close_id()}
    locks = Lock.objects.bulk_create(
        Lock(
            store=store,
            buyer=buyer,
            subject=subject,
            currency=lot.currency,
            index_series=lot.index_series,
            rate_set_id=rate_set_id,
            index_close_id=index_close_id,
            frozen=frozen,
            order_count=lot.order_count,
            total_minor=lot.total_minor,
            terms_digest=digest_of(lot.terms),
            locked_at=now,
            locked_by=by,
            expires_at=until,
            next_reminder_at=reminders.next_stage_at(reminders.LOCK_STAGES, ends_at=until, now=now),
            **kept,
        )
        for lot in lots
    )
    LockTerms.objects.bulk_create(
        LockTerms(store=store, lock=taken, text=lot.terms)
        for taken, lot in zip(locks, lots, strict=True)
    )
    for taken, lot in zip(locks, lots, strict=True):
        _claim_goods(taken, lot)
    event_publishing.publish_lock_states(locks, at=now, new=True)
    return locks, ended


def _hold_skus(store: Store, sku_ids: Collection[int]) -> list[Sku]:
    return list(
        Sku.objects.filter(store=store, pk__in=sku_ids)
        .order_by("pk")
        .select_for_update(no_key=True)
    )


def _lock_policies(now: dt.datetime) -> dict[str, Any]:
    """The ⚙ values by which the lock is judged for as long as it lives."""
    values = policy.in_force(now)
    return {name: values[name] for name in ("fx_trigger", "index_trigger", "renegotiation_hours")}


def _hold_past_orders(store: Store, ids: Collection[int]) -> None:
    rows = (
        PastOrder.objects.filter(store=store, pk__in=ids)
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    unknown = set(ids) - set(rows.values_list("pk", flat=True))
    if unknown:
        raise Problem(Code.ORDER_UNKNOWN, orders=sorted(unknown)[:NAMED_ORDERS])


def _end_expired_rivals(
    store: Store, past_order_ids: Collection[int], sku_ids: Collection[int], now: dt.datetime
) -> list[Lock]:
    """Due locks that still hold these goods: a claim that has lapsed on read must not block a new
    lock."""
    lapsed = {"released_at": None, "until__lte": now}
    of_orders = OrderClaim.objects.filter(past_order__in=past_order_ids, **lapsed).values("holder")
    of_stock = StockClaim.objects.filter(sku__in=sku_ids, **lapsed).values("holder")
    holders = {row["holder"] for row in [*of_orders.distinct(), *of_stock.distinct()]}
    due = Lock.objects.of(store).due(now).filter(pk__in=holders).select_related("store")
    return lock_endings.end_by_clock(
        list(due.order_by("pk").select_for_update(of=("self",))), by="system:lock"
    )


def _refuse_held_orders(past_order_ids: Collection[int]) -> None:
    """One live lock a source order (pitfall 4). A claim under renegotiation holds beyond its end
    (R-53)."""
    held = OrderClaim.objects.filter(past_order__in=past_order_ids, released_at=None)
    numbers = list(
        held.order_by("past_order").values_list("past_order__number", flat=True)[:NAMED_ORDERS]
    )
    if numbers:
        until = held.aggregate(latest=Max("until"))["latest"]
        by = Lock.objects.filter(pk__in=held.values("holder")).order_by("subject")
        raise Problem(
            Code.ORDER_ALREADY_LOCKED,
            orders=numbers,
            value=until.isoformat() if until else "—",
            held_by=list(by.values_list("subject", flat=True).distinct()[:NAMED_ORDERS]),
        )


def _refuse_stale_stock(skus: Collection[Sku], now: dt.datetime, max_age: dt.timedelta) -> None:
    """R-70 at the moment of the lock: what was in sync at the plan may no longer be. Exactly
    `max_age` passes."""
    stale = [s for s in skus if is_stale(s.stock_synced_at, now=now, max_age=max_age)]
    if stale:
        known = [s.stock_synced_at for s in stale if s.stock_synced_at]
        raise Problem(
            Code.STOCK_SYNC_STALE,
            sku=[s.code for s in stale[:NAMED_ORDERS]],
            value=min(known).isoformat() if len(known) == len(stale) else "—",
            limit=int(max_age.total_seconds()) // 60,
        )


def _refuse_low_stock(skus: Collection[Sku], needed: Mapping[int, int]) -> None:
    """R-10: needed ≤ on hand − what other locks hold."""
    held = dict(
        StockClaim.objects.filter(sku__in=needed, released_at=None)
        .values_list("sku")
        .annotate(pieces=Sum("quantity"))
    )
    for sku in skus:
        available = sku.on_hand - held.get(sku.pk, 0)
        if needed[sku.pk] > available:
            raise Problem(
                Code.STOCK_TOO_LOW, sku=sku.code, needed=needed[sku.pk], available=max(available, 0)
            )


def _claim_goods(taken: Lock, lot: LotToLock) -> None:
    claim = {"store_id": taken.store_id, "holder": taken.pk, "until": taken.expires_at}
    OrderClaim.objects.bulk_create(OrderClaim(past_order_id=i, **claim) for i in lot.past_order_ids)
    StockClaim.objects.bulk_create(
        StockClaim(sku_id=i, quantity=pieces, **claim) for i, pieces in lot.stock.items() if pieces
    )
