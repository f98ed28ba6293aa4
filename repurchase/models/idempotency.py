"""Answers that outlive their request."""

from django.db import models

from marketplace.models import Store


class KeptAnswer(models.Model):
    """What a request with an Idempotency-Key came to, written with its effect: sent again it is
    answered the same."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    request = models.CharField(max_length=64)  # SHA-256 over method, path and body
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    location = models.CharField(max_length=200, blank=True)
    kept_at = models.DateTimeField()  # by the database's own clock

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "key"], name="one_answer_a_store_and_key")
        ]
        indexes = [models.Index(fields=["kept_at"], name="answers_by_age")]

    def __str__(self) -> str:
        return self.key
