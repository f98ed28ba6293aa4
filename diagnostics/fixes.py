"""The shortest way to cure: the smallest sets of fixes that free the most orders and money (B-4). Pure.

A fix takes away every finding of one code about one subject. An order is freed when all that stops it as a whole is
fixed and at least one of its lines is free; the lines that are not stay out. What only followed from another finding
(`attribution`) goes with it: whether it really does, screening again says.

For each number of fixes the best set is sought: exactly, by looking at every set, while those are at most `BUDGET`
looks; beyond it by a greedy choice, whose distance from the best is bounded and told.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from math import comb, floor

from diagnostics.attribution import Cause, Role
from diagnostics.codes import CATALOGUE, Code, Severity

BUDGET = 600_000
"""Looks at a group of equal orders: about half a second."""

SUBJECT: Mapping[Code, tuple[str, ...]] = {
    Code.LANE_UNREACHABLE: ("region", "country"),
    Code.REGISTRATION_MISSING: ("scheme", "jurisdiction"),
    Code.REGISTRATION_EXPIRED: ("scheme", "jurisdiction"),
    **dict.fromkeys(
        (Code.SKU_INACTIVE, Code.STOCK_TOO_LOW, Code.HS_CODE_MISSING, Code.WEIGHT_MISSING, Code.PRICE_OUT_OF_BAND,
         Code.PRICE_REFERENCE_MISSING), ("sku",)),
    Code.FX_RATE_MISSING: ("currency",),
    Code.COMMISSION_RATE_MISSING: ("category",),
    Code.FREIGHT_UNAVAILABLE: ("country",),
    Code.TAX_CODE_MISSING: ("country",),
}  # fmt: skip
"""What a code is fixed for one of at a time; any other is fixed in one go: strong sync cures every SKU (R-70)."""


@dataclass(frozen=True, slots=True, order=True)
class Fix:
    code: Code
    subject: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    needs: frozenset[Fix]
    minor: int  # what the line comes to


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """An order with something to fix. `needs` stop it as a whole; `freight_minor` comes along when it is freed.

    `ready`: it goes on already, only lines of it are out.
    """

    ref: str
    currency: str
    needs: frozenset[Fix]
    lines: tuple[Line, ...]
    freight_minor: int = 0
    ready: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Gain:
    """What a set of fixes frees: orders that were stopped, and money by currency, in whole minor units."""

    orders: int = 0
    money: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """The best set of so many fixes. `at_most`: no set of that size frees more orders (equal when exact)."""

    fixes: tuple[Fix, ...]
    gain: Gain
    exact: bool
    at_most: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Cure:
    stopped: int  # orders that came to nothing
    steps: tuple[Step, ...]  # ever more fixes, each freeing more than the one before
    everything: Gain  # what all fixes together free
    hopeless: int  # orders that nothing cures


def fix_of(cause: Cause) -> Fix:
    names = SUBJECT.get(cause.code, ())
    known = (str(cause.found.evidence[name]) for name in names if cause.found.evidence.get(name))
    return Fix(cause.code, " ".join(text for text in known if text != "—"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What an order needs: as a whole, and for each line by its number. `dead` lines and orders nothing cures."""

    whole: frozenset[Fix]
    lines: Mapping[int, frozenset[Fix]]
    dead: frozenset[int]
    curable: bool

    @property
    def all(self) -> frozenset[Fix]:
        return self.whole.union(*self.lines.values())


def needs_of(causes: Iterable[Cause]) -> Needs:
    whole: set[Fix] = set()
    lines: dict[int, set[Fix]] = defaultdict(set)
    dead: set[int] = set()
    curable = True
    for cause in causes:
        if cause.role is Role.CONSEQUENCE:
            continue
        cures = CATALOGUE[cause.code].severity is Severity.CURABLE
        if cause.found.line is None:
            curable = curable and cures
            whole.add(fix_of(cause))
        elif cures:
            lines[cause.found.line].add(fix_of(cause))
        else:
            dead.add(cause.found.line)
    return Needs(
        whole=frozenset(whole),
        lines={no: frozenset(needs) for no, needs in lines.items() if no not in dead},
        dead=frozenset(dead),
        curable=curable,
    )


# --- The search -------------------------------------------------------------------------------------------------


def cure(stopped: Iterable[Stopped], *, hopeless: int = 0, budget: int = BUDGET) -> Cure:
    """Sets of one, two, three … fixes, until nothing more can be freed; a larger set is told only if it frees more."""
    found = _Search(list(stopped))
    steps: list[Step] = []
    chosen, rank = 0, found.rank(0)
    while rank < found.rank(found.every):
        size = len(steps[-1].fixes) + 1 if steps else 1
        chosen, rank, exact, budget = _next(found, chosen, rank, size, budget)
        steps.append(found.step(chosen, exact=exact))
    return Cure(
        stopped=found.stopped + hopeless,
        steps=tuple(steps),
        everything=found.gain(found.every),
        hopeless=hopeless,
    )


def _next(found: "_Search", chosen: int, rank: tuple[int, ...], size: int, budget: int) -> tuple:
    """The smallest set of at least so many fixes that ranks higher: its bits, rank, exactness, the budget left."""
    for n in range(size, len(found.fixes) + 1):
        looks = comb(len(found.fixes), n) * len(found.groups)
        exact = looks <= budget
        budget -= looks if exact else 0
        mine = found.best(n) if exact else found.without_idle(found.greedy(n, chosen))
        if found.rank(mine) > rank:
            return mine, found.rank(mine), exact, budget
    return found.every, found.rank(found.every), True, budget


