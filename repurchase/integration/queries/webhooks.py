"""A store's webhooks, and how their deliveries went."""

from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404

from marketplace.api_keys import person_of
from marketplace.models import Store, User
from outbox import webhooks as outbox
from outbox.models import Delivery, Webhook
from repurchase.batches.queries.pagination import (
    PAGE_SIZE,
    CursorPage,
    decode_cursor,
    encode_cursor,
)


def list_webhooks(store: Store) -> QuerySet[Webhook]:
    """The oldest first, each with how many events wait to be sent: `due`."""
    due = Count("deliveries", filter=Q(deliveries__next_try_at__isnull=False))
    return Webhook.objects.filter(store_id=store.pk).annotate(due=due).order_by("created_at", "pk")


def get_webhook(store: Store, webhook_id: UUID) -> Webhook:
    """The store's own, or 404."""
    return get_object_or_404(list_webhooks(store), pk=webhook_id)


def webhook_author_name(of: Webhook) -> str:
    """The name of who added it, or for whom a key did; "" where that was not recorded yet."""
    person = person_of(outbox.creators_by_webhook(of.store_id).get(str(of.pk), ""))
    user = User.objects.filter(pk=person).first() if person else None
    return (user.name or user.email) if user else ""


def list_deliveries(of: Webhook, *, cursor: str = "") -> CursorPage:
    """A page of 50, by event, the newest first."""
    rows = Delivery.objects.filter(webhook=of).select_related("event").order_by("-event__seq")
    if cursor:
        rows = rows.filter(event__seq__lt=decode_cursor(cursor, int)[0])
    found = list(rows[: PAGE_SIZE + 1])
    more = len(found) > PAGE_SIZE
    return CursorPage(
        rows=found[:PAGE_SIZE],
        next_cursor=encode_cursor(found[PAGE_SIZE - 1].event.seq) if more else "",
    )
