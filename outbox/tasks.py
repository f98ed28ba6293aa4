from celery import shared_task

from outbox import letters


@shared_task(name="outbox.deliver_letters")
def deliver_letters() -> int:
    return letters.deliver_due()
