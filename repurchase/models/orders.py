"""Repeat orders with their lines."""

import datetime as dt

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable

from marketplace.models import CarrierService, PastOrder, PastOrderLine, Sku, Store
from pricing.models import Lock, expired_status_cases
from pricing.totals import Amounts, amounts_of
from repurchase.models.batches import Batch
from repurchase.models.order_states import ACCEPTED, OrderStatus


def state_at(now: dt.datetime | Combinable, order: str = "") -> Case:
    """The status as it is at `now`, whether or not a sweep came by (R-49). `order`: the way to it,
    "order__"."""
    status = f"{order}status"
    lapsed = Case(
        *expired_status_cases(now, lock=f"{order}lock__"), default=F(status)
    )  # expired, terminated: the lock's words
    return Case(When(**{status: OrderStatus.LOCKED}, then=lapsed), default=F(status))


class RepeatOrderQuerySet(models.QuerySet["RepeatOrder"]):
    def at(self, now: dt.datetime | Combinable):
        """With `state`, the status as it is at `now`."""
        return self.annotate(state=state_at(now))


class RepeatOrder(models.Model):
    """A past order repeated: one row for each asked order, whatever became of it (R-02, R-08)."""

    ref = models.CharField(max_length=16, unique=True)  # the batch's, and the position
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(
        Batch, on_delete=models.CASCADE, related_name="orders", db_index=False
    )
    position = models.PositiveIntegerField()
    past_order = models.ForeignKey(
        PastOrder, on_delete=models.PROTECT, related_name="repeats", db_index=False
    )
    status = models.CharField(max_length=16, choices=[(s.value, s.value) for s in OrderStatus])
    codes = ArrayField(models.CharField(max_length=40), default=list)
    findings = models.JSONField(default=list)  # [{code, evidence}]
    currency = models.CharField(max_length=3)
    goods_minor = models.BigIntegerField(default=0)
    freight_minor = models.BigIntegerField(
        default=0
    )  # charged to the buyer, carried over and locked
    tax_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)  # everything the buyer pays
    fees_minor = models.BigIntegerField(default=0)
    index_series = models.CharField(max_length=12, blank=True)
    lock = models.ForeignKey(Lock, null=True, on_delete=models.PROTECT, related_name="+")
    tax_category = models.CharField(max_length=2, blank=True)  # UNCL5305
    tax_rate = models.DecimalField(max_digits=6, decimal_places=5, null=True)
    tax_code = models.CharField(max_length=80, blank=True)
    prices_include_tax = models.BooleanField(default=False)
    incoterm = models.CharField(max_length=3)
    importer_of_record = models.CharField(max_length=6)
    service = models.ForeignKey(
        CarrierService, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    transit_days = models.PositiveSmallIntegerField(null=True)
    promise_days = models.PositiveSmallIntegerField()
    special_clearance = models.BooleanField(default=False)
    local_return = models.BooleanField(default=False)
    registrations = models.JSONField(
        default=list
    )  # [{scheme, jurisdiction, number}]
    ship_to = models.JSONField(default=dict)  # carried over
    buyer_tax_number = models.CharField(
        max_length=40, blank=True, default=""
    )  # carried over
    note = models.TextField(blank=True)
    held_at = models.DateTimeField(
        null=True
    )  # when R-90 was last found to hold it back, after its lock
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    proforma = models.ForeignKey(
        "Proforma", null=True, on_delete=models.PROTECT, related_name="orders", db_index=False
    )

    objects = RepeatOrderQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["past_order", "batch"], name="one_repeat_a_batch_and_past_order"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in OrderStatus]),
                name="an_order_is_in_one_of_its_states",
            ),
            models.CheckConstraint(
                condition=~Q(
                    status__in=["locked", "confirmed", "declined", "expired", "terminated"]
                )
                | Q(lock__isnull=False),
                name="a_locked_order_has_its_lock",
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "status", "position"], name="orders_of_a_batch"),
            models.Index(
                fields=["store", "past_order"],
                condition=Q(status__in=sorted(s.value for s in ACCEPTED)),
                name="accepted_repeats",
            ),
            models.Index(
                fields=["proforma"],
                condition=Q(proforma__isnull=False),
                name="orders_of_a_proforma",
            ),
            models.Index(
                fields=["store"],
                condition=Q(status="awaiting_payment"),
                name="orders_awaiting_payment",
            ),
            models.Index(
                fields=["changed_at"],
                condition=Q(status__in=["confirmed", "paid"]),
                name="orders_to_release",
            ),
            models.Index(
                fields=["held_at"], condition=Q(held_at__isnull=False), name="orders_held_back"
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def amounts(self) -> Amounts:
        return amounts_of(self)


class LineOutcome(models.TextChoices):
    PLANNED = "planned"
    EXCLUDED = "excluded"
    FAILED = "failed"


class RepeatLine(models.Model):
    """A source line's one stated outcome, then and now side by side (pitfall 8)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(
        RepeatOrder, on_delete=models.CASCADE, related_name="lines", db_index=False
    )
    source_line = models.ForeignKey(
        PastOrderLine, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    line_no = models.PositiveIntegerField()
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField()
    moq = models.PositiveIntegerField(
        default=1
    )  # the batch line's: the SKU's unless it was edited
    base_minor = models.BigIntegerField()  # what was really paid, for this quantity
    reference_minor = models.BigIntegerField(null=True)  # today's list price for it
    total_minor = models.BigIntegerField()  # the price offered: the base, or 0 when it is left out
    outcome = models.CharField(max_length=8, choices=LineOutcome.choices)
    codes = ArrayField(models.CharField(max_length=40), default=list)
    findings = models.JSONField(default=list)
    hs_code = models.CharField(max_length=10, blank=True)
    origin_country = models.CharField(max_length=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "line_no"], name="one_repeat_line_an_order_and_number"
            )
        ]
