"""Who belongs to a store, and as what: each change stands in its ledger. Who leaves takes no key
along."""

from django.db import transaction

from diagnostics import ledger
from marketplace import api_keys, clock
from marketplace.models import Membership, User
from outbox import emails, webhooks
from outbox.models import Webhook


@transaction.atomic
def join(member: Membership, *, by: User) -> None:
    member.save()
    _record_membership(member, "member.joined", by)


@transaction.atomic
def change(member: Membership, *, by: User) -> None:
    """Another role: from now on their keys do no more than it allows."""
    member.save(update_fields=["role"])
    _record_membership(member, "member.changed", by)


@transaction.atomic
def leave(member: Membership, *, by: User) -> None:
    """Ends the membership, and with it the keys that act for it or whose text this member saw."""
    api_keys.end_keys_of_member(member, by=by)
    _email_about_webhooks(member)
    _record_membership(member, "member.left", by)
    member.delete()


def _email_about_webhooks(member: Membership) -> None:
    """They belong to the store and go on: its owners are told, so that none leads where nobody of
    theirs looks."""
    added = webhooks.creators_by_webhook(member.store_id)
    theirs = [pk for pk, by in added.items() if api_keys.person_of(by) == member.user_id]
    standing = Webhook.objects.filter(store_id=member.store_id, pk__in=theirs).order_by(
        "created_at", "pk"
    )
    if ids := [str(pk) for pk in standing.values_list("pk", flat=True)]:
        emails.write(
            kind="marketplace.webhooks_stay",
            store_id=member.store_id,
            dedupe=f"webhooks-stay:{member.pk}",
            webhooks=ids,
            name=member.user.name or member.user.email,
        )


def _record_membership(member: Membership, kind: str, by: User) -> None:
    ledger.record(
        store_id=member.store_id,
        kind=kind,
        subject=f"user:{member.user_id}",
        by=f"user:{by.pk}",
        at=clock.now(member.store),
        role=member.role,
    )
