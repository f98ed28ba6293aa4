"""B-4: the fix sets against an exhaustive search that shares no code with the product's."""

import time
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics import attribution, search
from diagnostics.codes import Code
from diagnostics.fixes import Fix, StoppedLine, StoppedOrder

C = Code
CERTIFICATE, STOCK, LANE = (
    Fix(C.BUYER_CERTIFICATE_EXPIRED),
    Fix(C.STOCK_SYNC_STALE),
    Fix(C.LANE_UNREACHABLE, "RU"),
)
NONE: frozenset[Fix] = frozenset()


def order(
    *needs: Fix, lines=((NONE, 100),), currency="USD", ref="x", ready=False, freight=0
) -> StoppedOrder:
    return StoppedOrder(
        ref=ref,
        currency=currency,
        needs=frozenset(needs),
        lines=tuple(StoppedLine(needs=frozenset(n), minor=m) for n, m in lines),
        freight_minor=freight,
        ready=ready,
    )


def told(cure):
    return [(set(step.fixes), step.gain.orders, step.gain.money) for step in cure.steps]


class TestTheSmallestSets:
    def test_free_most_orders_first_and_end_when_all_are_freed(self):
        orders = [order(CERTIFICATE)] * 5 + [order(STOCK)] * 3 + [order(LANE)]
        assert told(search.find_smallest_fixes(orders)) == [
            ({CERTIFICATE}, 5, {"USD": 500}),
            ({CERTIFICATE, STOCK}, 8, {"USD": 800}),
            ({CERTIFICATE, STOCK, LANE}, 9, {"USD": 900}),
        ]

    def test_see_that_two_fixes_together_free_more_than_the_best_single_one(self):
        """Greedy by single fixes would begin with the lane."""
        orders = [order(CERTIFICATE, STOCK)] * 10 + [order(LANE)] * 2
        assert told(search.find_smallest_fixes(orders))[:2] == [
            ({LANE}, 2, {"USD": 200}),
            ({CERTIFICATE, STOCK}, 10, {"USD": 1000}),
        ]

    def test_are_decided_by_money_where_the_orders_are_equal_each_currency_by_itself(self):
        orders = [
            order(STOCK, lines=[(NONE, 100)]),
            order(LANE, lines=[(NONE, 900)]),
            order(CERTIFICATE, currency="EUR"),
        ]
        first = search.find_smallest_fixes(orders).steps[0]
        assert (first.fixes, first.gain.money) == ((LANE,), {"USD": 900})
        assert search.find_smallest_fixes(orders).everything.money == {"EUR": 100, "USD": 1000}

    def test_count_an_order_as_freed_with_its_first_free_line_and_its_money_line_by_line(self):
        mixed = order(lines=[([STOCK], 100), ([STOCK, LANE], 50)], freight=7)
        assert told(search.find_smallest_fixes([mixed])) == [
            ({STOCK}, 1, {"USD": 107}),
            ({STOCK, LANE}, 1, {"USD": 157}),
        ]

    def test_bring_back_lines_of_orders_that_are_ready_without_counting_the_orders(self):
        ready = order(lines=[(NONE, 100), ([STOCK], 40)], ready=True)
        assert told(search.find_smallest_fixes([ready])) == [({STOCK}, 0, {"USD": 40})]
        assert search.find_smallest_fixes([ready]).stopped == 0

    def test_are_none_where_nothing_is_to_be_fixed(self):
        assert search.find_smallest_fixes([]).steps == ()
        assert search.find_smallest_fixes([], hopeless=3).stopped == 3


FIXES = [Fix(code) for code in sorted(attribution.STAGE_BY_CODE)[:7]]
NEEDS = st.frozensets(st.sampled_from(FIXES), max_size=3)
LINES = st.lists(
    st.builds(StoppedLine, needs=NEEDS, minor=st.integers(0, 1000)), min_size=1, max_size=3
).map(tuple)


