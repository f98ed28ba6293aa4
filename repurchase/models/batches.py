"""Batches with their chunks."""

import datetime as dt
import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable

from marketplace.models import Buyer, FxRateSet, IndexClose, Store
from pricing.models import Lock, Renegotiation
from repurchase.models.batch_states import BatchStatus
from repurchase.models.jobs import MAX_TRIES, Work

CROCKFORD_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ref() -> str:
    """BR- and 40 random bits in Crockford's base 32: short enough to read out, no guide to the
    next one."""
    return "BR-" + "".join(secrets.choice(CROCKFORD_ALPHABET) for _ in range(8))


class BatchQuerySet(models.QuerySet["Batch"]):
    def at(self, now: dt.datetime | Combinable):
        """With `state`, the status as it is at `now`: a locked batch none of whose locks lives is
        closed."""
        live = Lock.objects.live_at(now).filter(store=OuterRef("store"), subject=OuterRef("ref"))
        closed = When(
            Q(status=BatchStatus.LOCKED) & ~Exists(live), then=Value(BatchStatus.CLOSED.value)
        )
        return self.annotate(state=Case(closed, default=F("status")))


class Batch(models.Model):
    """Up to 5000 past orders of one buyer, screened and planned together (R-03, R-05)."""

    ref = models.CharField(max_length=11, unique=True, default=new_ref, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="batches")
    buyer = models.ForeignKey(Buyer, on_delete=models.PROTECT, related_name="batches")
    status = models.CharField(
        max_length=10,
        choices=[(s.value, s.value) for s in BatchStatus],
        default=BatchStatus.SCREENING,
    )
    policy = models.CharField(
        max_length=14,
        choices=[("partial", "partial"), ("all_or_nothing", "all_or_nothing")],
        default="partial",
    )
    special_clearance = models.BooleanField(
        default=False
    )  # 专线清关通道 ticked for the whole batch
    asked = models.PositiveIntegerField()
    dry_run = models.BooleanField(default=False)  # planned to be looked at; it can't be locked
    attempt = models.PositiveSmallIntegerField(default=1)
    attempt_at = models.DateTimeField(null=True)  # when this attempt began, by the store's clock
    fingerprint = models.CharField(max_length=64, blank=True)  # SHA-256 over all that was asked for
    code = models.CharField(max_length=40, blank=True)  # why it failed as a whole
    version = models.PositiveIntegerField(
        default=1
    )  # of the plan: each screening and each edit makes a new one
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    screened_at = (
        models.DateTimeField()
    )  # the one instant that every verdict of this attempt is as of
    rate_set = models.ForeignKey(FxRateSet, null=True, on_delete=models.PROTECT, related_name="+")
    index_close = models.ForeignKey(
        IndexClose, null=True, on_delete=models.PROTECT, related_name="+"
    )
    policies = models.JSONField(default=dict)  # the ⚙ values it was decided under
    gates = models.JSONField(default=list)  # value, limit, verdict, as-of of each gate
    left_at_lock = models.JSONField(
        default=dict, blank=True
    )  # what failed a check at the lock, and its money
    planned_at = models.DateTimeField(null=True, blank=True)
    gates_at_confirmation = models.JSONField(
        default=list
    )  # recorded and shown, they block nothing then
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    quoted_after = models.ForeignKey(
        Renegotiation, null=True, blank=True, on_delete=models.PROTECT, related_name="fresh_quotes"
    )  # the renegotiation without agreement whose orders are quoted again

    fresh = True  # False: it was there when it was to be made a second time

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(condition=Q(asked__gt=0), name="a_batch_asks_for_orders"),
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in BatchStatus]),
                name="a_batch_is_in_one_of_its_states",
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-created_at", "-id"], name="batches_of_a_store"),
            models.Index(
                fields=["created_at"], condition=Q(status="screening"), name="batches_in_screening"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def failed_evidence(self) -> dict[str, int]:
        return {"tries": MAX_TRIES}


class Chunk(Work):
    """A part of a batch's work; done is a fact of this row, and a chunk may be delivered twice
    (reliability 6).

    `positions` are those of its orders where they don't follow on the first: an attempt that
    retries some of them.
    """

    batch = models.ForeignKey(
        Batch, on_delete=models.CASCADE, related_name="chunks", db_index=False
    )
    attempt = models.PositiveSmallIntegerField(default=1)
    first_position = models.PositiveIntegerField()
    past_order_ids = ArrayField(models.BigIntegerField())
    positions = ArrayField(models.PositiveIntegerField(), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "attempt", "first_position"],
                name="one_chunk_an_attempt_and_position",
            )
        ]
        indexes = [
            models.Index(fields=["rung_at"], condition=Q(done_at__isnull=True), name="chunks_to_do")
        ]

    @property
    def places(self) -> dict[int, int]:
        """Positions by past order id."""
        places = self.positions or range(
            self.first_position, self.first_position + len(self.past_order_ids)
        )
        return dict(zip(self.past_order_ids, places, strict=True))
