"""A store's webhooks, and how their deliveries went."""

from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404

from marketplace.api_keys import person_of
from marketplace.models import Store, User
from outbox import webhooks as outbox
from outbox.models import Delivery, Webhook
from repurchase.batches.queries.pagination import PAGE, Page, decode, encode


def webhooks(store: Store) -> QuerySet[Webhook]:
    """The oldest first, each with how many events wait to be sent: `due`."""
    due = Count("deliveries", filter=Q(deliveries__next_try_at__isnull=False))
    return Webhook.objects.filter(store_id=store.pk).annotate(due=due).order_by("created_at", "pk")


def webhook(store: Store, webhook_id: UUID) -> Webhook:
    """The store's own, or 404."""
    return get_object_or_404(webhooks(store), pk=webhook_id)


def added_by(of: Webhook) -> str:
    """The name of who added it, or for whom a key did; "" where that was not recorded yet."""
    person = person_of(outbox.added_by(of.store_id).get(str(of.pk), ""))
    user = User.objects.filter(pk=person).first() if person else None
    return (user.name or user.email) if user else ""


def deliveries(of: Webhook, *, cursor: str = "") -> Page:
    """A page of 50, by event, the newest first."""
    rows = Delivery.objects.filter(webhook=of).select_related("event").order_by("-event__seq")
    if cursor:
        rows = rows.filter(event__seq__lt=decode(cursor, int)[0])
    found = list(rows[: PAGE + 1])
    more = len(found) > PAGE
    return Page(rows=found[:PAGE], next_cursor=encode(found[PAGE - 1].event.seq) if more else "")
