"""The gates of a store and a buyer, as one table (R-21 to R-29). Pure."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from diagnostics.codes import Code
from eligibility.facts import GateFacts, Limits, StoreFacts
from eligibility.findings import Finding, build_finding, format_percent, format_usd, with_evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """One gate with its value, limit, verdict, as-of time and the row it was read from (R-26)."""

    name: str
    value: str
    limit: str
    finding: Finding | None
    as_of: str = ""  # ISO 8601
    source: str = ""  # e.g. "buyer:12 certificate_valid_until"
    requirement: str = ""

    @property
    def passed(self) -> bool:
        return self.finding is None


def _qualification_gate(f: StoreFacts, _limits: Limits, _today: dt.date) -> Gate:
    bad = (
        None
        if f.standing == "open"
        else build_finding(Code.QUALIFICATION_REQUIRED, state=f.standing)
    )
    return Gate(name="qualification", value=f.standing, limit="open", finding=bad)


def _verification_gate(f: StoreFacts, _limits: Limits, _today: dt.date) -> Gate:
    bad = None if f.verified else build_finding(Code.STORE_NOT_VERIFIED)
    return Gate(
        name="store_verified", value="yes" if f.verified else "no", limit="yes", finding=bad
    )


def _store_level_gate(f: StoreFacts, limits: Limits, _today: dt.date) -> Gate:
    value, limit = f.level_names[f.level], f.level_names[limits.store_min_level]
    bad = (
        None
        if f.level >= limits.store_min_level
        else build_finding(Code.STORE_LEVEL_TOO_LOW, value=value, limit=limit)
    )
    return Gate(name="store_level", value=value, limit=limit, finding=bad)


def _dispute_rate_gate(f: StoreFacts, limits: Limits, _today: dt.date) -> Gate:
    limit = format_percent(limits.dispute_rate_max)
    if not f.paid_orders:
        return Gate(
            name="dispute_rate",
            value="—",
            limit=limit,
            finding=build_finding(Code.DISPUTE_RATE_NOT_EVALUABLE),
        )
    value = format_percent(Decimal(f.disputes) / f.paid_orders)
    passed = (
        f.disputes <= limits.dispute_rate_max * f.paid_orders
    )  # exactly the limit passes
    bad = (
        None
        if passed
        else build_finding(
            Code.DISPUTE_RATE_TOO_HIGH,
            value=value,
            limit=limit,
            disputes=f.disputes,
            paid=f.paid_orders,
        )
    )
    return Gate(name="dispute_rate", value=value, limit=limit, finding=bad)


def _certificate_gate(f: GateFacts, _limits: Limits, today: dt.date) -> Gate:
    until = f.certificate_valid_until
    value = until.isoformat() if until else "—"
    bad = None
    if not f.certified or until is None:
        bad = build_finding(Code.BUYER_NOT_CERTIFIED)
    elif today > until:
        bad = build_finding(Code.BUYER_CERTIFICATE_EXPIRED, value=value)
    return Gate(name="buyer_certificate", value=value, limit=today.isoformat(), finding=bad)


def _order_count_gate(f: GateFacts, limits: Limits, _today: dt.date) -> Gate:
    value, limit = f.completed_orders, limits.buyer_min_orders
    bad = (
        None
        if value >= limit
        else build_finding(Code.BUYER_TOO_FEW_ORDERS, value=value, limit=limit)
    )
    return Gate(name="buyer_orders", value=str(value), limit=str(limit), finding=bad)


def _sales_volume_gate(f: GateFacts, limits: Limits, _today: dt.date) -> Gate:
    value, limit = format_usd(f.gmv_usd_minor), format_usd(limits.buyer_min_gmv_usd * 100)
    short = f.gmv_usd_minor < limits.buyer_min_gmv_usd * 100
    bad = (
        build_finding(
            Code.BUYER_GMV_TOO_LOW,
            value=value,
            limit=limit,
            orders_without_rate=f.orders_without_rate,
        )
        if short
        else None
    )
    return Gate(name="buyer_gmv", value=value, limit=limit, finding=bad)


@dataclass(frozen=True, kw_only=True, slots=True)
class GateRule:
    requirement: str
    codes: tuple[Code, ...]
    source: str  # the row that is read; {store} and {buyer} are their ids
    gate: Callable[..., Gate]

    def __call__(self, f: StoreFacts, limits: Limits, today: dt.date) -> Gate:
        gate = self.gate(f, limits, today)
        as_of = f.as_of.isoformat() if f.as_of else ""
        source = self.source.format(store=f.store_id, buyer=getattr(f, "buyer_id", 0))
        finding = gate.finding and with_evidence(
            gate.finding, value=gate.value, limit=gate.limit, as_of=as_of, source=source
        )
        return replace(
            gate, finding=finding, as_of=as_of, source=source, requirement=self.requirement
        )


def _build_gate_rule(
    requirement: str, codes: tuple[Code, ...], source: str, gate: Callable
) -> GateRule:
    return GateRule(requirement=requirement, codes=codes, source=source, gate=gate)


# fmt: off
STORE_GATES: Sequence[GateRule] = (
    _build_gate_rule("R-29", (Code.STORE_NOT_VERIFIED,), "store:{store} verified_at", _verification_gate),
    _build_gate_rule("R-21", (Code.STORE_LEVEL_TOO_LOW,), "store:{store} level", _store_level_gate),
    _build_gate_rule("R-22", (Code.DISPUTE_RATE_TOO_HIGH, Code.DISPUTE_RATE_NOT_EVALUABLE),
         "store:{store} disputes opened_at, past orders paid_at", _dispute_rate_gate),
)
"""What a store is checked by when it is to be opened (R-26, R-27)."""

GATES: Sequence[GateRule] = (
    _build_gate_rule("R-27", (Code.QUALIFICATION_REQUIRED,), "store:{store} qualification", _qualification_gate),
    *STORE_GATES,
    _build_gate_rule("R-23", (Code.BUYER_NOT_CERTIFIED, Code.BUYER_CERTIFICATE_EXPIRED),
         "buyer:{buyer} certificate_valid_until", _certificate_gate),
    _build_gate_rule("R-24", (Code.BUYER_TOO_FEW_ORDERS,), "buyer:{buyer} completed past orders", _order_count_gate),
    _build_gate_rule("R-25", (Code.BUYER_GMV_TOO_LOW,), "buyer:{buyer} completed past orders, net of refunds", _sales_volume_gate),
)
# fmt: on


def evaluate_gates(facts: GateFacts, *, limits: Limits, today: dt.date) -> tuple[Gate, ...]:
    """Every gate, passed or not. `today` is the day in the platform's zone (a certificate's last
    day counts)."""
    return tuple(gate(facts, limits, today) for gate in GATES)


def evaluate_store_gates(facts: StoreFacts, *, limits: Limits, today: dt.date) -> tuple[Gate, ...]:
    """The store's own gates, passed or not: the same functions, without the standing and the
    buyer."""
    return tuple(gate(facts, limits, today) for gate in STORE_GATES)


def serialize_gate(gate: Gate) -> dict[str, Any]:
    """A gate as plain JSON values, to be kept with what it decided."""
    return {
        "name": gate.name,
        "value": gate.value,
        "limit": gate.limit,
        "passed": gate.passed,
        "code": str(gate.finding.code) if gate.finding else "",
        "evidence": dict(gate.finding.evidence) if gate.finding else {},
        "as_of": gate.as_of,
        "source": gate.source,
        "requirement": gate.requirement,
    }
