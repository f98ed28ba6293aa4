"""Celery's tasks: each calls one service."""

from uuid import UUID

from celery import shared_task

from repurchase.batches.services import background_edits, chunks, compliance_holds
from repurchase.confirmation.services import triggers
from repurchase.deadlines import sweep as deadline_sweep
from repurchase.fulfilment.services import proforma_invoices
from repurchase.integration.conformance import runner
from repurchase.integration.services import idempotency
from repurchase.reporting.services import diagnosis_report, order_reports


@shared_task(name="repurchase.generate_next")
def plan_next_chunk() -> None:
    chunks.plan_next()


@shared_task(name="repurchase.carry_out_edit")
def carry_out_edit(task_id: int) -> None:
    background_edits.carry_out(task_id)


@shared_task(name="repurchase.make_report")
def make_diagnosis_report(report_id: int) -> None:
    diagnosis_report.make(report_id)


@shared_task(name="repurchase.make_order_report")
def make_order_report(store_id: int, ref: str, language: str, name: str) -> None:
    order_reports.make(store_id=store_id, ref=ref, language=language, name=name)


@shared_task(name="repurchase.issue_proforma")
def issue_proforma(proforma_id: str) -> None:
    proforma_invoices.issue(UUID(proforma_id))


@shared_task(name="repurchase.conform")
def run_conformance_kit(run_id: str) -> None:
    runner.run(UUID(run_id))


@shared_task(name="repurchase.sweep")
def run_deadline_sweep() -> None:
    deadline_sweep.run_sweep_unless_recent()


@shared_task(name="repurchase.judge_triggers")
def open_triggered_renegotiations() -> None:
    triggers.open_renegotiations()


@shared_task(name="repurchase.recheck_held")
def recheck_held_orders() -> None:
    compliance_holds.recheck_held()


@shared_task(name="repurchase.prune")
def prune_idempotency_records() -> None:
    idempotency.prune()
