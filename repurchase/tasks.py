"""Doorbells: each loads nothing and calls one service."""

from uuid import UUID

from celery import shared_task

from repurchase import simulator
from repurchase.services import (
    big_edits,
    chunks,
    conforming,
    holding,
    invoicing,
    once,
    order_reports,
    reporting,
    sweeping,
    triggering,
)


@shared_task(name="repurchase.generate_next")
def generate_next() -> None:
    chunks.generate_next()


@shared_task(name="repurchase.carry_out_edit")
def carry_out_edit(task_id: int) -> None:
    big_edits.carry_out(task_id)


@shared_task(name="repurchase.make_report")
def make_report(report_id: int) -> None:
    reporting.make(report_id)


@shared_task(name="repurchase.make_order_report")
def make_order_report(store_id: int, ref: str, language: str, name: str) -> None:
    order_reports.make(store_id=store_id, ref=ref, language=language, name=name)


@shared_task(name="repurchase.issue_proforma")
def issue_proforma(proforma_id: str) -> None:
    invoicing.issue(UUID(proforma_id))


@shared_task(name="repurchase.conform")
def conform(run_id: str) -> None:
    conforming.run(UUID(run_id))


@shared_task(name="repurchase.sweep")
def sweep() -> None:
    sweeping.sweep_when_rung()


@shared_task(name="repurchase.judge_triggers")
def judge_triggers() -> None:
    triggering.open_renegotiations()


@shared_task(name="repurchase.recheck_held")
def recheck_held() -> None:
    holding.recheck_held()


@shared_task(name="repurchase.prune")
def prune() -> None:
    once.prune()


@shared_task(name="repurchase.simulate")
def simulate() -> None:
    simulator.simulate()
