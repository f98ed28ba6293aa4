"""Diagnostic reports of a batch."""

from django.db import models
from django.db.models import Q

from marketplace.models import Store
from repurchase.models.batches import Batch


class DiagnosisReport(models.Model):
    """The report of a batch's failures as a PDF: asked for, made by a worker, stored where nothing
    serves it (R-73).

    `busy_until` is the lease of the worker that has it; one that was lost is rung again when it
    has run out.
    """

    class Phase(models.TextChoices):
        WAITING = "waiting"
        READING = "reading"
        DRAWING = "drawing"
        DONE = "done"
        FAILED = "failed"

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="reports")
    version = models.PositiveIntegerField()  # of the plan that it tells
    language = models.CharField(max_length=10)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    rung_at = models.DateTimeField()
    busy_until = models.DateTimeField(null=True)
    alarmed_at = models.DateTimeField(null=True)  # when the operator was told that it failed
    tries = models.PositiveSmallIntegerField(default=0)
    phase = models.CharField(max_length=8, choices=Phase.choices, default=Phase.WAITING)
    done = models.PositiveIntegerField(default=0)  # orders read
    total = models.PositiveIntegerField()
    made_at = models.DateTimeField(null=True)  # the instant that it tells of
    file_key = models.CharField(max_length=80, blank=True)
    file_bytes = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(phase="done") | (Q(made_at__isnull=False) & ~Q(file_key="")),
                name="a_report_that_is_done_has_its_file",
            )
        ]
        indexes = [
            models.Index(
                fields=["rung_at"],
                condition=~Q(phase__in=["done", "failed"]),
                name="reports_to_make",
            )
        ]

    def __str__(self) -> str:
        return f"{self.batch.ref} report {self.pk}"

    @property
    def finished(self) -> bool:
        return self.phase in (self.Phase.DONE, self.Phase.FAILED)
