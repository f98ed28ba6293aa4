"""B-4: the fix sets against an exhaustive search that shares no code with the product's."""

import time
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics import attribution, fixes
from diagnostics.attribution import Found
from diagnostics.codes import Code
from diagnostics.fixes import Fix, Line, Stopped

C = Code
CERTIFICATE, STOCK, LANE = (
    Fix(C.BUYER_CERTIFICATE_EXPIRED),
    Fix(C.STOCK_SYNC_STALE),
    Fix(C.LANE_UNREACHABLE, "RU"),
)
NONE: frozenset[Fix] = frozenset()


def order(*needs: Fix, lines=((NONE, 100),), currency="USD", ref="x", ready=False, freight=0) -> Stopped:
    return Stopped(
        ref=ref,
        currency=currency,
        needs=frozenset(needs),
        lines=tuple(Line(needs=frozenset(n), minor=m) for n, m in lines),
        freight_minor=freight,
        ready=ready,
    )


def told(cure):
    return [(set(step.fixes), step.gain.orders, step.gain.money) for step in cure.steps]


class TestTheSmallestSets:
    def test_free_most_orders_first_and_end_when_all_are_freed(self):
        orders = [order(CERTIFICATE)] * 5 + [order(STOCK)] * 3 + [order(LANE)]
        assert told(fixes.cure(orders)) == [
            ({CERTIFICATE}, 5, {"USD": 500}),
            ({CERTIFICATE, STOCK}, 8, {"USD": 800}),
            ({CERTIFICATE, STOCK, LANE}, 9, {"USD": 900}),
        ]

    def test_see_that_two_fixes_together_free_more_than_the_best_single_one(self):
        """Greedy by single fixes would begin with the lane."""
        orders = [order(CERTIFICATE, STOCK)] * 10 + [order(LANE)] * 2
        assert told(fixes.cure(orders))[:2] == [
            ({LANE}, 2, {"USD": 200}),
            ({CERTIFICATE, STOCK}, 10, {"USD": 1000}),
        ]

    def test_are_decided_by_money_where_the_orders_are_equal_each_currency_by_itself(self):
        orders = [
            order(STOCK, lines=[(NONE, 100)]), order(LANE, lines=[(NONE, 900)]), order(CERTIFICATE, currency="EUR"),
        ]  # fmt: skip
        first = fixes.cure(orders).steps[0]
        assert (first.fixes, first.gain.money) == ((LANE,), {"USD": 900})
        assert fixes.cure(orders).everything.money == {"EUR": 100, "USD": 1000}

    def test_count_an_order_as_freed_with_its_first_free_line_and_its_money_line_by_line(self):
        mixed = order(lines=[([STOCK], 100), ([STOCK, LANE], 50)], freight=7)
        assert told(fixes.cure([mixed])) == [
            ({STOCK}, 1, {"USD": 107}),
            ({STOCK, LANE}, 1, {"USD": 157}),
        ]

    def test_bring_back_lines_of_orders_that_are_ready_without_counting_the_orders(self):
        ready = order(lines=[(NONE, 100), ([STOCK], 40)], ready=True)
        assert told(fixes.cure([ready])) == [({STOCK}, 0, {"USD": 40})]
        assert fixes.cure([ready]).stopped == 0

    def test_are_none_where_nothing_is_to_be_fixed(self):
        assert fixes.cure([]).steps == ()
        assert fixes.cure([], hopeless=3).stopped == 3


FIXES = [Fix(code) for code in sorted(attribution.STAGES)[:7]]
NEEDS = st.frozensets(st.sampled_from(FIXES), max_size=3)
LINES = st.lists(st.builds(Line, needs=NEEDS, minor=st.integers(0, 1000)), min_size=1, max_size=3).map(tuple)


@st.composite
def stopped(draw):
    lines, needs = draw(LINES), draw(NEEDS)
    ready = not needs and any(not line.needs for line in lines)
    return Stopped(
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
            sum(x.minor for x in free) - sum(x.minor for x in before) + (0 if before else o.freight_minor)
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
        cure = fixes.cure(orders)
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
        for step in fixes.cure(orders, budget=0).steps:
            freed, money = freed_by(orders, set(step.fixes))
            assert (freed, money) == (step.gain.orders, dict(step.gain.money))
            assert freed <= best_of_size(orders, len(step.fixes))[0] <= step.at_most

    @settings(max_examples=50, deadline=None)
    @given(st.lists(stopped(), min_size=1, max_size=9))
    def test_beyond_its_budget_still_ends_with_all_that_can_be_freed(self, orders):
        exact, greedy = fixes.cure(orders), fixes.cure(orders, budget=0)
        assert greedy.everything == exact.everything
        assert [s.gain for s in greedy.steps][-1:] == [s.gain for s in exact.steps][-1:]

    def test_is_quick_for_5000_orders_and_fifteen_fixes(self):
        many = [Fix(C.SKU_INACTIVE, f"S{n}") for n in range(12)] + [CERTIFICATE, STOCK, LANE]
        orders = [
            order(many[n % 15], many[(n * 7 + n // 15) % 15], lines=[(NONE, n), ([many[n % 11]], 2 * n)])
            for n in range(5000)
        ]
        start = time.perf_counter()
        cure = fixes.cure(orders)
        assert time.perf_counter() - start < 3  # about half a second, beside other tests
        assert cure.steps[-1].gain.orders == 5000


class TestWhatAnOrderNeeds:
    def found(self, code, line=None, **evidence):
        return Found(code=code, line=line, evidence=evidence)

    def needs(self, of_order, of_lines=()):
        return fixes.needs_of(attribution.attribute(attribution.merged(of_order, of_lines)))

    def test_is_a_fix_for_each_cause_by_its_subject(self):
        needs = self.needs(
            [
                self.found(C.LANE_UNREACHABLE, region="—", country="RU"),
                self.found(C.BUYER_CERTIFICATE_EXPIRED),
            ],
            [self.found(C.HS_CODE_MISSING, 2, sku="A")],
        )
        assert needs.whole == {LANE, CERTIFICATE}
        assert needs.lines == {2: {Fix(C.HS_CODE_MISSING, "A")}}
        assert needs.curable
        assert needs.all == {LANE, CERTIFICATE, Fix(C.HS_CODE_MISSING, "A")}

    def test_is_one_fix_for_the_stock_of_every_sku(self):
        stale = [self.found(C.STOCK_SYNC_STALE, n, sku=f"S{n}") for n in (1, 2)]
        assert self.needs([self.found(C.STOCK_SYNC_STALE)], stale).lines == {1: {STOCK}, 2: {STOCK}}

    def test_leaves_out_what_follows_from_another_finding(self):
        both = [self.found(c, 1, sku="A") for c in (C.STOCK_SYNC_STALE, C.STOCK_TOO_LOW)]
        assert self.needs([self.found(C.STOCK_SYNC_STALE)], both).lines == {1: {STOCK}}

    @pytest.mark.parametrize("code", [C.ORDER_TOO_OLD, C.EXPORT_CONTROLLED])
    def test_has_no_end_where_nothing_cures_it(self, code):
        assert not self.needs([self.found(code)]).curable

    def test_gives_up_a_line_that_nothing_cures_and_not_its_order(self):
        findings = [self.found(C.SKU_NOT_STANDARD, 1, sku="A"), self.found(C.HS_CODE_MISSING, 1, sku="A")]
        needs = self.needs([self.found(C.LANE_UNREACHABLE, country="RU")], findings)
        assert (needs.whole, needs.lines, needs.dead, needs.curable) == ({LANE}, {}, {1}, True)
