"""The ledger: an append-only, hash-chained trail of decisions, one chain a store (reliability 9).

Holds no foreign key to anything above, so that the recorder never gets in the way of live data.
"""

from django.db import models


class LedgerHead(models.Model):
    """The end of a store's chain; its row lock orders the writers."""

    store_id = models.BigIntegerField(primary_key=True)
    seq = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")


class LedgerEntry(models.Model):
    """One decision or chunk. The database refuses to change or delete it (a trigger in the migration)."""

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
            models.UniqueConstraint(fields=["store_id", "seq"], name="one_ledger_entry_a_store_and_seq")
        ]
        indexes = [models.Index(fields=["store_id", "subject", "seq"], name="ledger_of_a_subject")]
        verbose_name_plural = "ledger entries"

    def __str__(self) -> str:
        return f"{self.seq} {self.kind} {self.subject}"
