"""What must be told to whom after the commit. Rows hold a kind and plain ids, never a secret or a text."""

import uuid

from django.db import models
from django.db.models import Q


class Letter(models.Model):
    """An email to be rendered and sent after the transaction that wrote it; delivered at least once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)  # the stable Message-ID
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
            models.Index(fields=["next_try_at"], condition=Q(sent_at__isnull=True), name="letters_to_send")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
