"""Celery's tasks: each calls one service."""

from celery import shared_task

from qualification.services import uploads


@shared_task(name="qualification.read")
def read_document(upload_id: int) -> None:
    uploads.read(upload_id)
