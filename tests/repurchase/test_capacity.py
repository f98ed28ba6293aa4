"""R-18: finite capacity per production group and day, against a table and against brute force."""

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repurchase.batches.capacity import (
    CapacityAllocator,
    GroupCapacity,
    PromisedWork,
    find_overflow,
    first_overflow,
)

PLAN = dt.date(2026, 11, 23)


def day(n: int) -> dt.date:
    return PLAN + dt.timedelta(days=n)


def group(
    pieces: int = 100, exceptions: dict[int, int] | None = None, pk: int = 1
) -> GroupCapacity:
    days = {day(n): made for n, made in (exceptions or {}).items()}
    return GroupCapacity(id=pk, code=f"g{pk}", name=f"G{pk}", pieces_a_day=pieces, exceptions=days)


def work(promised: int, pieces: int, *, transit: int = 0, of: int = 1) -> PromisedWork:
    return PromisedWork(group_id=of, promised=day(promised), transit_days=transit, pieces=pieces)


class TestCapacity:
    @pytest.mark.parametrize(
        ("due", "exceptions", "overflow"),
        [
            ({1: 100}, {}, None),  # exactly met
            ({1: 101}, {}, (1, 101, 100)),  # one more
            ({3: 300}, {}, None),  # three days together
            ({3: 301}, {}, (3, 301, 300)),
            ({0: 1}, {}, (0, 1, 0)),  # nothing can be made by the day of the plan itself
            ({1: 50, 2: 150}, {}, None),  # what the first day leaves free is used
            ({1: 50, 2: 151}, {}, (2, 201, 200)),
            # the first day that overflows is named, not the last
            ({1: 101, 9: 1}, {}, (1, 101, 100)),
            ({2: 100}, {1: 0}, None),  # a holiday
            ({2: 101}, {1: 0}, (2, 101, 100)),
            ({2: 350}, {2: 250}, None),  # a night shift
            ({2: 100, 4: 400}, {3: 0}, (4, 500, 300)),
            ({2: 200}, {3: 0}, None),  # a holiday after the due day takes nothing from it
            # nor does one on the day of the plan, of which nothing counts
            ({2: 200}, {0: 0}, None),
            ({2: 201}, {0: 900}, (2, 201, 200)),
        ],
    )
    def test_overflows_first_where_more_is_due_than_can_be_made(self, due, exceptions, overflow):
        found = first_overflow(
            group(exceptions=exceptions), {day(n): p for n, p in due.items()}, after=PLAN
        )
        assert found == (overflow and (day(overflow[0]), *overflow[1:]))

    @pytest.mark.parametrize(
        ("asked", "kept", "first", "earliest"),
        [
            ([work(3, 301)], [], 3, 4),
            ([work(3, 301, transit=2)], [], 1, 6),  # by day 1 leaves 100; 301 pieces leave by day 4
            ([work(1, 100)], [work(1, 1)], 1, 2),
            ([work(2, 100)], [work(5, 450)], 5, 6),  # a later order would be late
            ([work(1, 50), work(1, 60, transit=1)], [], 0, 2),  # 60 leave by day 1, all by day 2
            ([work(1, 40_000)], [], 1, None),  # not within a year
            ([work(9, 1)], [work(1, 101)], 1, None),  # what is kept can't be made by itself
        ],
    )
    def test_names_the_earliest_promise_that_works(self, asked, kept, first, earliest):
        found = find_overflow([group()], asked=asked, kept=kept, after=PLAN)
        assert found is not None
        assert found.day == day(first)
        assert found.earliest == (None if earliest is None else day(earliest))

    def test_leaves_a_group_alone_that_the_edit_does_not_draw_on(self):
        groups = [group(), group(pk=2)]
        assert (
            find_overflow(groups, asked=[work(1, 1, of=2)], kept=[work(1, 101)], after=PLAN) is None
        )

    def test_of_several_groups_names_the_first_day_and_the_promise_that_suits_all(self):
        groups = [group(), group(pk=2)]
        asked = [work(5, 600), work(4, 1000, of=2)]
        found = find_overflow(groups, asked=asked, kept=[], after=PLAN)
        assert found is not None
        assert (found.group.id, found.day, found.earliest) == (2, day(4), day(10))

    def test_is_told_with_the_earliest_promise_or_none(self):
        late, never = (
            find_overflow([group()], asked=[work(1, n)], kept=[], after=PLAN) for n in (101, 40_000)
        )
        told = {"group": "G1", "day": day(1).isoformat(), "limit": 100}
        assert late.evidence == told | {"needed": 101, "earliest": day(2).isoformat()}
        assert never.evidence == told | {"needed": 40_000, "earliest": "—"}

    @pytest.mark.parametrize(("pieces", "earliest"), [(36_500, 365), (36_501, None)])
    def test_is_looked_for_a_year_ahead(self, pieces, earliest):
        found = find_overflow([group()], asked=[work(1, pieces)], kept=[], after=PLAN)
        assert found.earliest == (earliest and day(earliest))


