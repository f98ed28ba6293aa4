from celery import shared_task
from django.utils import timezone

from outbox import emails, events


@shared_task(name="outbox.deliver_letters")
def deliver_emails() -> int:
    return emails.deliver_due()


@shared_task(name="outbox.prune_events")
def prune_events() -> int:
    return events.prune(timezone.now())
