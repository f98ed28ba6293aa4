"""`manage.py explain ORDER_REF`: each gate and rule that decided a repeat order, from the record
that was kept."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnostics import problem_texts
from eligibility.findings import Finding
from eligibility.screening_explanation import ExplanationStep
from marketplace import clock
from repurchase.batches.queries.screening_explanation import Explanation, explain_screening
from repurchase.models import RepeatOrder


class Command(BaseCommand):
    help = "Says in words why a repeat order came out as it did."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ref", help="a repeat order's reference, BR-XXXXXXXX-0001")
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args: Any, **options: Any) -> None:
        order = (
            RepeatOrder.objects.at(clock.store_now_expression())
            .select_related("batch")
            .filter(ref=options["ref"])
            .first()
        )
        if order is None:
            raise CommandError(f"NOT_FOUND: there is no repeat order {options['ref']}")
        explanation = explain_screening(order)
        if explanation is None:
            raise CommandError(f"NOT_FOUND: the screening of {order.ref} was not kept")
        told = _explanation_as_dict(order, explanation)
        self.stdout.write(
            json.dumps(told, ensure_ascii=False, indent=2)
            if options["json"]
            else _explanation_text(told)
        )


def _explanation_as_dict(order: RepeatOrder, x: Explanation) -> dict[str, Any]:
    return {
        "order": order.ref,
        "status": order.state,
        "screened_at": x.record.screened_at.isoformat(),
        "rule_version": x.record.rule_version,
        "replay": str(x.outcome),
        "inputs_digest": x.record.inputs_digest,
        "gates": [_step_as_dict(step) for step in x.gates],
        "rules": [_step_as_dict(step) for step in x.order.steps] if x.order else [],
        "lines": [
            {
                "line_no": line.line_no,
                "sku": line.sku,
                "rules": [_step_as_dict(step) for step in line.steps],
            }
            for line in (x.order.lines if x.order else ())
        ],
        "pricing": [_finding_as_dict(finding) for finding in x.pricing],
    }


def _step_as_dict(step: ExplanationStep) -> dict[str, Any]:
    told = {
        "requirement": step.requirement,
        "rule": step.name,
        "value": step.value,
        "limit": step.limit,
        "passed": step.passed,
        "as_of": step.as_of,
        "source": step.source,
    }
    return told | (
        {"finding": _finding_as_dict(step.finding), "fixer": str(step.fixer)}
        if step.finding
        else {}
    )


def _finding_as_dict(finding: Finding) -> dict[str, Any]:
    said = problem_texts.describe(finding.code, finding.evidence)
    return {
        "code": str(said.code),
        "cause": said.cause,
        "fix": said.fix,
        "evidence": dict(finding.evidence),
    }


def _explanation_text(told: dict[str, Any]) -> str:
    lines = [
        f"{name}: {told[name]}"
        for name in ("order", "status", "screened_at", "rule_version", "replay")
    ]
    lines += ["", *map(_format_step, told["gates"]), *map(_format_step, told["rules"])]
    for line in told["lines"]:
        lines += ["", f"line {line['line_no']} {line['sku']}", *map(_format_step, line["rules"])]
    return "\n".join(
        [*lines, *(f"✗ {f['code']}: {f['cause']} {f['fix']}" for f in told["pricing"])]
    )


def _format_step(step: dict[str, Any]) -> str:
    head = f"{'✓' if step['passed'] else '✗'} {step['requirement']:5} {step['rule']}"
    facts = f"{head}: {step['value']} | {step['limit']} | {step['as_of']} | {step['source']}"
    if step["passed"]:
        return facts
    found = step["finding"]
    return f"{facts}\n        {found['code']}: {found['cause']} {found['fix']} ({step['fixer']})"
