"""Edits of a batch, made and at work."""

from django.db import models
from django.db.models import Q

from marketplace.models import Store
from repurchase.models.batches import Batch
from repurchase.models.jobs import Work


class BatchEdit(models.Model):
    """One action on the quantities or promises of a batch, until the lock (R-16, R-17).

    `changes` are edits as `repurchase.batches.edits` keeps them: by ids, so that a screening
    applies them again.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="edits", db_index=False)
    version = models.PositiveIntegerField()  # of the plan that it made
    changes = models.JSONField()
    lines = models.PositiveIntegerField()
    orders = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256 over what was previewed and what it came to
    applied_at = models.DateTimeField()
    applied_by = models.CharField(max_length=80)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=80, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "version"], name="one_edit_a_batch_and_version"
            ),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="an_edit_that_was_undone_says_when_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} v{self.version}"


class EditTask(Work):
    """A big edit of a plan, the undoing of one, or fixes, that a worker carries out; one at a time
    for a batch.

    Done, `code` says why nothing was changed; empty, it was applied as `version`.
    """

    batch = models.ForeignKey(
        "repurchase.Batch", on_delete=models.CASCADE, related_name="edit_tasks", db_index=False
    )
    undoes = models.ForeignKey(
        "repurchase.BatchEdit",
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,
    )
    changes = models.JSONField()  # as `repurchase.batches.edits` keeps them; of an undoing none
    fixes = models.JSONField(default=list)  # [code, subject] each, where it cures
    version = models.PositiveIntegerField()  # of the plan that it was asked for
    digest = models.CharField(
        max_length=64, blank=True
    )  # of the preview; empty: whatever it comes to
    orders = models.PositiveIntegerField()  # that it names
    planned = models.PositiveIntegerField(default=0)  # of them so far
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    evidence = models.JSONField(default=dict)  # of the code

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch"], condition=Q(done_at__isnull=True), name="one_edit_at_work_a_batch"
            )
        ]
        indexes = [
            models.Index(fields=["rung_at"], condition=Q(done_at__isnull=True), name="edits_to_do"),
            models.Index(fields=["batch", "-id"], name="edit_tasks_of_a_batch"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} v{self.version}"
