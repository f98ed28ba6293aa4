"""A screening told rule by rule, passed or not: value, limit, verdict, as-of, source row (R-26).
Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Fixer
from eligibility import rules
from eligibility.facts import OrderFacts
from eligibility.findings import Finding
from eligibility.gates import Gate
from eligibility.rules import LineRule, LineVerdict, OrderRule
from eligibility.screening import ChunkInputs, decide_order


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplanationStep:
    requirement: str
    name: str  # a gate's name, or the first code that the rule can give
    value: str
    limit: str
    as_of: str
    source: str
    finding: Finding | None

    @property
    def passed(self) -> bool:
        return self.finding is None

    @property
    def fixer(self) -> Fixer | None:
        return self.finding and CATALOGUE[self.finding.code].fixer


@dataclass(frozen=True, kw_only=True, slots=True)
class LineSteps:
    line_no: int
    sku: str
    steps: tuple[ExplanationStep, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderSteps:
    outcome: str
    steps: tuple[ExplanationStep, ...]
    lines: tuple[LineSteps, ...]


def of_gates(gates: Sequence[Gate]) -> tuple[ExplanationStep, ...]:
    return tuple(
        ExplanationStep(
            requirement=gate.requirement,
            name=gate.name,
            value=gate.value,
            limit=gate.limit,
            as_of=gate.as_of,
            source=gate.source,
            finding=gate.finding,
        )
        for gate in gates
    )


def of_order(order: OrderFacts, inputs: ChunkInputs) -> OrderSteps:
    verdict = decide_order(order, inputs)
    return OrderSteps(
        outcome=verdict.outcome,
        steps=tuple(_order_step(rule, order, inputs) for rule in rules.ORDER_RULES),
        lines=tuple(_line_steps(line, order, inputs) for line in verdict.lines),
    )


def _order_step(rule: OrderRule, order: OrderFacts, inputs: ChunkInputs) -> ExplanationStep:
    value, limit = rule.shows(order, inputs.world)
    return ExplanationStep(
        requirement=rule.requirement,
        name=str(rule.codes[0]),
        value=value,
        limit=limit,
        as_of=inputs.world.now.isoformat(),
        source=rule.source_of(order),
        finding=rule.find(order, inputs.world),
    )


def _line_steps(verdict: LineVerdict, order: OrderFacts, inputs: ChunkInputs) -> LineSteps:
    table = (*rules.LINE_RULES, rules.PRICE_RULE, rules.STOCK_RULE)
    return LineSteps(
        line_no=verdict.line.line_no,
        sku=verdict.line.sku.code,
        steps=tuple(_line_step(rule, verdict, order, inputs) for rule in table),
    )


def _line_step(
    rule: LineRule, verdict: LineVerdict, order: OrderFacts, inputs: ChunkInputs
) -> ExplanationStep:
    value, limit = rule.shows(verdict, order, inputs.world)
    return ExplanationStep(
        requirement=rule.requirement,
        name=str(rule.codes[0]),
        value=value,
        limit=limit,
        as_of=inputs.world.now.isoformat(),
        source=rule.source_of(verdict.line, order),
        finding=next((f for f in verdict.findings if f.code in rule.codes), None),
    )
