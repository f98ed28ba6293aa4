"""Holding open locks against the latest observations, and opening a renegotiation where they moved
(R-50 to R-53).

Which observations a lock was held against stands in the lock itself (`judged_by`). So a pass finds
what is still to be judged from rows alone, however the observation came in and whoever was dead at
that moment.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import structlog
from django.db.models import Case, F, QuerySet, When
from django.utils.translation import gettext as _

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock, policy
from marketplace.models import FxRate, FxRateSet, IndexClose, OrderClaim, StockClaim, Store
from marketplace.money import Rates
from marketplace.queries import base_close_of, close_on, young_rate_sets
from pricing import reminders
from pricing.frozen_values import rates_of_locks
from pricing.locks import LockEvent, LockStatus, next_lock_status
from pricing.models import Lock, Renegotiation
from pricing.services import event_publishing
from pricing.triggers import (
    INDEX_DAYS,
    TriggerKind,
    exact_change,
    is_beyond_limit,
    is_close_after_lock,
)

log = structlog.get_logger(__name__)

TRIGGER_ACTOR = "system:trigger"
LOCKS_A_PASS = 100
EIGHT_PLACES = Decimal("0.00000001")


@dataclass(frozen=True, kw_only=True, slots=True)
class MarketObservations:
    """What a lot is held against: publications and closes that are not stale; None where there is
    none."""

    published: Sequence[
        FxRateSet
    ] = ()  # the newest first: a lot goes by the first with both of its currencies
    close: IndexClose | None = None
    base: IndexClose | None = None  # of 7 calendar days before `close`, or the last before that

    @property
    def rates(self) -> FxRateSet | None:
        return self.published[0] if self.published else None

    @property
    def key(self) -> str:
        """Another one when a newer publication arrived, or a version of an earlier one."""
        last = max((row.pk for row in self.published), default=None)
        ids = [row and row.pk for row in (self.rates, self.close, self.base)]
        return ":".join(str(pk or "-") for pk in (*ids, *([last] if last != ids[0] else [])))


@dataclass(frozen=True, kw_only=True, slots=True)
class MarketMove:
    """A lock's trigger: beyond the limit."""

    lock: Lock
    kind: TriggerKind
    name: str
    base: Fraction
    new: Fraction
    limit: Decimal
    rates: FxRateSet | None  # what an exchange rate was read in; of an index, the newest


@dataclass(kw_only=True)
class TriggerPass:
    """What a pass did. `locks` counts those held against something new; fewer than the limit:
    nothing was left."""

    locks: int = 0
    opened: list[Renegotiation] = field(default_factory=list)
    stale: bool = (
        False  # live locks are open, and there is no publication young enough to hold them against
    )


def open_renegotiations(
    *,
    store: Store | None = None,
    at: dt.datetime | None = None,
    only: uuid.UUID | None = None,
    limit: int = LOCKS_A_PASS,
) -> TriggerPass:
    """One pass over open locks that the latest observations were not yet held against, at most
    `limit` of them.

    Call it in the transaction that tells the parties of what it opened: each renegotiation comes
    with its lock, which now is `renegotiating` until its `renegotiation_deadline` (half open), its
    claims held as long, its event told. Rows that another process holds are skipped; a confirmed
    or ended lock is never touched. `only` judges one lock, `at` as in `end_due`.
    """
    if at is not None and (store is None or not store.sandbox):
        raise Problem(
            Code.INPUT_INVALID, detail=_("Only a sandbox store can be judged at another instant.")
        )
    judged = TriggerPass()
    open_ = Lock.objects.filter(status=LockStatus.OPEN)
    open_ = open_.of(store) if store else open_
    open_ = open_.filter(pk=only) if only else open_
    for scope in _scopes(open_):
        left = limit - judged.locks
        if left <= 0:
            break
        _judge_scope(scope, open_, at, left, judged)
    return judged


