"""The verbs of webhooks: made with a secret that is shown once, rotated, switched, replayed,
removed."""

import datetime as dt
from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from outbox import events, http_post, webhook_signatures, webhook_targets
from outbox.models import Webhook

MAX_PER_STORE = 10
ADDED_ENTRY_KIND = "webhook.added"
"""The entry of the ledger that says who added one."""
REPLAY_SQL = """
INSERT INTO outbox_delivery (store_id, webhook_id, event_id, next_try_at, attempts, outcome)
SELECT e.store_id, %(webhook)s, e.id, clock_timestamp(), 0, ''
FROM outbox_event e
WHERE e.store_id = %(store)s AND e.seq > %(after)s AND e.seq <= %(upto)s
    AND (%(all)s OR e.type = ANY(%(types)s) OR split_part(e.type, '.', 1) || '.*' = ANY(%(types)s))
ORDER BY e.seq
ON CONFLICT (webhook_id, event_id) DO UPDATE SET next_try_at = excluded.next_try_at, attempts = 0
"""


def check_target(url: str, *, loopback: bool) -> None:
    """Where it leads, asked before anything is written: it takes the network.
    WEBHOOK_TARGET_REFUSED."""
    if why := http_post.destination_problem(url, loopback=loopback):
        raise Problem(Code.WEBHOOK_TARGET_REFUSED, detail=gettext(why))


@transaction.atomic
def create(*, store_id: int, url: str, types: Sequence[str], loopback: bool) -> tuple[Webhook, str]:
    """(the webhook, its secret: the only time it is told). It gets what happens from now on.

    WEBHOOK_TARGET_REFUSED, WEBHOOKS_TOO_MANY.
    """
    if why := webhook_targets.url_problem(url, loopback=loopback):
        raise Problem(Code.WEBHOOK_TARGET_REFUSED, detail=gettext(why))
    with (
        connection.cursor() as cursor
    ):  # two at once would each count what the other has not written yet
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('webhooks:' || %s))", [store_id])
    if Webhook.objects.filter(store_id=store_id).count() >= MAX_PER_STORE:
        raise Problem(Code.WEBHOOKS_TOO_MANY, limit=MAX_PER_STORE)
    made = Webhook.objects.create(
        store_id=store_id,
        url=url,
        types=sorted(set(types)),
        queued_seq=events.latest_number(store_id),
    )
    return made, webhook_signatures.secret_of(made)


@transaction.atomic
def rotate(webhook: Webhook, *, now: dt.datetime) -> str:
    """A new secret, told once; the one before it signs beside it for another 24 hours."""
    row = Webhook.objects.select_for_update().get(pk=webhook.pk)
    row.secret_version, row.rotated_at = row.secret_version + 1, now
    row.save(update_fields=["secret_version", "rotated_at"])
    return webhook_signatures.secret_of(row)


def switch(webhook: Webhook, *, on: bool) -> None:
    """Off, nothing is sent; on again, everything that happened meanwhile is."""
    Webhook.objects.filter(pk=webhook.pk).update(enabled=on, failing_since=None, disabled_at=None)


@transaction.atomic
def replay(webhook: Webhook, *, after: int) -> int:
    """How many events are sent again: all with a higher number that its filter lets through, with
    their old ids."""
    row = Webhook.objects.select_for_update().get(pk=webhook.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            REPLAY_SQL,
            {
                "webhook": row.pk,
                "store": row.store_id,
                "after": max(after, 0),
                "upto": row.queued_seq,
                "types": row.types,
                "all": not row.types,
            },
        )
        return cursor.rowcount


def remove(webhook: Webhook) -> None:
    Webhook.objects.filter(pk=webhook.pk).delete()


def creators_by_webhook(store_id: int) -> dict[str, str]:
    """Who added each webhook of a store, by its id: an actor of the ledger. Those from before it
    was recorded lack."""
    rows = LedgerEntry.objects.filter(store_id=store_id, kind=ADDED_ENTRY_KIND).order_by("seq")
    return {
        subject.removeprefix("webhook:"): by for subject, by in rows.values_list("subject", "by")
    }


def release(webhook_id: object) -> None:
    """A sender is done with it before its lease ran out."""
    Webhook.objects.filter(pk=webhook_id).update(busy_until=Now())
