"""Customised services of a batch."""

from django.db import models
from django.db.models import Q

from marketplace.models import PastOrder, PastOrderLine, Store
from repurchase.models.batches import Batch


class ServiceSource(models.TextChoices):
    NOTE = "note"
    MEMBER = "member"
    API = "api"


class LineService(models.Model):
    """A customised service of a batch (R-15): it stands in the past order's note, or was recorded
    before the lock.

    Of a line, or of the whole order where `past_line` is null. It outlives a rescreening, which
    makes the repeat orders anew. Unless the seller dismissed it, its lines are repeated only if
    the buyer confirms it in writing.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(
        Batch, on_delete=models.CASCADE, related_name="services", db_index=False
    )
    past_order = models.ForeignKey(
        PastOrder, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    past_line = models.ForeignKey(
        PastOrderLine, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    text = models.CharField(max_length=300)
    source = models.CharField(max_length=6, choices=ServiceSource.choices)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=80)
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.CharField(max_length=80, null=True)
    dismissed_why = models.CharField(max_length=300, blank=True)
    confirmed_at = models.DateTimeField(
        null=True
    )  # by the buyer, with the lock; the evidence is in the act

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "past_order", "past_line", "text"],
                name="one_service_a_batch_line_and_text",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(dismissed_at__isnull=True, dismissed_by__isnull=True, dismissed_why="")
                | (
                    Q(dismissed_at__isnull=False, dismissed_by__isnull=False) & ~Q(dismissed_why="")
                ),
                name="a_dismissed_service_says_when_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=Q(dismissed_at__isnull=True) | Q(confirmed_at__isnull=True),
                name="a_dismissed_service_is_not_confirmed",
            ),
        ]
