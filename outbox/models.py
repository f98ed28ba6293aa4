"""What must be told to whom after the commit. Rows hold a kind and plain ids, never a secret or a
text."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class Letter(models.Model):
    """An email to be rendered and sent after the transaction that wrote it; delivered at least
    once."""

    id = models.UUIDField(
        primary_key=True, default=uuid.uuid4, editable=False
    )  # the stable Message-ID
    kind = models.CharField(max_length=40)  # the renderer's name: "repurchase.invitation"
    store_id = models.BigIntegerField()
    subjects = models.JSONField()  # plain ids that the renderer loads by
    dedupe = models.CharField(max_length=120, unique=True)  # one letter an event and recipient
    written_at = models.DateTimeField(auto_now_add=True)
    next_try_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(sent_at__isnull=True), name="letters_to_send"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class RenderJob(models.Model):
    """A PDF to be made by a worker after the transaction that wanted it (`outbox.document_jobs`):
    whose it is, how it goes."""

    MADE = "done_at"  # the column that says since when it is there

    rung_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)  # how often it was taken up
    busy_until = models.DateTimeField(
        null=True
    )  # the lease of the worker that has it; null: nobody has it
    error = models.CharField(
        max_length=200, blank=True, default=""
    )  # of the last try, for the operator
    alarmed_at = models.DateTimeField(
        null=True
    )  # when the operator was told that it does not get made

    class Meta:
        abstract = True

    @property
    def is_made(self) -> bool:
        return getattr(self, self.MADE) is not None

    @property
    def has_failed(self) -> bool:
        """Tried at least once in vain. It is tried again by itself."""
        return not self.is_made and (bool(self.error) or self.tries > 1)


class EventHead(models.Model):
    """How many events a store has had. Its row lock is taken by the commit itself
    (sql/events.sql)."""

    store_id = models.BigIntegerField(primary_key=True)
    seq = models.BigIntegerField(default=0)


class Event(models.Model):
    """What happened in a store, for whoever listens. `seq` is given at the commit: in order,
    without holes (ADR 4)."""

    store_id = models.BigIntegerField()
    seq = models.BigIntegerField(
        null=True, editable=False
    )  # null only inside the transaction that tells it
    type = models.CharField(
        max_length=60
    )  # "batch.planned": what it is, and the state that it entered
    subject = models.CharField(max_length=80)  # "batch:BR-7K3M9QXZ"
    at = models.DateTimeField()  # by the store's clock
    committed_at = models.DateTimeField(
        null=True, editable=False
    )  # by the database's, as it got its number
    data = models.JSONField(default=dict)  # plain values; no secret, no personal data

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store_id", "seq"], name="one_event_a_store_and_seq")
        ]
        indexes = [
            models.Index(
                fields=["store_id"], condition=Q(seq=None), name="events_without_a_number"
            ),
            models.Index(fields=["committed_at"], name="events_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.type} {self.subject}"


class Webhook(models.Model):
    """An address that a store's events are posted to. Its secret is derived, never stored
    (`outbox.webhook_signatures`)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store_id = models.BigIntegerField(db_index=True)
    url = models.URLField(max_length=500)
    types = ArrayField(
        models.CharField(max_length=60), default=list, blank=True
    )  # "lock.*"; none: all
    secret_version = models.PositiveIntegerField(default=1)
    rotated_at = models.DateTimeField(
        null=True, blank=True
    )  # the old secret signs too for a time after it
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    queued_seq = models.BigIntegerField(default=0)  # up to here events have become deliveries
    busy_until = models.DateTimeField(
        auto_now_add=True
    )  # one sender at a time; a lost one's lease runs out
    failing_since = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)  # by us, after failing for long

    def __str__(self) -> str:
        return self.url

    @property
    def state(self) -> str:
        if not self.enabled:
            return "disabled" if self.disabled_at else "off"
        return "failing" if self.failing_since else "on"


class Delivery(models.Model):
    """An event on its way to a webhook, and how its last attempt went."""

    store_id = models.BigIntegerField()
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+")
    next_try_at = models.DateTimeField(null=True)  # null: delivered, or given up
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)  # the last attempt
    delivered_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=12, blank=True
    )  # of the last attempt (`outbox.http_post.PostOutcome`)
    status = models.PositiveSmallIntegerField(null=True)  # what the receiver answered
    milliseconds = models.PositiveIntegerField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["webhook", "event"], name="one_delivery_a_webhook_and_event"
            )
        ]
        indexes = [
            models.Index(
                fields=["webhook", "next_try_at"],
                condition=Q(next_try_at__isnull=False),
                name="deliveries_due",
            )
        ]
