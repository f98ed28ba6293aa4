"""What lapses or changes before a planned lock or a promised delivery, 60, 30 and 7 days ahead
(B-9). Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

HORIZON_DAYS = 60
BANDS = (7, 30, 60)


class ExpiryKind(StrEnum):
    """What it is; `PRICE_CHANGE_KINDS` ones don't stop an order but price it anew until it is
    locked."""

    CERTIFICATE = "certificate"
    REGISTRATION = "registration"
    QUALIFICATION = "qualification"
    DOCUMENT = "document"
    TAX = "tax"
    COMMISSION = "commission"
    FREIGHT = "freight"
    PRICE = "price"


PRICE_CHANGE_KINDS = frozenset(
    {ExpiryKind.TAX, ExpiryKind.COMMISSION, ExpiryKind.FREIGHT, ExpiryKind.PRICE}
)
TO_DELIVERY = frozenset({ExpiryKind.CERTIFICATE, ExpiryKind.REGISTRATION})
"""Needed until the goods are there; everything else until the prices are locked."""

ExpiryKey = tuple[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidityEnd:
    """`last_day` is the last one on which it holds. `keys`: an order with one of them needs it."""

    kind: ExpiryKind
    subject: str
    last_day: dt.date
    keys: frozenset[ExpiryKey]
    then: str = ""  # what follows, where that is known


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchNeed:
    """Orders of a batch that are still to be locked or delivered."""

    batch: str
    orders: int
    keys: frozenset[ExpiryKey]
    locked: bool
    delivery_day: dt.date  # as promised


@dataclass(frozen=True, kw_only=True, slots=True)
class AffectedBatch:
    """A batch that needs it on a day when it no longer holds.

    `at_lock`: unless it is locked before that day; else that day is its first promised delivery
    too late.
    """

    batch: str
    orders: int
    day: dt.date
    at_lock: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpiryAlert:
    """An end of validity in sight, and whom it meets."""

    end: ValidityEnd
    days_left: int  # to the last day, today's included as 0; below 0: it has lapsed
    band: int  # 7, 30 or 60; 0 once it has lapsed
    hits: tuple[AffectedBatch, ...]

    @property
    def orders(self) -> int:
        return sum(hit.orders for hit in self.hits)


def find_alerts(
    ends: Iterable[ValidityEnd], needs: Sequence[BatchNeed], *, today: dt.date
) -> list[ExpiryAlert]:
    """Soonest first. What changes, or has lapsed, is told only where an order meets it."""
    made = [_expiry_alert_of(end, needs, today) for end in ends]
    return sorted((w for w in made if w), key=lambda w: (w.end.last_day, w.end.kind, w.end.subject))


def _expiry_alert_of(
    end: ValidityEnd, needs: Sequence[BatchNeed], today: dt.date
) -> ExpiryAlert | None:
    left = (end.last_day - today).days
    if left >= HORIZON_DAYS:
        return None
    hits = tuple(_affected_batches(end, needs))
    if not hits and (left < 0 or end.kind in PRICE_CHANGE_KINDS):
        return None
    return ExpiryAlert(end=end, days_left=left, band=_days_left_band(left), hits=hits)


def _days_left_band(left: int) -> int:
    return 0 if left < 0 else next(band for band in BANDS if left < band)


def _affected_batches(end: ValidityEnd, needs: Iterable[BatchNeed]) -> Iterable[AffectedBatch]:
    by_batch: dict[str, AffectedBatch] = {}
    for need in needs:
        if not end.keys & need.keys or (met := _first_unmet_day(end, need)) is None:
            continue
        day, at_lock = met
        before = by_batch.get(need.batch)
        by_batch[need.batch] = AffectedBatch(
            batch=need.batch,
            orders=need.orders + (before.orders if before else 0),
            day=min(day, before.day) if before else day,
            at_lock=at_lock or (before.at_lock if before else False),
        )
    return sorted(by_batch.values(), key=lambda hit: (hit.day, hit.batch))


def _first_unmet_day(end: ValidityEnd, need: BatchNeed) -> tuple[dt.date, bool] | None:
    """A plan has to be locked while it holds; what is needed at the destination has to hold until
    the delivery."""
    if end.kind in TO_DELIVERY:
        return (need.delivery_day, False) if need.delivery_day > end.last_day else None
    return None if need.locked else (end.last_day + dt.timedelta(days=1), True)