@st.composite
def stopped(draw):
    lines, needs = draw(LINES), draw(NEEDS)
    ready = not needs and any(not line.needs for line in lines)
    return StoppedOrder(
        ref="x",
        currency=draw(st.sampled_from(["USD", "EUR"])),
        needs=needs,
        lines=lines,
        freight_minor=0 if ready else draw(st.integers(0, 50)),
        ready=ready,
    )


def freed_by(orders, chosen):
    """Straight from the definition, order by order."""
    orders_freed, money = 0, {}
    for o in orders:
        free = [line for line in o.lines if o.needs | line.needs <= chosen]
        before = [line for line in o.lines if not (o.needs | line.needs)]
        if not free:
            continue
        orders_freed += not o.ready
        gained = (
            sum(x.minor for x in free)
            - sum(x.minor for x in before)
            + (0 if before else o.freight_minor)
        )
        money[o.currency] = money.get(o.currency, 0) + gained
    return orders_freed, {c: m for c, m in money.items() if m}


def best_of_size(orders, size):
    every = sorted({f for o in orders for n in (o.needs, *(x.needs for x in o.lines)) for f in n})
    count = {c: sum(o.currency == c for o in orders) for c in ("USD", "EUR")}
    first = sorted(count, key=lambda c: (-count[c], c))

    def rank(chosen):
        n, money = freed_by(orders, set(chosen))
        return (n, *(money.get(c, 0) for c in first if count[c]))

    return max((rank(chosen) for chosen in combinations(every, size)), default=(0,))


class TestTheSearch:
    @settings(max_examples=150, deadline=None)
    @given(st.lists(stopped(), max_size=9))
    def test_finds_what_looking_at_every_set_finds(self, orders):
        cure = search.find_smallest_fixes(orders)
        ranks = {}
        for step in cure.steps:
            freed, money = freed_by(orders, set(step.fixes))
            assert (freed, money) == (step.gain.orders, dict(step.gain.money))
            assert step.exact
            best = best_of_size(orders, len(step.fixes))
            count = {c: sum(o.currency == c for o in orders) for c in ("USD", "EUR")}
            first = sorted((c for c in count if count[c]), key=lambda c: (-count[c], c))
            assert (freed, *(money.get(c, 0) for c in first)) == best
            ranks[len(step.fixes)] = best
        assert sorted(ranks.values()) == list(ranks.values())  # ever more
        every = {f for o in orders for n in (o.needs, *(x.needs for x in o.lines)) for f in n}
        assert freed_by(orders, every)[0] == cure.everything.orders
        if cure.steps:
            assert cure.steps[-1].gain == cure.everything

    @settings(max_examples=100, deadline=None)
    @given(st.lists(stopped(), max_size=9))
    def test_beyond_its_budget_states_a_bound_that_holds(self, orders):
        for step in search.find_smallest_fixes(orders, budget=0).steps:
            freed, money = freed_by(orders, set(step.fixes))
            assert (freed, money) == (step.gain.orders, dict(step.gain.money))
            assert freed <= best_of_size(orders, len(step.fixes))[0] <= step.at_most

    @settings(max_examples=50, deadline=None)
    @given(st.lists(stopped(), min_size=1, max_size=9))
    def test_beyond_its_budget_still_ends_with_all_that_can_be_freed(self, orders):
        exact, greedy = (
            search.find_smallest_fixes(orders),
            search.find_smallest_fixes(orders, budget=0),
        )
        assert greedy.everything == exact.everything
        assert [s.gain for s in greedy.steps][-1:] == [s.gain for s in exact.steps][-1:]

    def test_is_quick_for_5000_orders_and_fifteen_fixes(self):
        many = [Fix(C.SKU_INACTIVE, f"S{n}") for n in range(12)] + [CERTIFICATE, STOCK, LANE]
        orders = [
            order(
                many[n % 15],
                many[(n * 7 + n // 15) % 15],
                lines=[(NONE, n), ([many[n % 11]], 2 * n)],
            )
            for n in range(5000)
        ]
        start = time.process_time()
        cure = search.find_smallest_fixes(orders)
        assert time.process_time() - start < 3  # seconds of a processor; about one
        assert cure.steps[-1].gain.orders == 5000
