"""A store's webhooks: each change stands in its ledger, with who made it.

A webhook belongs to the store, not to the member who added it: it does nothing in the store, and
an ERP must not lose its events because somebody leaves. Whoever may manage webhooks may rotate its
secret or remove it; when a member leaves, the owners are told which webhooks are theirs
(`marketplace.members`).
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction

from diagnostics import ledger
from marketplace import clock
from marketplace.models import Store
from outbox import webhooks
from outbox.models import Webhook


@transaction.atomic
def add(*, store: Store, url: str, types: Sequence[str], by: str) -> tuple[Webhook, str]:
    """(the webhook, its secret); raises as `outbox.webhooks.create`."""
    made, secret = webhooks.create(
        store_id=store.pk, url=url, types=types, loopback=settings.WEBHOOKS_TO_LOOPBACK
    )
    _record_webhook_change(store, made, webhooks.ADDED_ENTRY_KIND, by, types=made.types)
    return made, secret


@transaction.atomic
def rotate(webhook: Webhook, *, store: Store, by: str) -> str:
    secret = webhooks.rotate(webhook, now=clock.now())
    _record_webhook_change(store, webhook, "webhook.rotated", by)
    return secret


@transaction.atomic
def switch(webhook: Webhook, *, store: Store, on: bool, by: str) -> None:
    webhooks.switch(webhook, on=on)
    _record_webhook_change(store, webhook, "webhook.switched", by, on=on)


@transaction.atomic
def remove(webhook: Webhook, *, store: Store, by: str) -> None:
    webhooks.remove(webhook)
    _record_webhook_change(store, webhook, "webhook.removed", by)


def _record_webhook_change(
    store: Store, webhook: Webhook, kind: str, by: str, **facts: Any
) -> None:
    """Where it posts to, never its secret."""
    ledger.record(
        store_id=store.pk,
        kind=kind,
        subject=f"webhook:{webhook.pk}",
        by=by,
        at=clock.now(store),
        url=webhook.url,
        **facts,
    )