def unjudged_locks(
    *, store: Store | None = None, at: dt.datetime | None = None, limit: int = 1000
) -> list[uuid.UUID]:
    """Open locks that the latest observations were not yet held against."""
    open_ = Lock.objects.filter(status=LockStatus.OPEN)
    open_ = open_.of(store) if store else open_
    found: list[uuid.UUID] = []
    for scope in _scopes(open_):
        rows, _observed = _unjudged_in_scope(scope, open_, at)
        found += rows.order_by("pk").values_list("pk", flat=True)[: limit - len(found)]
    return found


def find_market_moves(locks: Collection[Lock], *, now: dt.datetime) -> list[MarketMove]:
    """Of open locks of one store whose rows the caller holds, those that the latest observations
    have moved beyond."""
    found: list[MarketMove] = []
    for observed, some in _observations_by_series(locks, now):
        found += _market_moves(some, observed)
    return found


def open_moved(locks: Collection[Lock], *, now: dt.datetime, by: str) -> list[Renegotiation]:
    """Opens a renegotiation of each open lock of one store, held by the caller, that is
    `find_market_moves`."""
    opened: list[Renegotiation] = []
    for observed, some in _observations_by_series(locks, now):
        opened += _renegotiate_moves(_market_moves(some, observed), observed, now=now, by=by)
    return opened


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Who shares observations: all live stores, or one sandbox store; and the lots' exposure."""

    sandbox: Store | None
    series: str

    @property
    def offset(self) -> dt.timedelta:
        return self.sandbox.clock_offset if self.sandbox else dt.timedelta(0)

    def of(self, locks: QuerySet[Lock]) -> QuerySet[Lock]:
        locks = locks.filter(index_series=self.series)
        return (
            locks.filter(store=self.sandbox) if self.sandbox else locks.filter(store__sandbox=False)
        )


def _scopes(open_: QuerySet[Lock]) -> list[Scope]:
    """Two queries. The live stores come first."""
    own = Case(When(store__sandbox=True, then=F("store_id")))
    rows = open_.order_by().annotate(own=own).values_list("own", "index_series").distinct()
    found = sorted(rows, key=lambda row: (row[0] or 0, row[1]))
    sandboxes = Store.objects.in_bulk([own for own, _series in found if own])
    return [Scope(sandbox=sandboxes.get(own), series=series) for own, series in found]


def _judge_scope(
    scope: Scope, open_: QuerySet[Lock], at: dt.datetime | None, limit: int, judged: TriggerPass
) -> None:
    rows, observed = _unjudged_in_scope(scope, open_, at)
    judged.stale |= observed.rates is None and scope.sandbox is None
    held = list(
        rows.order_by("store_id", "pk").select_for_update(of=("self",), skip_locked=True)[:limit]
    )
    if not held:
        return
    now = at or clock.now() + scope.offset
    locks = [lock for lock in held if lock.expires_at > now]
    judged.locks += len(held)
    judged.opened += _judge_locks(locks, observed, now)
    Lock.objects.filter(pk__in=[lock.pk for lock in held]).update(judged_by=observed.key)


def _unjudged_in_scope(
    scope: Scope, open_: QuerySet[Lock], at: dt.datetime | None
) -> tuple[QuerySet[Lock], MarketObservations]:
    observed = latest_observations(
        scope.series, at or clock.now() + scope.offset, store=scope.sandbox
    )
    rows = scope.of(open_)
    return rows.exclude(judged_by=observed.key).select_related("store"), observed


def latest_observations(
    series: str, now: dt.datetime, *, store: Store | None
) -> MarketObservations:
    """The newest observations at an instant that may act: a stale one never does (reliability 15).

    `store` None: for any live store. Which of them is stale is judged by the policies in force now.
    """
    ages = policy.in_force(now)
    sandbox = bool(store and store.sandbox)
    published = young_rate_sets(now, store=store, max_age_days=int(ages["fx_max_age_days"]))
    close = close_on(series, now.date(), sandbox=sandbox) if series else None
    if close is None or (now.date() - close.closed_on).days > int(ages["index_max_age_days"]):
        return MarketObservations(published=published)
    base = base_close_of(close, close.closed_on - INDEX_DAYS, sandbox=sandbox)
    return MarketObservations(published=published, close=close, base=base)


