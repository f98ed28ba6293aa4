"""The search for the smallest sets of fixes that free the most (B-4). Pure.

For each number of fixes the best set is sought: exactly, by looking at every set, while those are
at most `BUDGET` looks; beyond it by a greedy choice, whose distance from the best is bounded and
told.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import comb, floor

from diagnostics.fixes import Fix, FixGain, FixSearchResult, FixStep, StoppedOrder

BUDGET = 600_000
"""Looks at a group of equal orders: about half a second."""


def find_smallest_fixes(
    stopped: Iterable[StoppedOrder], *, hopeless: int = 0, budget: int = BUDGET
) -> FixSearchResult:
    """Sets of one, two, three … fixes, until nothing more can be freed; a larger set is told only
    if it frees more."""
    found = _FixSearch(list(stopped))
    steps: list[FixStep] = []
    chosen, rank = 0, found.rank(0)
    while rank < found.rank(found.every):
        size = len(steps[-1].fixes) + 1 if steps else 1
        chosen, rank, exact, budget = _next_better_set(found, chosen, rank, size, budget)
        steps.append(found.step(chosen, exact=exact))
    return FixSearchResult(
        stopped=found.stopped + hopeless,
        steps=tuple(steps),
        everything=found.gain(found.every),
        hopeless=hopeless,
    )


def _next_better_set(
    found: "_FixSearch", chosen: int, rank: tuple[int, ...], size: int, budget: int
) -> tuple:
    """The smallest set of at least so many fixes that ranks higher: its bits, rank, exactness, the
    budget left."""
    for n in range(size, len(found.fixes) + 1):
        looks = comb(len(found.fixes), n) * len(found.groups)
        exact = looks <= budget
        budget -= looks if exact else 0
        mine = found.best(n) if exact else found.without_idle(found.greedy(n, chosen))
        if found.rank(mine) > rank:
            return mine, found.rank(mine), exact, budget
    return found.every, found.rank(found.every), True, budget


@dataclass(slots=True)
class _OrderGroup:
    """Orders that need the same. `ways`: each of these sets of fixes, as bits, frees them."""

    ways: tuple[int, ...]
    orders: int = 0
    freight: Counter[str] = field(default_factory=Counter)
    lines: dict[int, Counter[str]] = field(
        default_factory=dict
    )  # their money, by the bits that they take

    def freed(self, chosen: int) -> bool:
        return any(way & chosen == way for way in self.ways)

    def add_money(self, chosen: int, money: Counter[str]) -> None:
        money.update(self.freight)
        for mask, amounts in self.lines.items():
            if mask & chosen == mask:
                money.update(amounts)


class _FixSearch:
    """The orders grouped by what they need: 5000 orders are a few dozen groups."""

    def __init__(self, orders: Sequence[StoppedOrder]) -> None:
        self.fixes = tuple(
            sorted({fix for order in orders for needs in _all_needs(order) for fix in needs})
        )
        self.every = (1 << len(self.fixes)) - 1
        self.stopped = sum(not order.ready for order in orders)
        self.groups = self._group_orders(orders)
        self._by_one_way = [
            (group.ways[0], group.orders) for group in self.groups if len(group.ways) == 1
        ]
        self._by_several = [group for group in self.groups if len(group.ways) > 1]
        counts = Counter(order.currency for order in orders)
        self.currencies = sorted(counts, key=lambda currency: (-counts[currency], currency))
        self.before = self._freed_money(0)  # what goes on without any fix

    def _group_orders(self, orders: Sequence[StoppedOrder]) -> list[_OrderGroup]:
        bit = {fix: 1 << n for n, fix in enumerate(self.fixes)}
        groups: dict[tuple, _OrderGroup] = {}
        for order in orders:
            whole = _encode_fixes(order.needs, bit)
            takes = [(whole | _encode_fixes(line.needs, bit), line.minor) for line in order.lines]
            masks = {mask for mask, _ in takes}
            key = (order.ready, *sorted(masks))
            group = groups.setdefault(key, _OrderGroup(ways=tuple(sorted(_minimal_masks(masks)))))
            group.orders += not order.ready
            group.freight[order.currency] += order.freight_minor
            for mask, minor in takes:
                group.lines.setdefault(mask, Counter())[order.currency] += minor
        return list(groups.values())

    def _freed_money(self, chosen: int) -> Counter[str]:
        money: Counter[str] = Counter()
        for group in self.groups:
            if group.freed(chosen):
                group.add_money(chosen, money)
        return money

    def orders(self, chosen: int) -> int:
        by_one = sum(n for way, n in self._by_one_way if way & chosen == way)  # the hot path
        return by_one + sum(group.orders for group in self._by_several if group.freed(chosen))

    def gain(self, chosen: int) -> FixGain:
        money = self._freed_money(chosen)
        more = {c: money[c] - self.before[c] for c in sorted(money) if money[c] != self.before[c]}
        return FixGain(orders=self.orders(chosen), money=more)

    def rank(self, chosen: int) -> tuple[int, ...]:
        """Greater is better: orders, then money, the commonest currency first; currencies are
        never added up."""
        money = self._freed_money(chosen)
        return (self.orders(chosen), *(money[currency] for currency in self.currencies))

    def best(self, size: int) -> int:
        """Every set of that size is looked at; its money only where the orders don't decide."""
        found, rank = 0, self.rank(0)
        for parts in combinations(range(len(self.fixes)), size):
            chosen = sum(1 << n for n in parts)
            if self.orders(chosen) >= rank[0] and (mine := self.rank(chosen)) > rank:
                found, rank = chosen, mine
        return found

    def greedy(self, size: int, chosen: int) -> int:
        """On from a smaller set: ever the way that frees most for each fix that it adds, while it
        fits."""
        while (left := size - chosen.bit_count()) > 0:
            ways = {mask & ~chosen for group in self.groups for mask in (*group.ways, *group.lines)}
            fitting = sorted(way for way in ways if 0 < way.bit_count() <= left)
            if not fitting:
                break
            start = self.rank(chosen)
            chosen |= max(fitting, key=lambda way: self._gain_per_fix(way, chosen, start))
        return chosen

    def _gain_per_fix(self, way: int, chosen: int, start: tuple[int, ...]) -> tuple[Fraction, ...]:
        rank = self.rank(chosen | way)
        return tuple(Fraction(a - b, way.bit_count()) for a, b in zip(rank, start, strict=True))

    def without_idle(self, chosen: int) -> int:
        """Less the fixes that free nothing in this set."""
        rank = self.rank(chosen)
        for n in _bit_positions(chosen):
            if self.rank(chosen & ~(1 << n)) == rank:
                chosen &= ~(1 << n)
        return chosen

    def at_most(self, size: int) -> int:
        """No set of so many fixes frees more orders.

        An order that takes at least r fixes counts 1/r for each fix that may help it: a set that
        frees it holds r of them, so the fixes' sums bound what they free. And what takes more than
        `size` fixes is not freed at all.
        """
        weights: dict[int, Fraction] = defaultdict(Fraction)
        within = 0
        for group in self.groups:
            least = min((way.bit_count() for way in group.ways), default=0)
            within += group.orders if group.ways and least <= size else 0
            for n in _bit_positions(_merge_masks(group.ways)) if least else ():
                weights[n] += Fraction(group.orders, least)
        return min(within, floor(sum(sorted(weights.values(), reverse=True)[:size], Fraction(0))))

    def step(self, chosen: int, *, exact: bool) -> FixStep:
        gain = self.gain(chosen)
        fixes = tuple(self.fixes[n] for n in _bit_positions(chosen))
        bound = gain.orders if exact else self.at_most(len(fixes))
        return FixStep(fixes=fixes, gain=gain, exact=exact, at_most=bound)


def _all_needs(order: StoppedOrder) -> Iterator[frozenset[Fix]]:
    """Those of a line stand with those of the whole order: a line of its own frees nothing."""
    yield order.needs
    yield from (line.needs for line in order.lines)


def _encode_fixes(needs: Iterable[Fix], bit: Mapping[Fix, int]) -> int:
    return sum(bit[fix] for fix in needs)


def _minimal_masks(masks: Iterable[int]) -> list[int]:
    """Those that contain no other."""
    some = list(masks)
    return [m for m in some if not any(o != m and o & m == o for o in some)]


def _bit_positions(mask: int) -> Sequence[int]:
    return [n for n in range(mask.bit_length()) if mask >> n & 1]


def _merge_masks(masks: Iterable[int]) -> int:
    made = 0
    for mask in masks:
        made |= mask
    return made
