"""Celery's tasks: each calls one service."""

from celery import shared_task

from pricing.services import agreement_sealing


@shared_task(name="pricing.seal")
def seal_agreement(sealing_id: int) -> None:
    agreement_sealing.seal(sealing_id)