def _observations_by_series(
    locks: Collection[Lock], now: dt.datetime
) -> Iterator[tuple[MarketObservations, list[Lock]]]:
    by_series: dict[str, list[Lock]] = defaultdict(list)
    for lock in locks:
        by_series[lock.index_series].append(lock)
    for series, some in by_series.items():
        yield latest_observations(series, now, store=some[0].store), some


def _judge_locks(
    locks: Collection[Lock], observed: MarketObservations, now: dt.datetime
) -> list[Renegotiation]:
    if not locks:
        return []
    moves = _market_moves(locks, observed)
    opened = _renegotiate_moves(moves, observed, now=now, by=TRIGGER_ACTOR)
    touched_ids = {move.lock.pk for move in moves}
    by_store: dict[int, list[Lock]] = defaultdict(list)
    for lock in locks:
        by_store[lock.store_id].append(lock)
    for store_id, some in sorted(by_store.items()):
        ledger.record(
            store_id=store_id,
            kind="triggers.judged",
            subject=f"store:{store_id}",
            by=TRIGGER_ACTOR,
            at=now,
            **_observation_ids(observed),
            locks={str(lock.pk): lock.rate_set_id for lock in some},
            opened=sorted(str(lock.pk) for lock in some if lock.pk in touched_ids),
        )
    return opened


def _observation_ids(observed: MarketObservations) -> dict[str, int | None]:
    return {
        "rate_set": observed.rates and observed.rates.pk,
        "close": observed.close and observed.close.pk,
        "base_close": observed.base and observed.base.pk,
    }


def _market_moves(locks: Collection[Lock], observed: MarketObservations) -> list[MarketMove]:
    """By exchange rate first: a lot that both have moved is renegotiated once, for the first
    reason."""
    found = [*_fx_moves(locks, observed.published)]
    by_fx = {move.lock.pk for move in found}
    return found + [move for move in _index_moves(locks, observed) if move.lock.pk not in by_fx]


def _fx_moves(locks: Collection[Lock], published: Sequence[FxRateSet]) -> Iterator[MarketMove]:
    """R-50: the order's currency against the store's settlement currency, cumulative against the
    values of the lock.

    Against what the lock has kept, never the rows that it was read from: a rate changed behind an
    open lock moves nothing. By the last publication that has both currencies: one whose newest
    rate waits in quarantine goes by its last good one.
    """
    exposed = [
        lock for lock in locks if published and lock.currency != lock.store.settlement_currency
    ]
    if not exposed:
        return
    frozen, tables = rates_of_locks(exposed), _rates_by_set(published)
    for lock in exposed:
        pair = lock.currency, lock.store.settlement_currency
        base = frozen[lock.pk]
        latest = next((row for row in published if tables[row.pk].knows(*pair)), None)
        if latest is None or not base.knows(*pair):
            log.warning("rate_missing", lock=str(lock.pk), pair=pair)
            continue
        if latest.pk == base.id or latest.published_on < base.published_on:
            continue
        before, after = base.cross(*pair), tables[latest.pk].cross(*pair)
        if is_beyond_limit(TriggerKind.FX, before, after, limit=lock.fx_trigger):
            yield MarketMove(
                lock=lock,
                kind=TriggerKind.FX,
                name="/".join(pair),
                base=before,
                new=after,
                limit=lock.fx_trigger,
                rates=latest,
            )


