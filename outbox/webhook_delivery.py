"""Sending webhooks from rows: events become deliveries, a webhook is leased by one sender at a
time (F-15).

Nothing is remembered outside the database. A sender that is killed loses its lease after a minute,
and what it was sending is sent again, with the same id: at least once, never at most once.
"""

import datetime as dt
import json
import time
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from diagnostics.transactions import refuse_in_transaction
from outbox import emails, events, http_post, webhook_signatures, webhooks
from outbox.http_post import PostOutcome, PostResult
from outbox.models import Delivery, Webhook

log = structlog.get_logger(__name__)

LEASE = dt.timedelta(seconds=60)
TURN_SECONDS = 20  # with the one attempt that may begin at its end, still within the lease
BACKOFF = [dt.timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 7200)]  # then every two hours
GIVE_UP_AFTER = dt.timedelta(days=3)
HTTP_GONE = 410
"""The receiver says that it wants no more of this: it is switched off at once."""

QUEUE_DELIVERIES_SQL = """
WITH behind AS (
    SELECT w.id, w.store_id, w.types, w.queued_seq, h.seq
    FROM outbox_webhook w JOIN outbox_eventhead h USING (store_id)
    WHERE w.enabled AND w.queued_seq < h.seq
    ORDER BY w.id LIMIT 100 FOR UPDATE OF w SKIP LOCKED
), queued AS (
    INSERT INTO outbox_delivery (store_id, webhook_id, event_id, next_try_at, attempts, outcome)
    SELECT b.store_id, b.id, e.id, clock_timestamp(), 0, ''
    FROM behind b JOIN outbox_event e ON e.store_id = b.store_id AND e.seq > b.queued_seq AND e.seq <= b.seq
    WHERE cardinality(b.types) = 0 OR e.type = ANY(b.types) OR split_part(e.type, '.', 1) || '.*' = ANY(b.types)
    ORDER BY e.seq
    ON CONFLICT DO NOTHING
)
UPDATE outbox_webhook w SET queued_seq = b.seq FROM behind b WHERE w.id = b.id
"""
CLAIM_WEBHOOKS_SQL = """
UPDATE outbox_webhook SET busy_until = clock_timestamp() + %s
WHERE id IN (
    SELECT w.id FROM outbox_webhook w
    WHERE w.enabled AND w.busy_until <= clock_timestamp() AND EXISTS (
        SELECT 1 FROM outbox_delivery d WHERE d.webhook_id = w.id AND d.next_try_at <= clock_timestamp())
    ORDER BY w.busy_until LIMIT %s FOR UPDATE OF w SKIP LOCKED
) RETURNING id
"""


def queue_events() -> int:
    """Turns what was told since into deliveries; how many webhooks got some. The numbers have no
    holes (ADR 4)."""
    with connection.cursor() as cursor:
        cursor.execute(QUEUE_DELIVERIES_SQL)
        return cursor.rowcount


def claim(limit: int) -> list[UUID]:
    """Leases up to `limit` webhooks that have something due and nobody sending."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM_WEBHOOKS_SQL, [LEASE, limit])
        return [row[0] for row in cursor.fetchall()]


def deliver_to_webhook(webhook_id: UUID) -> int:
    """Sends what is due to a leased webhook, oldest first, until all is sent or one fails; how
    many arrived."""
    until, sent = time.monotonic() + TURN_SECONDS, 0
    try:
        while (
            time.monotonic() < until
            and (due := _next_due_delivery(webhook_id))
            and _attempt_delivery(due)
        ):
            sent += 1
    finally:
        webhooks.release(webhook_id)
    return sent


def send_due() -> int:
    """One pass, in this process and one after the other; how many arrived."""
    queue_events()
    return sum(deliver_to_webhook(webhook_id) for webhook_id in claim(1000))


def _next_due_delivery(webhook_id: UUID) -> Delivery | None:
    due = Delivery.objects.filter(webhook=webhook_id, webhook__enabled=True, next_try_at__lte=Now())
    return due.select_related("webhook", "event").order_by("attempts", "event__seq").first()


def _attempt_delivery(delivery: Delivery) -> bool:
    began = _database_now()
    posted = _post_delivery(delivery, began)
    _record_attempt(delivery, posted, began)
    if posted.outcome is not PostOutcome.DELIVERED:
        log.info(
            "webhook_failed",
            webhook=str(delivery.webhook_id),
            outcome=posted.outcome,
            status=posted.status,
        )
    return posted.outcome is PostOutcome.DELIVERED


def _post_delivery(delivery: Delivery, now: dt.datetime) -> PostResult:
    refuse_in_transaction("webhook")
    said = events.build_payload(delivery.event)
    body = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    signed = webhook_signatures.headers(delivery.webhook, id=said["id"], body=body, now=now)
    headers = {"content-type": "application/json", "user-agent": "bulk-repeat-order/1"} | signed
    return http_post.post(
        delivery.webhook.url, headers=headers, body=body, loopback=settings.WEBHOOKS_TO_LOOPBACK
    )


@transaction.atomic
def _record_attempt(delivery: Delivery, posted: PostResult, began: dt.datetime) -> None:
    arrived = posted.outcome is PostOutcome.DELIVERED
    age = began - delivery.event.committed_at
    wait = BACKOFF[min(delivery.attempts, len(BACKOFF) - 1)]
    again = (
        None
        if arrived or (age > GIVE_UP_AFTER and delivery.attempts >= len(BACKOFF))
        else Now() + wait
    )
    Delivery.objects.filter(pk=delivery.pk).update(
        attempts=F("attempts") + 1,
        sent_at=began,
        outcome=posted.outcome,
        status=posted.status,
        milliseconds=posted.milliseconds,
        next_try_at=again,
        delivered_at=Now() if arrived else None,
    )
    webhook = Webhook.objects.filter(pk=delivery.webhook_id)
    if arrived:
        webhook.exclude(failing_since=None).update(failing_since=None)
    else:
        webhook.filter(failing_since=None).update(failing_since=began)
        _disable_if_hopeless(delivery, posted, began)


def _disable_if_hopeless(delivery: Delivery, posted: PostResult, now: dt.datetime) -> None:
    """Three days without a single arrival, or the receiver's word: its developers get a letter."""
    hopeless = Webhook.objects.filter(pk=delivery.webhook_id, enabled=True)
    if posted.status != HTTP_GONE:
        hopeless = hopeless.filter(failing_since__lte=now - GIVE_UP_AFTER)
    if hopeless.update(enabled=False, disabled_at=now):
        emails.write(
            kind="outbox.webhook_disabled",
            store_id=delivery.store_id,
            dedupe=f"webhook-disabled:{delivery.webhook_id}:{now.isoformat()}",
            webhook=str(delivery.webhook_id),
        )


def _database_now() -> dt.datetime:
    """The database's: signatures and backoff must not depend on a worker's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
