"""What lapses or changes before a planned lock or a promised delivery, 60, 30 and 7 days ahead
(B-9). Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

HORIZON_DAYS = 60
BANDS = (7, 30, 60)


class Kind(StrEnum):
    """What it is; `CHANGING` ones don't stop an order but price it anew until it is locked."""

    CERTIFICATE = "certificate"
    REGISTRATION = "registration"
    QUALIFICATION = "qualification"
    DOCUMENT = "document"
    TAX = "tax"
    COMMISSION = "commission"
    FREIGHT = "freight"
    PRICE = "price"


CHANGING = frozenset({Kind.TAX, Kind.COMMISSION, Kind.FREIGHT, Kind.PRICE})
TO_DELIVERY = frozenset({Kind.CERTIFICATE, Kind.REGISTRATION})
"""Needed until the goods are there; everything else until the prices are locked."""

Key = tuple[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """`last_day` is the last one on which it holds. `keys`: an order with one of them needs it."""

    kind: Kind
    subject: str
    last_day: dt.date
    keys: frozenset[Key]
    then: str = ""  # what follows, where that is known


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """Orders of a batch that are still to be locked or delivered."""

    batch: str
    orders: int
    keys: frozenset[Key]
    locked: bool
    delivery_day: dt.date  # as promised


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """A batch that needs it on a day when it no longer holds.

    `at_lock`: unless it is locked before that day; else that day is its first promised delivery
    too late.
    """

    batch: str
    orders: int
    day: dt.date
    at_lock: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Lapse:
    """An end of validity in sight, and whom it meets."""

    end: End
    days_left: int  # to the last day, today's included as 0; below 0: it has lapsed
    band: int  # 7, 30 or 60; 0 once it has lapsed
    hits: tuple[Hit, ...]

    @property
    def orders(self) -> int:
        return sum(hit.orders for hit in self.hits)


def lapses(ends: Iterable[End], needs: Sequence[Need], *, today: dt.date) -> list[Lapse]:
    """Soonest first. What changes, or has lapsed, is told only where an order meets it."""
    made = [_lapse(end, needs, today) for end in ends]
    return sorted((w for w in made if w), key=lambda w: (w.end.last_day, w.end.kind, w.end.subject))


def _lapse(end: End, needs: Sequence[Need], today: dt.date) -> Lapse | None:
    left = (end.last_day - today).days
    if left >= HORIZON_DAYS:
        return None
    hits = tuple(_hits(end, needs))
    if not hits and (left < 0 or end.kind in CHANGING):
        return None
    return Lapse(end=end, days_left=left, band=_band(left), hits=hits)


def _band(left: int) -> int:
    return 0 if left < 0 else next(band for band in BANDS if left < band)


def _hits(end: End, needs: Iterable[Need]) -> Iterable[Hit]:
    by_batch: dict[str, Hit] = {}
    for need in needs:
        if not end.keys & need.keys or (met := _met(end, need)) is None:
            continue
        day, at_lock = met
        before = by_batch.get(need.batch)
        by_batch[need.batch] = Hit(
            batch=need.batch,
            orders=need.orders + (before.orders if before else 0),
            day=min(day, before.day) if before else day,
            at_lock=at_lock or (before.at_lock if before else False),
        )
    return sorted(by_batch.values(), key=lambda hit: (hit.day, hit.batch))


def _met(end: End, need: Need) -> tuple[dt.date, bool] | None:
    """A plan has to be locked while it holds; what is needed at the destination has to hold until
    the delivery."""
    if end.kind in TO_DELIVERY:
        return (need.delivery_day, False) if need.delivery_day > end.last_day else None
    return None if need.locked else (end.last_day + dt.timedelta(days=1), True)
