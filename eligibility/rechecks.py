"""The checks that are asked again after the plan: of an order as it is planned, by the facts of
now. Pure.

Which rule is asked when stands with the rule (`rules.Moment`); docs/checks.md shows it as a table.
"""

from collections.abc import Mapping, Sequence

from eligibility import rules
from eligibility.facts import OrderFacts, SkuFacts, World
from eligibility.findings import Finding
from eligibility.rules import LineRule, LineVerdict, Moment, OrderVerdict
from eligibility.screener import findings_without_lines

LOCK_LINE_RULES = tuple(rule for rule in rules.LINE_RULES if Moment.LOCK in rule.again)


def findings_at(moment: Moment, order: OrderFacts, world: World) -> tuple[Finding, ...]:
    """What the order rules of this moment have against an order."""
    asked = (rule for rule in rules.ORDER_RULES if moment in rule.again)
    return tuple(found for rule in asked if (found := rule.find(order, world)))


class LockChecks:
    """Asks the orders of one plan again at the lock; what many lines share is asked once.

    A SKU is known by identity: its facts are those of one loading.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._goods: dict[tuple[int, str], tuple[Sequence[tuple[LineRule, Finding]], SkuFacts]] = {}

    def check(self, order: OrderFacts, *, taken: Mapping[int, int]) -> OrderVerdict:
        """`taken`: pieces by SKU id that orders before it take from the stock. A line with
        findings leaves the order; an order with findings leaves the plan."""
        findings = findings_at(Moment.LOCK, order, self._world)
        drawn = dict(taken)
        lines = []
        for line in order.lines:
            verdict = self._check_line(line, order, line.sku.available - drawn.get(line.sku.id, 0))
            if not verdict.findings:
                drawn[line.sku.id] = drawn.get(line.sku.id, 0) + line.quantity
            lines.append(verdict)
        if not findings and all(line.findings for line in lines):
            findings = tuple(findings_without_lines(order, lines, self._world))
        return OrderVerdict(order, findings, tuple(lines), ())

    def _check_line(self, line: rules.LineFacts, order: OrderFacts, available: int) -> LineVerdict:
        found_by = list(self._goods_findings(line, order))
        if short := rules.stock_finding(line, available):
            found_by.append((rules.STOCK_RULE, short))
        verdict = LineVerdict(line, (), None, available)
        if not found_by:
            return verdict
        return verdict._replace(
            findings=tuple(
                rule.with_evidence(f, verdict, order, self._world) for rule, f in found_by
            )
        )

    def _goods_findings(
        self, line: rules.LineFacts, order: OrderFacts
    ) -> Sequence[tuple[LineRule, Finding]]:
        key = id(line.sku), order.country
        if key not in self._goods:
            found = [(rule, rule.check(line, order, self._world)) for rule in LOCK_LINE_RULES]
            self._goods[key] = [(rule, f) for rule, f in found if f], line.sku
        return self._goods[key][0]
