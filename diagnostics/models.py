"""The ledger: an append-only, hash-chained trail of decisions, one chain a store (reliability 9).

Holds no foreign key to anything above, so that the recorder never gets in the way of live data.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class LedgerHead(models.Model):
    """The end of a store's chain; its row lock orders the writers."""

    store_id = models.BigIntegerField(primary_key=True)
    seq = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")


class LedgerEntry(models.Model):
    """One decision or chunk. The database refuses to change or delete it (sql/ledger.sql)."""

    store_id = models.BigIntegerField()
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    by = models.CharField(max_length=80)  # "user:7", "grant:<id>", "system:sweep"
    kind = models.CharField(max_length=40)  # "batch.locked"
    subject = models.CharField(max_length=80)  # "batch:BR-7K3M9QXZ"
    facts = models.JSONField(default=dict)  # plain values; personal data only as digests
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store_id", "seq"], name="one_ledger_entry_a_store_and_seq"
            )
        ]
        indexes = [models.Index(fields=["store_id", "subject", "seq"], name="ledger_of_a_subject")]
        verbose_name_plural = "ledger entries"

    def __str__(self) -> str:
        return f"{self.seq} {self.kind} {self.subject}"


class Failure(models.Model):
    """An order that failed: when, by which first cause, with the evidence as it was then (R-72,
    R-75, R-76).

    Written when an order enters failure or its first cause becomes another one; screened again to
    the same end it is still the same failure. The database lets only `ended_at` and `ended_how` be
    filled, once (a trigger).
    """

    store_id = models.BigIntegerField()
    batch = models.CharField(max_length=24)  # its reference
    subject = models.CharField(max_length=24)  # the order's
    at = models.DateTimeField()
    attempt = models.PositiveSmallIntegerField()
    version = models.PositiveIntegerField()  # of the plan that showed it
    code = models.CharField(max_length=40)  # the first cause
    codes = ArrayField(models.CharField(max_length=40))  # all of them, each once
    causes = models.JSONField()  # [{code, role, because, line, evidence}]
    currency = models.CharField(max_length=3)
    blocked_minor = models.BigIntegerField()  # goods and freight that it holds up, before tax
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(
        max_length=7, null=True, choices=[("cured", "cured"), ("changed", "changed")]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(ended_at__isnull=True),
                name="one_standing_failure_an_order",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_how__isnull=True)
                | Q(ended_at__isnull=False, ended_how__isnull=False),
                name="a_failure_that_ended_says_when_and_how",
            ),
        ]
        indexes = [
            models.Index(fields=["store_id", "at"], name="failures_of_a_store"),
            models.Index(fields=["batch"], name="failures_of_a_batch"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.subject}"
