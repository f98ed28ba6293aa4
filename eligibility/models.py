"""What a screening was decided by, kept so that it can be decided again (R-26, B-3)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from diagnostics.frozen import frozen
from marketplace.models import Store


class Part(models.TextChoices):
    """What a record holds: the gates of an attempt, a chunk of its orders, those that shared scarce stock, or
    those that an edit of quantities or promises planned again (`first_position` is then the plan's version)."""

    GATES = "gates"
    CHUNK = "chunk"
    STOCK = "stock"
    EDIT = "edit"


@frozen()
class ScreeningRecord(models.Model):
    """The facts and the world of one screening, as they were. `inputs` is the packed text of `eligibility.codec`.

    `subject` names whose screening it was, as in the ledger ("batch:BR-…"). Where two records of an attempt hold
    an order, the later one decided.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    subject = models.CharField(max_length=40)
    attempt = models.PositiveSmallIntegerField()
    part = models.CharField(max_length=5, choices=Part.choices)
    first_position = models.PositiveIntegerField()
    past_order_ids = ArrayField(models.BigIntegerField(), default=list)
    screened_at = models.DateTimeField()
    rule_version = models.CharField(max_length=20)
    policies = models.JSONField()  # the ⚙ values it was decided under
    inputs = models.BinaryField()
    inputs_digest = models.CharField(max_length=64)  # SHA-256 of the unpacked text
    verdicts_digest = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "attempt", "part", "first_position"],
                name="one_record_a_part_of_a_screening",
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.attempt} {self.part} {self.first_position}"
