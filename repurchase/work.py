"""Rows of work that outlives its worker, and of answers that outlive their request."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from marketplace.models import Store

SILENT = dt.timedelta(seconds=5)
"""A worker shows a sign of life each second; one that is silent for so long is taken for lost."""

RING_AGAIN = dt.timedelta(seconds=10)
"""Work that nobody has taken up so long after it was rung is rung again: its bell may be lost."""

MAX_TRIES = 5
"""Work that was taken up so often and never done has a fault that time does not cure. A lost worker counts."""


class WorkQuerySet(models.QuerySet):
    """`now` is the database's own clock: a sandbox store's may have been moved."""

    def unfinished(self):
        return self.filter(done_at=None)

    def free(self, now: dt.datetime):
        """What nobody has, or a worker that is silent."""
        return self.unfinished().filter(Q(beat_at=None) | Q(beat_at__lt=now - SILENT))

    def to_ring(self, now: dt.datetime):
        """Free, and not rung since its worker fell silent, or rung long ago; or tried too often to be rung again."""
        unheard = Q(rung_at__lt=now - RING_AGAIN) | Q(rung_at__lt=F("beat_at") + SILENT)
        return self.free(now).filter(unheard | Q(tries__gte=MAX_TRIES))


class Work(models.Model):
    """A piece of work: who has it, when they last showed life, how often it was taken up (reliability 6)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    owner = models.CharField(max_length=100, blank=True)  # host, process and turn of the worker that has it
    beat_at = models.DateTimeField(null=True)  # its last sign of life; null: nobody has it
    tries = models.PositiveSmallIntegerField(default=0)  # how often it was taken up
    rung_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    code = models.CharField(max_length=40, blank=True)  # why it came to nothing

    objects = WorkQuerySet.as_manager()

    class Meta:
        abstract = True


class EditTask(Work):
    """A big edit of a plan, the undoing of one, or fixes, that a worker carries out; one at a time for a batch.

    Done, `code` says why nothing was changed; empty, it was applied as `version`.
    """

    batch = models.ForeignKey(
        "repurchase.Batch", on_delete=models.CASCADE, related_name="edit_tasks", db_index=False
    )
    undoes = models.ForeignKey(
        "repurchase.BatchEdit", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    changes = models.JSONField()  # as `repurchase.edits` keeps them; of an undoing none
    fixes = models.JSONField(default=list)  # [code, subject] each, where it cures
    version = models.PositiveIntegerField()  # of the plan that it was asked for
    digest = models.CharField(max_length=64, blank=True)  # of the preview; empty: whatever it comes to
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


class KeptAnswer(models.Model):
    """What a request with an Idempotency-Key came to, written with its effect: sent again it is answered the same."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    request = models.CharField(max_length=64)  # SHA-256 over method, path and body
    status = models.PositiveSmallIntegerField()
    body = models.JSONField()
    location = models.CharField(max_length=200, blank=True)
    kept_at = models.DateTimeField()  # by the database's own clock

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "key"], name="one_answer_a_store_and_key")]
        indexes = [models.Index(fields=["kept_at"], name="answers_by_age")]

    def __str__(self) -> str:
        return self.key