class TestOneOrderAfterTheOther:
    def test_gives_nothing_of_an_order_that_does_not_fit_whole(self):
        fitting = CapacityAllocator([group(), group(pk=2)], kept=[], after=PLAN)
        over = fitting.give([work(1, 100), work(1, 101, of=2)])
        assert (over.group.id, over.day, over.needed, over.capacity, over.earliest) == (
            2,
            day(1),
            101,
            100,
            day(2),
        )
        assert fitting.give([work(1, 100), work(1, 100, of=2)]) is None
        assert fitting.give([work(1, 1)]).needed == 101


works = st.lists(
    st.builds(work, st.integers(1, 12), st.integers(1, 60), transit=st.integers(0, 3)),
    min_size=1,
    max_size=5,
)


def feasible(made: dict[dt.date, int], asked: list[PromisedWork]) -> bool:
    """By hand: piece after piece, the most urgent first, on the first day that still has room."""
    left = Counter(made)
    for each in sorted(asked, key=lambda w: w.due):
        for _ in range(each.pieces):
            free = next((d for d in sorted(left) if left[d] and d <= each.due), None)
            if free is None:
                return False
            left[free] -= 1
    return True


class TestTheSolver:
    @settings(max_examples=100, deadline=None)
    @given(per_day=st.integers(1, 40), orders=st.lists(works, min_size=1, max_size=4), kept=works)
    def test_gives_an_order_exactly_what_a_check_beside_the_given_ones_allows(
        self, per_day, orders, kept
    ):
        of = group(per_day)
        fitting = CapacityAllocator([of], kept=kept, after=PLAN)
        taken = list(kept)
        for order in orders:
            over = fitting.give(order)
            assert over == find_overflow([of], asked=order, kept=taken, after=PLAN)
            taken += [] if over else order

    @settings(max_examples=150, deadline=None)
    @given(
        per_day=st.integers(1, 40),
        special=st.dictionaries(st.integers(1, 12), st.integers(0, 80)),
        asked=works,
        kept=works,
    )
    def test_agrees_with_brute_force(self, per_day, special, asked, kept):
        of = group(per_day, special)
        made = {day(n): special.get(n, per_day) for n in range(1, 400)}
        found = find_overflow([of], asked=asked, kept=kept, after=PLAN)
        assert (found is None) is feasible(made, [*asked, *kept])
        if found is None:
            return

        def works_on(promise: dt.date) -> bool:
            moved = [
                PromisedWork(
                    group_id=1, promised=promise, transit_days=w.transit_days, pieces=w.pieces
                )
                for w in asked
            ]
            return feasible(made, [*moved, *kept])

        days = [
            day(n)
            for n in range(1, 60 if found.earliest is None else (found.earliest - PLAN).days + 1)
        ]
        assert next((d for d in days if works_on(d)), None) == found.earliest
