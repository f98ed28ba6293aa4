"""A dry screening as plain values: 5000 orders are too many for field-by-field serializers."""

from collections.abc import Iterable
from typing import Any

from diagnostics import problem_texts
from eligibility.drift import DriftRow, ExpiryBeforeDelivery
from eligibility.findings import Finding, outcome_of
from eligibility.gates import Gate
from eligibility.rules import LineVerdict
from repurchase.batches.planner import OrderPlan
from repurchase.batches.queries.prior_repeats import PriorRepeat
from repurchase.batches.services.dry_screening import DryScreening
from repurchase.integration.api.fields import InstantField, amount_payload


def screening_payload(found: DryScreening) -> dict[str, Any]:
    return {
        "screened_at": InstantField().to_representation(found.at),
        "buyer": {"id": found.buyer.external_id, "name": found.buyer.name},
        "gates": [_gate_payload(gate) for gate in found.gates],
        "counts": _verdict_counts(found.plans),
        "results": [_screened_order_payload(plan, found) for plan in found.plans],
    }


def _verdict_counts(plans: Iterable[OrderPlan]) -> dict[str, int]:
    counts = {"asked": 0, "planned": 0, "failed": 0, "excluded": 0}
    for plan in plans:
        counts["asked"] += 1
        counts[plan.outcome] += 1
    return counts


def _gate_payload(gate: Gate) -> dict[str, Any]:
    code = str(gate.finding.code) if gate.finding else ""
    return {
        "name": gate.name,
        "value": gate.value,
        "limit": gate.limit,
        "passed": gate.passed,
        "code": code,
    }


def _screened_order_payload(plan: OrderPlan, found: DryScreening) -> dict[str, Any]:
    order, offer = plan.verdict.order, plan.offer
    sheet, again = found.drift.get(order.id), found.repeated.get(order.id)
    return {
        "number": order.number,
        "verdict": plan.outcome,
        "codes": plan.codes,
        "findings": _finding_payloads(plan.findings),
        "total": amount_payload(offer.priced.total_minor, order.currency) if offer else None,
        "fees": amount_payload(offer.priced.fees_minor, order.currency) if offer else None,
        "lines": [
            _screened_line_payload(line, order.currency, plan.outcome)
            for line in plan.verdict.lines
        ],
        "drift": [_drift_row_payload(row) for row in sheet.rows] if sheet else None,
        "repeated": _prior_repeat_payload(again) if again else None,
        "lapses": [_lapse_payload(lapse) for lapse in sheet.lapses] if sheet else None,
    }


def _prior_repeat_payload(again: PriorRepeat) -> dict[str, Any]:
    return {
        "times": again.times,
        "order": again.order,
        "batch": again.batch,
        "status": again.status,
        "at": InstantField().to_representation(again.at) if again.at else None,
    }


def _finding_payloads(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    return [
        {
            "code": str(f.code),
            "detail": problem_texts.describe(f.code, f.evidence).cause,
            "evidence": dict(f.evidence),
        }
        for f in findings
    ]


def _screened_line_payload(verdict: LineVerdict, currency: str, outcome: str) -> dict[str, Any]:
    line, listed = verdict.line, verdict.reference_minor
    return {
        "number": line.line_no,
        "sku": line.sku.code,
        "quantity": line.quantity,
        "paid": amount_payload(line.total_minor, currency),
        "listed": None if listed is None else amount_payload(listed, currency),
        "outcome": outcome_of(verdict.findings) if verdict.findings else outcome,
        "findings": _finding_payloads(verdict.findings),
    }


def _drift_row_payload(row: DriftRow) -> dict[str, Any]:
    return {
        "field": str(row.field),
        "subject": row.subject,
        "line": row.line_no,
        "then": row.then,
        "now": row.now,
        "change": row.change,
        "severity": str(row.severity),
        "unit": row.unit,
    }


def _lapse_payload(lapse: ExpiryBeforeDelivery) -> dict[str, str]:
    return {
        "field": str(lapse.field),
        "subject": lapse.subject,
        "last_day": lapse.last_day.isoformat(),
        "delivery_day": lapse.delivery_day.isoformat(),
    }
