"""What a rule found, and what it means for an order. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code, Severity


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    code: Code
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        return CATALOGUE[self.code].severity


def build_finding(code: Code, /, **evidence: Any) -> Finding:
    return Finding(code=code, evidence=evidence)


def with_evidence(finding: Finding, /, **evidence: Any) -> Finding:
    """The finding with what it lacks: value, limit, as-of and source row. What it says itself
    stands."""
    return Finding(code=finding.code, evidence=evidence | dict(finding.evidence))


def outcome_of(findings: Sequence[Finding]) -> str:
    """ "planned", "failed" when somebody can fix it, "excluded" when nothing does."""
    if not findings:
        return "planned"
    return (
        "excluded" if any(finding.severity is Severity.FINAL for finding in findings) else "failed"
    )


def format_percent(share: Decimal) -> str:
    return f"{(share * 100).quantize(Decimal('0.0001')).normalize():f} %"


def format_usd(minor: int) -> str:
    return f"USD {Decimal(minor) / 100:,.2f}"
