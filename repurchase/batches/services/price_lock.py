"""锁价并发送: the lots of a plan get their locks, the buyer a letter with a link (R-46 to R-49)."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal

from django.db import transaction

from diagnostics import ledger, proofs
from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility import party_questions
from marketplace import clock
from marketplace.queries import require_decided
from outbox import emails
from pricing import frozen_values, signing
from pricing import services as pricing
from pricing.frozen_values import PricingBasis
from pricing.models import FrozenValues, Grant, Lock, LockTerms
from qualification.queries import require_open
from repurchase.batches.queries.customisations import customisations_to_confirm
from repurchase.batches.queries.lot_terms import CustomisationsByOrder, encode_terms
from repurchase.batches.services import event_publishing, order_closing, rechecks, stock_refresh
from repurchase.batches.services.batches import require_fresh
from repurchase.batches.services.edits import require_idle
from repurchase.batches.services.rechecks import PlanLosses
from repurchase.models import Batch, LineOutcome, RepeatLine, RepeatOrder, batch_states
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus, source_states

LotKey = tuple[str, str]  # (currency, index series): ADR 3


def lock_and_invite(
    *, batch: Batch, by: str, asks: bool = False, agreed: str = "", most: Decimal | None = None
) -> list[Lock]:
    """Locks every planned order's price for 72 h and writes to the buyer; what fails a check by
    now leaves the plan.

    Stock that is stale by now is read anew first (R-80), before any row is held and in a
    transaction of its own. With `asks`, LOCK_LEAVES_OUT when more than a ⚙ share of the money
    would leave, unless `agreed` is its digest; so too when more than the share `most` would,
    whatever was agreed. Raises QUALIFICATION_REQUIRED and the other gates' codes, NOTHING_TO_LOCK,
    FX_RATE_STALE, EDIT_AT_WORK, DRY_RUN_ONLY, PLAN_STALE, ORDER_ALREADY_LOCKED, STOCK_SYNC_STALE,
    and what `rechecking.recheck` refuses by; then nothing else is written but the question on a
    party that may be listed.
    """
    stock_refresh.refresh(batch)
    try:
        return _lock_and_invite(batch=batch, by=by, asks=asks, agreed=agreed, most=most)
    except Problem as problem:
        party_questions.ask_after_refusal(
            problem, store=batch.store, subject=f"batch:{batch.ref}", by=by
        )
        raise


@transaction.atomic
def _lock_and_invite(
    *, batch: Batch, by: str, asks: bool, agreed: str, most: Decimal | None
) -> list[Lock]:
    batch = (
        Batch.objects.select_for_update(of=("self",))
        .select_related("store", "buyer", "rate_set")
        .get(pk=batch.pk)
    )
    if batch.status != BatchStatus.PLANNED:
        raise Problem(Code.STATE_CONFLICT, state=batch.status, event="lock")
    if batch.dry_run:
        raise Problem(Code.DRY_RUN_ONLY)
    require_idle(batch)
    now = clock.now(batch.store)
    require_open(batch.store, now)  # it may have lapsed since the plan was screened
    require_fresh(batch, now)
    _require_decided_rates(batch, now)
    left = _recheck_plan(batch, asks=asks, agreed=agreed, most=most)
    by_lot = _group_by_lot(
        list(batch.orders.filter(status=OrderStatus.PLANNED).order_by("position"))
    )
    locks, ended = pricing.lock_lots(
        store=batch.store,
        buyer=batch.buyer,
        subject=batch.ref,
        lots=_build_lots(batch, by_lot),
        rate_set_id=batch.rate_set_id,
        index_close_id=batch.index_close_id,
        hours=int(batch.policies["lock_hours"]),
        by=by,
        stock_max_age=stock_refresh.max_age(batch),
        frozen=frozen_values.freeze(
            store=batch.store,
            subject=batch.ref,
            rate_set_id=batch.rate_set_id,
            index_close_id=batch.index_close_id,
            priced_by=_priced_by(batch),
        ),
    )
    require_open(
        batch.store, locks[0].locked_at
    )  # the rows may have been waited for beyond its end
    order_closing.end_orders(ended, by="system:lock")
    _move_to_locked(locks, by_lot)
    batch.status = batch_states.advance(BatchStatus(batch.status), batch_states.BatchEvent.LOCK)
    batch.left_at_lock = left.kept()
    batch.save(update_fields=["status", "left_at_lock"])
    event_publishing.publish_batch(batch, at=locks[0].locked_at)
    event_publishing.publish_orders(batch.orders.filter(lock__in=locks), at=locks[0].locked_at)
    _invite_and_record(batch, locks, by)
    return locks


def _require_decided_rates(batch: Batch, now: dt.datetime) -> None:
    """A currency's rate may have gone to quarantine since the plan: nothing is locked in it or
    into it then."""
    planned = batch.orders.filter(status=OrderStatus.PLANNED)
    currencies = {
        batch.store.settlement_currency,
        *planned.values_list("currency", flat=True).distinct(),
    }
    require_decided(currencies, now, store=batch.store, published_on=batch.rate_set.published_on)


def _recheck_plan(batch: Batch, *, asks: bool, agreed: str, most: Decimal | None) -> PlanLosses:
    """The checks of the plan once more, now that they count: what they read is held, so rivals
    wait here."""
    orders = batch.orders.filter(status=OrderStatus.PLANNED)
    past_order_ids = list(orders.values_list("past_order_id", flat=True))
    if not past_order_ids:
        raise Problem(Code.NOTHING_TO_LOCK)
    lines = RepeatLine.objects.filter(order__in=orders, outcome=LineOutcome.PLANNED)
    now = pricing.hold_goods(
        store=batch.store,
        past_order_ids=past_order_ids,
        stock_max_age=stock_refresh.max_age(batch),
        sku_ids=set(lines.values_list("sku_id", flat=True)),
    )
    left = rechecks.recheck(batch, now=now)
    if asks:
        rechecks.refuse_unless_agreed(left, now=now, agreed=agreed)
    if most is not None:
        rechecks.refuse_beyond(left, most)
    rechecks.leave_out(batch, left, at=now)
    return left


def _priced_by(batch: Batch) -> PricingBasis:
    """What the plan was priced by, at the one instant that it is as of: the lock keeps it."""
    planned = RepeatLine.objects.filter(
        order__batch=batch, order__status=OrderStatus.PLANNED, outcome=LineOutcome.PLANNED
    )
    categories = planned.values_list("sku__category_id", flat=True).distinct()
    countries = planned.values_list("order__ship_to__country", flat=True).distinct()
    return PricingBasis(
        at=batch.screened_at,
        countries=set(countries),
        category_ids=set(categories),
        policies=batch.policies,
    )


def _group_by_lot(orders: Sequence[RepeatOrder]) -> dict[LotKey, list[RepeatOrder]]:
    lots: dict[LotKey, list[RepeatOrder]] = defaultdict(list)
    for order in orders:
        lots[order.currency, order.index_series].append(order)
    return lots


def _build_lots(batch: Batch, by_lot: dict[LotKey, list[RepeatOrder]]) -> list[pricing.LotToLock]:
    lines: dict[int, list[tuple]] = defaultdict(list)
    for order_id, *line in (
        RepeatLine.objects.filter(
            order__batch=batch, order__status=OrderStatus.PLANNED, outcome=LineOutcome.PLANNED
        )
        .order_by("order_id", "line_no")
        .values_list("order_id", "line_no", "sku_id", "quantity", "total_minor")
    ):
        lines[order_id].append(tuple(line))
    services = _confirmed_with_terms(batch)
    return [_build_lot(key, orders, lines, services) for key, orders in sorted(by_lot.items())]


def _confirmed_with_terms(batch: Batch) -> CustomisationsByOrder:
    """The customised services that the buyer is asked to confirm, by order: part of the terms
    (R-15)."""
    services: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for view in customisations_to_confirm(batch):
        services[view.order.pk].append((view.line_no or 0, view.text))
    return services


def _build_lot(
    key: LotKey,
    orders: Sequence[RepeatOrder],
    lines: dict[int, list[tuple]],
    services: CustomisationsByOrder,
) -> pricing.LotToLock:
    stock: Counter[int] = Counter()
    for order in orders:
        for _, sku_id, quantity, _ in lines[order.pk]:
            stock[sku_id] += quantity
    return pricing.LotToLock(
        currency=key[0],
        index_series=key[1],
        order_count=len(orders),
        total_minor=sum(order.total_minor for order in orders),
        terms=encode_terms(orders, lines, services),
        past_order_ids=[order.past_order_id for order in orders],
        stock=stock,
    )


def _move_to_locked(locks: Sequence[Lock], by_lot: dict[LotKey, list[RepeatOrder]]) -> None:
    for lock in locks:
        ids = [order.pk for order in by_lot[lock.currency, lock.index_series]]
        RepeatOrder.objects.filter(pk__in=ids, status__in=source_states(OrderStatus.LOCKED)).update(
            status=OrderStatus.LOCKED, lock=lock, changed_at=lock.locked_at
        )


def _invite_and_record(batch: Batch, locks: Sequence[Lock], by: str) -> None:
    at = locks[0].locked_at
    grant = signing.ensure_grant(
        store=batch.store, buyer=batch.buyer, subject=batch.ref, by=by, now=at
    )
    emails.write(
        kind="repurchase.invitation",
        store_id=batch.store_id,
        dedupe=f"invitation:{batch.ref}:{grant.pk}:{grant.version}",
        grant=str(grant.pk),
        batch=batch.pk,
    )
    ledger.record(
        store_id=batch.store_id,
        kind="batch.locked",
        subject=f"batch:{batch.ref}",
        by=by,
        at=at,
        left=batch.left_at_lock,
        grant=str(grant.pk),
        frozen=locks[0].frozen.digest,
        rows=_row_digests(locks, grant),
        recipient_digest=ledger.digest_of_person(batch.buyer.email),
        locks=[
            {
                "id": str(lock.pk),
                "currency": lock.currency,
                "index": lock.index_series,
                "orders": lock.order_count,
                "total_minor": lock.total_minor,
                "terms_digest": lock.terms_digest,
                "expires_at": lock.expires_at,
                "rate_set": lock.rate_set_id,
                "index_close": lock.index_close_id,
            }
            for lock in locks
        ],
    )


def _row_digests(locks: Sequence[Lock], grant: Grant) -> dict[str, dict]:
    """Digests of the rows that this lock rests on: `verify_ledger` holds them against the
    tables."""
    return proofs.digest_rows(
        Lock.objects.filter(pk__in=[lock.pk for lock in locks]),
        LockTerms.objects.filter(lock__in=locks),
        FrozenValues.objects.filter(pk__in={lock.frozen_id for lock in locks}),
        Grant.objects.filter(pk=grant.pk),
    )
