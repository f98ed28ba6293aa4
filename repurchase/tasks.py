"""Doorbells: each loads nothing and calls one service."""

from uuid import UUID

from celery import shared_task

from repurchase import simulator
from repurchase.services import conforming, generating, invoicing, sweeping


@shared_task(name="repurchase.generate_chunk")
def generate_chunk(chunk_id: int) -> None:
    generating.generate_chunk(chunk_id)


@shared_task(name="repurchase.finish_batch")
def finish_batch(batch_id: int) -> None:
    generating.finish_batch(batch_id)


@shared_task(name="repurchase.issue_proforma")
def issue_proforma(proforma_id: str) -> None:
    invoicing.issue(UUID(proforma_id))


@shared_task(name="repurchase.conform")
def conform(run_id: str) -> None:
    conforming.run(UUID(run_id))


@shared_task(name="repurchase.sweep")
def sweep() -> None:
    sweeping.beat("sweep")
    sweeping.sweep()


@shared_task(name="repurchase.simulate")
def simulate() -> None:
    simulator.simulate()
