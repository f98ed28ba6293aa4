"""The process that sends webhooks: woken by the commit, else every half second by what is due.

It needs no broker. Several of them are harmless: each webhook is leased by one at a time.
"""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

import structlog
from django.db import connection

from outbox import event_listener, webhook_delivery

log = structlog.get_logger(__name__)

THREADS = 8
"""So many receivers are served side by side: a slow one holds up its own events only."""

IDLE_SECONDS = 0.5
RETRY_SECONDS = 1


def run(stop: threading.Event) -> None:
    """Until `stop` is set; a lost database is waited for."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="courier") as pool:
        while not stop.is_set():
            try:
                _serve_webhooks(stop, pool)
            except event_listener.CONNECTION_ERRORS as error:
                log.warning("courier_lost_the_database", error=str(error))
                time.sleep(RETRY_SECONDS)
    connection.close()


def _serve_webhooks(stop: threading.Event, pool: ThreadPoolExecutor) -> None:
    """Only as many webhooks are leased as there are threads free to serve them."""
    event_listener.begin()
    turns: list[Future] = []
    while not stop.is_set():
        webhook_delivery.queue_events()
        turns = [turn for turn in turns if not turn.done()]
        turns += [
            pool.submit(_deliver_leased, webhook_id)
            for webhook_id in webhook_delivery.claim(THREADS - len(turns))
        ]
        event_listener.wait(IDLE_SECONDS)


def _deliver_leased(webhook_id: UUID) -> None:
    try:
        webhook_delivery.deliver_to_webhook(webhook_id)
    except Exception:
        log.exception("courier_turn_failed", webhook=str(webhook_id))
    finally:
        connection.close()