def _rates_by_set(sets: Collection[FxRateSet]) -> dict[int, Rates]:
    """One query for any number of sets."""
    per_euro: dict[int, dict[str, Decimal]] = {row.pk: {} for row in sets}
    for pk, currency, rate in FxRate.objects.filter(rate_set__in=per_euro).values_list(
        "rate_set_id", "currency", "per_euro"
    ):
        per_euro[pk][currency] = rate
    return {
        row.pk: Rates(
            id=row.pk, source=row.source, published_on=row.published_on, per_euro=per_euro[row.pk]
        )
        for row in sets
    }


def _index_moves(locks: Collection[Lock], observed: MarketObservations) -> Iterator[MarketMove]:
    """R-51: the last close over the one of 7 days earlier; only a close that reached us after the
    lock."""
    close, base = observed.close, observed.base
    if close is None or base is None:
        return
    for lock in locks:
        after = is_close_after_lock(
            closed_on=close.closed_on,
            close_id=close.pk,
            locked_at=lock.locked_at,
            closes_seen=lock.closes_seen,
        )
        values = Fraction(base.value), Fraction(close.value)
        if (
            lock.index_series
            and after
            and is_beyond_limit(TriggerKind.INDEX, *values, limit=lock.index_trigger)
        ):
            yield MarketMove(
                lock=lock,
                kind=TriggerKind.INDEX,
                name=lock.index_series,
                base=values[0],
                new=values[1],
                limit=lock.index_trigger,
                rates=observed.rates,
            )


def _renegotiate_moves(
    moves: Collection[MarketMove], observed: MarketObservations, *, now: dt.datetime, by: str
) -> list[Renegotiation]:
    """Guarded as every move of a lock is: from open, before its end, all of them or none."""
    made = [_build_renegotiation(move, observed, now=now, by=by) for move in moves]
    by_deadline: dict[dt.datetime, list[Lock]] = defaultdict(list)
    for renegotiation in made:
        by_deadline[renegotiation.deadline_at].append(renegotiation.lock)
    for deadline, locks in by_deadline.items():
        _suspend_locks(locks, deadline, observed, now)
    Renegotiation.objects.bulk_create(made)
    event_publishing.publish_lock_states([renegotiation.lock for renegotiation in made], at=now)
    return made


def _build_renegotiation(
    move: MarketMove, observed: MarketObservations, *, now: dt.datetime, by: str
) -> Renegotiation:
    lock = move.lock
    return Renegotiation(
        store_id=lock.store_id,
        lock=lock,
        kind=move.kind,
        base_rate_set_id=lock.rate_set_id,
        new_rate_set=move.rates,
        base_close=observed.base,
        new_close=observed.close,
        name=move.name,
        base_value=_to_decimal(move.base),
        new_value=_to_decimal(move.new),
        change=exact_change(move.base, move.new),
        limit=move.limit,
        opened_at=now,
        opened_by=by,
        deadline_at=now + dt.timedelta(hours=lock.renegotiation_hours),
    )


def _suspend_locks(
    locks: Collection[Lock], deadline: dt.datetime, observed: MarketObservations, now: dt.datetime
) -> None:
    target = next_lock_status(LockStatus.OPEN, LockEvent.TRIGGER)
    values = {
        "status": target,
        "renegotiation_deadline": deadline,
        "judged_by": observed.key,
        "next_reminder_at": reminders.next_stage_at(
            reminders.RENEGOTIATION_STAGES, ends_at=deadline, now=now
        ),
    }
    ids = [lock.pk for lock in locks]
    rows = Lock.objects.filter(pk__in=ids, status=LockStatus.OPEN, expires_at__gt=now)
    if rows.update(**values) != len(locks):
        raise Problem(Code.STATE_CONFLICT, state="ended", event=str(LockEvent.TRIGGER))
    for lock in locks:
        for name, value in values.items():
            setattr(lock, name, value)
    for claims in (OrderClaim, StockClaim):
        claims.objects.filter(holder__in=ids, released_at=None).update(until=deadline)


def _to_decimal(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(EIGHT_PLACES)
