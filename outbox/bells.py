"""Ringing a task by name after the commit. A lost ring costs time, never work: the sweep reads the rows."""

import structlog
from celery import current_app
from django.db import transaction

log = structlog.get_logger(__name__)


def ring(task: str, /, **arguments: object) -> None:
    """Sends `task` to the queue once the transaction is committed; with the broker down it only logs."""

    def send() -> None:
        try:
            current_app.send_task(task, kwargs=arguments, retry=False)
        except current_app.connection_for_write().connection_errors as error:
            log.warning("bell_unheard", task=task, arguments=arguments, error=str(error))

    transaction.on_commit(send, robust=True)
