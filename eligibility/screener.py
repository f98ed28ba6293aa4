"""The verdict on a source order and on each of its lines, by the rules (R-08). Pure."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from diagnostics.codes import Code
from diagnostics.problem import Problem
from eligibility import rules
from eligibility.facts import LaneFacts, LineFacts, OrderFacts, SkuFacts, World
from eligibility.findings import Finding, build_finding, outcome_of
from eligibility.rules import LineVerdict, OrderVerdict
from marketplace.gc_control import pause_garbage_collector
from marketplace.money import round_half_up

ORDER_CHECKS = tuple((rule, rule.check) for rule in rules.ORDER_RULES)
GOODS_CHECKS = tuple(rule.check for rule in rules.LINE_RULES if rule.of_the_goods)
LINE_CHECKS = tuple(rule.check for rule in rules.LINE_RULES if not rule.of_the_goods)


class _ListPrice(NamedTuple):
    """Today's list price for a quantity of a SKU: exact, and as whole minor units; or why there is
    none."""

    exact: Fraction | None
    ratio: tuple[int, int]
    minor: int | None
    missing: (
        Finding | None
    )  # FX_RATE_MISSING, FX_RATE_STALE: the list price's currency has no rate to go by


class Screener:
    """Screens orders in one world. What many of them share is asked once: a SKU to a country, a
    list price, a lane.

    A SKU is known by identity: its facts are those of one loading.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._band = world.limits.price_band.as_integer_ratio()
        self._goods: dict[tuple[int, str], tuple[bool, SkuFacts]] = {}
        self._prices: dict[tuple[int, int, str], tuple[_ListPrice, SkuFacts]] = {}
        self._lanes: dict[tuple[str, str, bool, int], tuple[LaneFacts, ...]] = {}

    def screen(
        self,
        order: OrderFacts,
        *,
        gates: Sequence[Finding] = (),
        taken: Mapping[int, int] | None = None,
    ) -> OrderVerdict:
        """`gates` are the findings of the gates, which hold for every order. `taken` are pieces by
        SKU id that earlier orders of the same batch will take from the stock."""
        world = self._world
        found_by = [(rule, f) for rule, check in ORDER_CHECKS if (f := check(order, world))]
        findings = [*gates, *[rule.with_evidence(f, order, world) for rule, f in found_by]]
        lines = self._screen_lines(order, dict(taken or {}))
        if all(line.findings for line in lines):
            findings += findings_without_lines(order, lines, world)
        return OrderVerdict(order, tuple(findings), lines, self._quick_lanes(order))

    def _quick_lanes(self, order: OrderFacts) -> tuple[LaneFacts, ...]:
        key = order.country, order.region, order.special_clearance, order.promise_days
        if key not in self._lanes:
            lanes = rules.open_lanes(order, self._world)
            self._lanes[key] = tuple(
                lane for lane in lanes if lane.transit_days <= order.promise_days
            )
        return self._lanes[key]

    def _screen_lines(self, order: OrderFacts, taken: dict[int, int]) -> tuple[LineVerdict, ...]:
        verdicts = []
        for line in order.lines:
            sku = line.sku
            verdict = self._screen_line(line, order, sku.available - taken.get(sku.id, 0))
            if not verdict.findings:
                taken[sku.id] = taken.get(sku.id, 0) + line.quantity
            verdicts.append(verdict)
        return tuple(verdicts)

    def _screen_line(self, line: LineFacts, order: OrderFacts, available: int) -> LineVerdict:
        """Most lines pass every rule; the others are asked again, rule by rule, for what each has
        found."""
        listed = self._list_price_of(line, order.currency)
        passed = (
            listed.exact is not None
            and rules.is_in_price_band(line.total_minor, listed.ratio, self._band)
            and line.quantity <= available
            and self._is_goods_passed(line, order)
            and not [check for check in LINE_CHECKS if check(line, order, self._world)]
        )
        verdict = LineVerdict(line, (), listed.minor, available)
        return verdict if passed else self._with_findings(verdict, order, listed)

    def _is_goods_passed(self, line: LineFacts, order: OrderFacts) -> bool:
        key = id(line.sku), order.country
        if key not in self._goods:
            passed = not any(check(line, order, self._world) for check in GOODS_CHECKS)
            self._goods[key] = passed, line.sku  # held, so that its id stays its own
        return self._goods[key][0]

    def _list_price_of(self, line: LineFacts, currency: str) -> _ListPrice:
        key = id(line.sku), line.quantity, currency
        known = self._prices.get(key)
        if known is None:
            known = self._prices[key] = _find_list_price(line, currency, self._world), line.sku
        return known[0]

    def _with_findings(
        self, verdict: LineVerdict, order: OrderFacts, listed: _ListPrice
    ) -> LineVerdict:
        line, world = verdict.line, self._world
        found_by = [(rule, rule.check(line, order, world)) for rule in rules.LINE_RULES]
        band = world.limits.price_band
        price = listed.missing or rules.price_finding(
            line, listed.exact, currency=order.currency, band=band
        )
        found_by += [
            (rules.PRICE_RULE, price),
            (rules.STOCK_RULE, rules.stock_finding(line, verdict.available)),
        ]
        findings = [rule.with_evidence(f, verdict, order, world) for rule, f in found_by if f]
        return verdict._replace(findings=tuple(findings))


def _find_list_price(line: LineFacts, currency: str, world: World) -> _ListPrice:
    try:
        exact = rules.list_price(line, currency, world.rates)
    except Problem as problem:  # FX_RATE_MISSING, FX_RATE_STALE
        return _ListPrice(None, (0, 1), None, Finding(code=problem.code, evidence=problem.evidence))
    if exact is None:
        return _ListPrice(None, (0, 1), None, None)
    return _ListPrice(exact, exact.as_integer_ratio(), round_half_up(exact), None)


def screen_order(
    order: OrderFacts,
    *,
    world: World,
    gates: Sequence[Finding] = (),
    taken: Mapping[int, int] | None = None,
) -> OrderVerdict:
    """One order; a `Screener` for many."""
    return Screener(world).screen(order, gates=gates, taken=taken)


@pause_garbage_collector()
def screen_each(
    orders: Sequence[OrderFacts], *, world: World, gates: Mapping[int, Sequence[Finding]]
) -> list[OrderVerdict]:
    """Each order as if it came first; `gates`: the findings of the gates by buyer id."""
    screener = Screener(world)
    return [screener.screen(order, gates=gates.get(order.buyer_id, ())) for order in orders]


def findings_without_lines(
    order: OrderFacts, lines: Sequence[LineVerdict], w: World
) -> list[Finding]:
    """An order that keeps no line shares its lines' fate: curable if one of them is."""
    curable = [f for line in lines if outcome_of(line.findings) == "failed" for f in line.findings]
    if curable:
        return list({f.code: f for f in curable}.values())
    source = f"past_order:{order.id} lines"
    return [
        build_finding(
            Code.ORDER_WITHOUT_LINES, value=0, limit=1, as_of=w.now.isoformat(), source=source
        )
    ]
