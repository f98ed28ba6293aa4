"""A screening as one pure function of what it is decided by, by rule version (R-26, B-3)."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eligibility import gates, rules
from eligibility.facts import GateFacts, Limits, OrderFacts, World
from eligibility.findings import Finding
from eligibility.screener import Screener, screen_order


@dataclass(frozen=True, kw_only=True, slots=True)
class GateInputs:
    facts: GateFacts
    limits: Limits
    today: dt.date


@dataclass(frozen=True, kw_only=True, slots=True)
class ChunkInputs:
    """`taken`: by order id, pieces by SKU id that orders before it take; empty where each came
    first."""

    world: World
    gates: Sequence[Finding]
    orders: Sequence[OrderFacts]
    taken: Mapping[int, Mapping[int, int]]


Inputs = GateInputs | ChunkInputs
Verdicts = tuple[gates.Gate, ...] | tuple[rules.OrderVerdict, ...]


def decide(inputs: Inputs) -> Verdicts:
    if isinstance(inputs, GateInputs):
        return gates.evaluate_gates(inputs.facts, limits=inputs.limits, today=inputs.today)
    screener = Screener(inputs.world)
    return tuple(
        screener.screen(order, gates=inputs.gates, taken=inputs.taken.get(order.id))
        for order in inputs.orders
    )


def decide_order(order: OrderFacts, inputs: ChunkInputs) -> rules.OrderVerdict:
    return screen_order(
        order, world=inputs.world, gates=inputs.gates, taken=inputs.taken.get(order.id)
    )


VERSIONS: Mapping[str, Callable[[Inputs], Verdicts]] = {rules.RULE_VERSION: decide}
"""Whoever changes a rule gives it a new version and leaves the old rules here: kept screenings are
decided by them."""


def digest_of(verdicts: Verdicts) -> str:
    """SHA-256 over all that was decided: outcomes, findings with their evidence, reference prices,
    lanes."""
    return sha256(
        json.dumps(
            [_verdict_values(each) for each in verdicts],
            ensure_ascii=False,
            sort_keys=True,
            default=str,
        )
    )


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _verdict_values(verdict: gates.Gate | rules.OrderVerdict) -> list[Any]:
    if isinstance(verdict, gates.Gate):
        return [
            verdict.name,
            verdict.value,
            verdict.limit,
            verdict.passed,
            *_finding_values([verdict.finding]),
        ]
    lines = [[x.line.id, x.reference_minor, *_finding_values(x.findings)] for x in verdict.lines]
    lanes = [lane.service_id for lane in verdict.lanes]
    return [verdict.order.id, verdict.outcome, _finding_values(verdict.findings), lines, lanes]


def _finding_values(findings: Sequence[Finding | None]) -> list[Any]:
    return [[str(f.code), dict(f.evidence)] for f in findings if f]
