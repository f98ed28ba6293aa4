"""Work that outlives its worker, and the heartbeats of the processes that do it."""

import datetime as dt

from django.db import models
from django.db.models import F, Q

from marketplace.models import Store

SILENT_AFTER = dt.timedelta(seconds=5)
"""A worker shows a sign of life each second; one that is silent for so long is taken for lost."""

REQUEUE_AFTER = dt.timedelta(seconds=10)
"""Work that nobody has taken up so long after it was rung is rung again: its bell may be lost."""

MAX_TRIES = 5
"""Work that was taken up so often and never done has a fault that time does not cure. A lost
worker counts."""


class WorkQuerySet(models.QuerySet):
    """`now` is the database's own clock: a sandbox store's may have been moved."""

    def unfinished(self):
        return self.filter(done_at=None)

    def free(self, now: dt.datetime):
        """What nobody has, or a worker that is silent."""
        return self.unfinished().filter(Q(beat_at=None) | Q(beat_at__lt=now - SILENT_AFTER))

    def to_ring(self, now: dt.datetime):
        """Free, and not rung since its worker fell silent, or rung long ago; or tried too often to
        be rung again."""
        unheard = Q(rung_at__lt=now - REQUEUE_AFTER) | Q(rung_at__lt=F("beat_at") + SILENT_AFTER)
        return self.free(now).filter(unheard | Q(tries__gte=MAX_TRIES))


class Work(models.Model):
    """A piece of work: who has it, when they last showed life, how often it was taken up
    (reliability 6)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    owner = models.CharField(
        max_length=100, blank=True
    )  # host, process and turn of the worker that has it
    beat_at = models.DateTimeField(null=True)  # its last sign of life; null: nobody has it
    tries = models.PositiveSmallIntegerField(default=0)  # how often it was taken up
    rung_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    code = models.CharField(max_length=40, blank=True)  # why it came to nothing

    objects = WorkQuerySet.as_manager()

    class Meta:
        abstract = True


class Heartbeat(models.Model):
    """When a process of a kind last did its round; `/readyz` and the operator read it."""

    name = models.CharField(max_length=20, primary_key=True)
    beat_at = models.DateTimeField()
