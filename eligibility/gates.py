"""The gates of a store and a buyer, as one table (R-21 to R-29). Pure."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from diagnostics.codes import Code
from eligibility.facts import GateFacts, Limits, StoreFacts
from eligibility.findings import Finding, found, percent, usd


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """One gate with its value, limit and verdict, as the seller sees it (R-26)."""

    name: str
    value: str
    limit: str
    finding: Finding | None

    @property
    def passed(self) -> bool:
        return self.finding is None


def _standing(f: StoreFacts, _limits: Limits, _today: dt.date) -> Gate:
    bad = None if f.standing == "open" else found(Code.QUALIFICATION_REQUIRED, state=f.standing)
    return Gate(name="qualification", value=f.standing, limit="open", finding=bad)


def _verified(f: StoreFacts, _limits: Limits, _today: dt.date) -> Gate:
    bad = None if f.verified else found(Code.STORE_NOT_VERIFIED)
    return Gate(name="store_verified", value="yes" if f.verified else "no", limit="yes", finding=bad)


def _level(f: StoreFacts, limits: Limits, _today: dt.date) -> Gate:
    value, limit = f.level_names[f.level], f.level_names[limits.store_min_level]
    bad = (
        None
        if f.level >= limits.store_min_level
        else found(Code.STORE_LEVEL_TOO_LOW, value=value, limit=limit)
    )
    return Gate(name="store_level", value=value, limit=limit, finding=bad)


def _disputes(f: StoreFacts, limits: Limits, _today: dt.date) -> Gate:
    limit = percent(limits.dispute_rate_max)
    if not f.paid_orders:
        return Gate(
            name="dispute_rate", value="—", limit=limit, finding=found(Code.DISPUTE_RATE_NOT_EVALUABLE)
        )
    value = percent(Decimal(f.disputes) / f.paid_orders)
    passed = f.disputes <= limits.dispute_rate_max * f.paid_orders  # exactly the limit passes
    bad = (
        None
        if passed
        else found(
            Code.DISPUTE_RATE_TOO_HIGH, value=value, limit=limit, disputes=f.disputes, paid=f.paid_orders
        )
    )
    return Gate(name="dispute_rate", value=value, limit=limit, finding=bad)


def _certificate(f: GateFacts, _limits: Limits, today: dt.date) -> Gate:
    until = f.certificate_valid_until
    value = until.isoformat() if until else "—"
    bad = None
    if not f.certified or until is None:
        bad = found(Code.BUYER_NOT_CERTIFIED)
    elif today > until:
        bad = found(Code.BUYER_CERTIFICATE_EXPIRED, value=value)
    return Gate(name="buyer_certificate", value=value, limit=today.isoformat(), finding=bad)


def _orders(f: GateFacts, limits: Limits, _today: dt.date) -> Gate:
    value, limit = f.completed_orders, limits.buyer_min_orders
    bad = None if value >= limit else found(Code.BUYER_TOO_FEW_ORDERS, value=value, limit=limit)
    return Gate(name="buyer_orders", value=str(value), limit=str(limit), finding=bad)


def _gmv(f: GateFacts, limits: Limits, _today: dt.date) -> Gate:
    value, limit = usd(f.gmv_usd_minor), usd(limits.buyer_min_gmv_usd * 100)
    short = f.gmv_usd_minor < limits.buyer_min_gmv_usd * 100
    bad = (
        found(Code.BUYER_GMV_TOO_LOW, value=value, limit=limit, orders_without_rate=f.orders_without_rate)
        if short
        else None
    )
    return Gate(name="buyer_gmv", value=value, limit=limit, finding=bad)


STORE_GATES: Sequence[Callable[[StoreFacts, Limits, dt.date], Gate]] = (
    _verified,
    _level,
    _disputes,
)
"""What a store is checked by when it is to be opened (R-26, R-27)."""

GATES: Sequence[Callable[[GateFacts, Limits, dt.date], Gate]] = (
    _standing,
    *STORE_GATES,
    _certificate,
    _orders,
    _gmv,
)


def gates(facts: GateFacts, *, limits: Limits, today: dt.date) -> tuple[Gate, ...]:
    """Every gate, passed or not. `today` is the day in the platform's zone (a certificate's last day counts)."""
    return tuple(gate(facts, limits, today) for gate in GATES)


def store_gates(facts: StoreFacts, *, limits: Limits, today: dt.date) -> tuple[Gate, ...]:
    """The store's own gates, passed or not: the same functions, without the standing and the buyer."""
    return tuple(gate(facts, limits, today) for gate in STORE_GATES)


def kept(gate: Gate) -> dict[str, Any]:
    """A gate as plain JSON values, to be kept with what it decided."""
    return {
        "name": gate.name,
        "value": gate.value,
        "limit": gate.limit,
        "passed": gate.passed,
        "code": str(gate.finding.code) if gate.finding else "",
        "evidence": dict(gate.finding.evidence) if gate.finding else {},
    }