@dataclass(slots=True)
class _Group:
    """Orders that need the same. `ways`: each of these sets of fixes, as bits, frees them."""

    ways: tuple[int, ...]
    orders: int = 0
    freight: Counter[str] = field(default_factory=Counter)
    lines: dict[int, Counter[str]] = field(default_factory=dict)  # their money, by the bits that they take

    def freed(self, chosen: int) -> bool:
        return any(way & chosen == way for way in self.ways)

    def add_money(self, chosen: int, money: Counter[str]) -> None:
        money.update(self.freight)
        for mask, amounts in self.lines.items():
            if mask & chosen == mask:
                money.update(amounts)


class _Search:
    """The orders grouped by what they need: 5000 orders are a few dozen groups."""

    def __init__(self, orders: Sequence[Stopped]) -> None:
        self.fixes = tuple(sorted({fix for order in orders for needs in _all_needs(order) for fix in needs}))
        self.every = (1 << len(self.fixes)) - 1
        self.stopped = sum(not order.ready for order in orders)
        self.groups = self._grouped(orders)
        self._by_one_way = [(group.ways[0], group.orders) for group in self.groups if len(group.ways) == 1]
        self._by_several = [group for group in self.groups if len(group.ways) > 1]
        counts = Counter(order.currency for order in orders)
        self.currencies = sorted(counts, key=lambda currency: (-counts[currency], currency))
        self.before = self._money(0)  # what goes on without any fix

    def _grouped(self, orders: Sequence[Stopped]) -> list[_Group]:
        bit = {fix: 1 << n for n, fix in enumerate(self.fixes)}
        groups: dict[tuple, _Group] = {}
        for order in orders:
            whole = _bits(order.needs, bit)
            takes = [(whole | _bits(line.needs, bit), line.minor) for line in order.lines]
            masks = {mask for mask, _ in takes}
            key = (order.ready, *sorted(masks))
            group = groups.setdefault(key, _Group(ways=tuple(sorted(_least(masks)))))
            group.orders += not order.ready
            group.freight[order.currency] += order.freight_minor
            for mask, minor in takes:
                group.lines.setdefault(mask, Counter())[order.currency] += minor
        return list(groups.values())

    def _money(self, chosen: int) -> Counter[str]:
        money: Counter[str] = Counter()
        for group in self.groups:
            if group.freed(chosen):
                group.add_money(chosen, money)
        return money

    def orders(self, chosen: int) -> int:
        by_one = sum(n for way, n in self._by_one_way if way & chosen == way)  # the hot path
        return by_one + sum(group.orders for group in self._by_several if group.freed(chosen))

    def gain(self, chosen: int) -> Gain:
        money = self._money(chosen)
        more = {c: money[c] - self.before[c] for c in sorted(money) if money[c] != self.before[c]}
        return Gain(orders=self.orders(chosen), money=more)

    def rank(self, chosen: int) -> tuple[int, ...]:
        """Greater is better: orders, then money, the commonest currency first; currencies are never added up."""
        money = self._money(chosen)
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
        """On from a smaller set: ever the way that frees most for each fix that it adds, while it fits."""
        while (left := size - chosen.bit_count()) > 0:
            ways = {mask & ~chosen for group in self.groups for mask in (*group.ways, *group.lines)}
            fitting = sorted(way for way in ways if 0 < way.bit_count() <= left)
            if not fitting:
                break
            start = self.rank(chosen)
            chosen |= max(fitting, key=lambda way: self._per_fix(way, chosen, start))
        return chosen

    def _per_fix(self, way: int, chosen: int, start: tuple[int, ...]) -> tuple[Fraction, ...]:
        rank = self.rank(chosen | way)
        return tuple(Fraction(a - b, way.bit_count()) for a, b in zip(rank, start, strict=True))

    def without_idle(self, chosen: int) -> int:
        """Less the fixes that free nothing in this set."""
        rank = self.rank(chosen)
        for n in _positions(chosen):
            if self.rank(chosen & ~(1 << n)) == rank:
                chosen &= ~(1 << n)
        return chosen

    def at_most(self, size: int) -> int:
        """No set of so many fixes frees more orders.

        An order that takes at least r fixes counts 1/r for each fix that may help it: a set that frees it holds r of
        them, so the fixes' sums bound what they free. And what takes more than `size` fixes is not freed at all.
        """
        weights: dict[int, Fraction] = defaultdict(Fraction)
        within = 0
        for group in self.groups:
            least = min((way.bit_count() for way in group.ways), default=0)
            within += group.orders if group.ways and least <= size else 0
            for n in _positions(_union(group.ways)) if least else ():
                weights[n] += Fraction(group.orders, least)
        return min(within, floor(sum(sorted(weights.values(), reverse=True)[:size], Fraction(0))))

    def step(self, chosen: int, *, exact: bool) -> Step:
        gain = self.gain(chosen)
        fixes = tuple(self.fixes[n] for n in _positions(chosen))
        bound = gain.orders if exact else self.at_most(len(fixes))
        return Step(fixes=fixes, gain=gain, exact=exact, at_most=bound)


def _all_needs(order: Stopped) -> Iterator[frozenset[Fix]]:
    """Those of a line stand with those of the whole order: a line of its own frees nothing."""
    yield order.needs
    yield from (line.needs for line in order.lines)


def _bits(needs: Iterable[Fix], bit: Mapping[Fix, int]) -> int:
    return sum(bit[fix] for fix in needs)


def _least(masks: Iterable[int]) -> list[int]:
    """Those that contain no other."""
    some = list(masks)
    return [m for m in some if not any(o != m and o & m == o for o in some)]


def _positions(mask: int) -> Sequence[int]:
    return [n for n in range(mask.bit_length()) if mask >> n & 1]


def _union(masks: Iterable[int]) -> int:
    made = 0
    for mask in masks:
        made |= mask
    return made
