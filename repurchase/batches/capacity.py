"""Finite capacity per production group and day (R-18). Pure.

The model: a group makes so many pieces on each calendar day; what an order takes of it has to be
made by its day of dispatch (the promised day of delivery less the days in transit), on any day
after the one it is asked on. Work is done in the order of its due days, which meets every date
that can be met at all. So a plan is feasible exactly when on each due day no more is due by then
than can be made by then; the first day on which that fails is the first that overflows.
"""

import datetime as dt
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

PROMISE_HORIZON = dt.timedelta(days=365)
"""A promise is looked for this far ahead."""

PiecesByDueDay = Mapping[dt.date, int]
"""Pieces by the day on which they have to leave."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupCapacity:
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
class PromisedWork:
    """Pieces of one group that are promised for a day and travel so long."""

    group_id: int
    promised: dt.date
    transit_days: int
    pieces: int

    @property
    def due(self) -> dt.date:
        return self.promised - dt.timedelta(days=self.transit_days)


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityOverflow:
    group: GroupCapacity
    day: dt.date  # the first on which more is due than can be made
    needed: int  # pieces due by that day
    capacity: int  # pieces that can be made by that day
    earliest: (
        dt.date | None
    )  # the first promise for all of the work asked about that works; None: none in a year

    @property
    def evidence(self) -> dict[str, str | int]:
        """R-18: the first day that overflows and the earliest promise that works."""
        return {
            "group": self.group.name,
            "day": self.day.isoformat(),
            "needed": self.needed,
            "limit": self.capacity,
            "earliest": self.earliest.isoformat() if self.earliest else "—",
        }


def first_overflow(
    group: GroupCapacity, due: PiecesByDueDay, *, after: dt.date
) -> tuple[dt.date, int, int] | None:
    """(day, pieces due by it, pieces that can be made by it) of the first day that overflows."""
    needed = 0
    for day in sorted(due):
        needed += due[day]
        can = group.makes_by(day, after=after)
        if needed > can:
            return day, needed, can
    return None


def find_overflow(
    groups: Sequence[GroupCapacity],
    *,
    asked: Sequence[PromisedWork],
    kept: Sequence[PromisedWork],
    after: dt.date,
) -> CapacityOverflow | None:
    """Whether `asked` can be made beside `kept`; if not, the first overflow and the promise that
    would work.

    `kept` stays as it is promised. Only groups that `asked` draws on are looked at: for the others
    nothing changes.
    """
    found = []
    for group in groups:
        mine = [work for work in asked if work.group_id == group.id and work.pieces]
        others = [work for work in kept if work.group_id == group.id]
        over = (
            first_overflow(group, _pieces_by_due_day([*mine, *others]), after=after)
            if mine
            else None
        )
        if over:
            found.append((over, group, _earliest_promise(group, mine, others, after)))
    if not found:
        return None
    (day, needed, can), group, _ = min(found, key=lambda each: (each[0][0], each[1].code))
    promises = [earliest for *_, earliest in found]
    works = None if None in promises else max(day for day in promises if day)
    return CapacityOverflow(group=group, day=day, needed=needed, capacity=can, earliest=works)


class CapacityAllocator:
    """Gives finite capacity to orders one after the other: each that still fits beside what is
    kept and was given."""

    def __init__(
        self, groups: Sequence[GroupCapacity], *, kept: Sequence[PromisedWork], after: dt.date
    ) -> None:
        self._after = after
        self._groups = {group.id: group for group in groups}
        self._can: dict[tuple[int, dt.date], int] = {}
        self._due = {
            group.id: _pieces_by_due_day([w for w in kept if w.group_id == group.id])
            for group in groups
        }

    def give(self, works: Sequence[PromisedWork]) -> CapacityOverflow | None:
        """None when all of it can be made, and is given; else the first overflow, and nothing is
        given."""
        for work in works:
            self._due[work.group_id][work.due] += work.pieces
        for group_id in sorted(
            {work.group_id for work in works}, key=lambda g: self._groups[g].code
        ):
            if over := self._find_overflow(self._groups[group_id]):
                for work in works:
                    self._due[work.group_id][work.due] -= work.pieces
                return self._with_earliest_promise(
                    over, [work for work in works if work.group_id == group_id]
                )
        return None

    def _with_earliest_promise(
        self, over: CapacityOverflow, mine: Sequence[PromisedWork]
    ) -> CapacityOverflow:
        given = [
            PromisedWork(group_id=over.group.id, promised=day, transit_days=0, pieces=pieces)
            for day, pieces in self._due[over.group.id].items()
        ]
        return replace(over, earliest=_earliest_promise(over.group, mine, given, self._after))

    def _find_overflow(self, group: GroupCapacity) -> CapacityOverflow | None:
        needed = 0
        for day in sorted(due := self._due[group.id]):
            needed += due[day]
            can = self._capacity_until(group, day)
            if needed > can:
                return CapacityOverflow(
                    group=group, day=day, needed=needed, capacity=can, earliest=None
                )
        return None

    def _capacity_until(self, group: GroupCapacity, day: dt.date) -> int:
        key = group.id, day
        if key not in self._can:
            self._can[key] = group.makes_by(day, after=self._after)
        return self._can[key]


def _earliest_promise(
    group: GroupCapacity,
    asked: Sequence[PromisedWork],
    kept: Sequence[PromisedWork],
    after: dt.date,
) -> dt.date | None:
    """A later promise only ever helps, so the first that works is found by halving."""
    taken, pieces = _pieces_by_due_day(kept), Counter[int]()
    for work in asked:
        pieces[work.transit_days] += work.pieces

    def works(day: dt.date) -> bool:
        due = Counter(taken)
        for transit, n in pieces.items():
            due[day - dt.timedelta(days=transit)] += n
        return first_overflow(group, due, after=after) is None

    days = [after + dt.timedelta(days=n) for n in range(1, PROMISE_HORIZON.days + 1)]
    place = bisect_left(days, True, key=works)
    return days[place] if place < len(days) else None


def _pieces_by_due_day(works: Sequence[PromisedWork]) -> Counter[dt.date]:
    due: Counter[dt.date] = Counter()
    for work in works:
        due[work.due] += work.pieces
    return due
