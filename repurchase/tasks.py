"""Doorbells: each loads nothing and calls one service."""

from celery import shared_task

from repurchase import simulator
from repurchase.services import generating, sweeping, triggering


@shared_task(name="repurchase.generate_chunk")
def generate_chunk(chunk_id: int) -> None:
    generating.generate_chunk(chunk_id)


@shared_task(name="repurchase.finish_batch")
def finish_batch(batch_id: int) -> None:
    generating.finish_batch(batch_id)


@shared_task(name="repurchase.sweep")
def sweep() -> None:
    sweeping.sweep_when_rung()


@shared_task(name="repurchase.judge_triggers")
def judge_triggers() -> None:
    triggering.open_renegotiations()


@shared_task(name="repurchase.simulate")
def simulate() -> None:
    simulator.simulate()
