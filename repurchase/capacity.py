"""Finite capacity per production group and day (R-18). Pure.

The model: a group makes so many pieces on each calendar day; what an order takes of it has to be made by its
day of dispatch (the promised day of delivery less the days in transit), on any day after the one it is asked on.
Work is done in the order of its due days, which meets every date that can be met at all. So a plan is feasible
exactly when on each due day no more is due by then than can be made by then; the first day on which that
fails is the first that overflows.
"""

import datetime as dt
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

HORIZON = dt.timedelta(days=365)
"""A promise is looked for this far ahead."""

Due = Mapping[dt.date, int]
"""Pieces by the day on which they have to leave."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    id: int
    code: str
    name: str
    pieces_a_day: int
    exceptions: Mapping[dt.date, int] = field(default_factory=dict)

    def makes_by(self, day: dt.date, *, after: dt.date) -> int:
        """Pieces from the day after `after` up to and including `day`."""
        days = max((day - after).days, 0)
        special = [pieces for d, pieces in self.exceptions.items() if after < d <= day]
        return (days - len(special)) * self.pieces_a_day + sum(special)


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """Pieces of one group that are promised for a day and travel so long."""

    group_id: int
    promised: dt.date
    transit_days: int
    pieces: int

    @property
    def due(self) -> dt.date:
        return self.promised - dt.timedelta(days=self.transit_days)


@dataclass(frozen=True, kw_only=True, slots=True)
class Overflow:
    group: Group
    day: dt.date  # the first on which more is due than can be made
    needed: int  # pieces due by that day
    capacity: int  # pieces that can be made by that day
    earliest: (
        dt.date | None
    )  # the first promise for all of the work asked about that works; None: none in a year


def first_overflow(group: Group, due: Due, *, after: dt.date) -> tuple[dt.date, int, int] | None:
    """(day, pieces due by it, pieces that can be made by it) of the first day that overflows."""
    needed = 0
    for day in sorted(due):
        needed += due[day]
        can = group.makes_by(day, after=after)
        if needed > can:
            return day, needed, can
    return None


def check(
    groups: Sequence[Group], *, asked: Sequence[Work], kept: Sequence[Work], after: dt.date
) -> Overflow | None:
    """Whether `asked` can be made beside `kept`; if not, the first overflow and the promise that would work.

    `kept` stays as it is promised. Only groups that `asked` draws on are looked at: for the others nothing changes.
    """
    found = []
    for group in groups:
        mine = [work for work in asked if work.group_id == group.id and work.pieces]
        others = [work for work in kept if work.group_id == group.id]
        over = first_overflow(group, _due([*mine, *others]), after=after) if mine else None
        if over:
            found.append((over, group, _earliest(group, mine, others, after)))
    if not found:
        return None
    (day, needed, can), group, _ = min(found, key=lambda each: (each[0][0], each[1].code))
    promises = [earliest for *_, earliest in found]
    works = None if None in promises else max(day for day in promises if day)
    return Overflow(group=group, day=day, needed=needed, capacity=can, earliest=works)


def _earliest(group: Group, asked: Sequence[Work], kept: Sequence[Work], after: dt.date) -> dt.date | None:
    """A later promise only ever helps, so the first that works is found by halving."""
    taken, pieces = _due(kept), Counter[int]()
    for work in asked:
        pieces[work.transit_days] += work.pieces

    def works(day: dt.date) -> bool:
        due = Counter(taken)
        for transit, n in pieces.items():
            due[day - dt.timedelta(days=transit)] += n
        return first_overflow(group, due, after=after) is None

    days = [after + dt.timedelta(days=n) for n in range(1, HORIZON.days + 1)]
    place = bisect_left(days, True, key=works)
    return days[place] if place < len(days) else None


def _due(works: Sequence[Work]) -> Counter[dt.date]:
    due: Counter[dt.date] = Counter()
    for work in works:
        due[work.due] += work.pieces
    return due
