"""Selections, batches with their chunks, and repeat orders with lines and fees."""

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from marketplace.models import (
    Buyer,
    CarrierService,
    FxRateSet,
    IndexClose,
    PastOrder,
    PastOrderLine,
    Sku,
    Store,
    User,
)
from marketplace.money import Money
from pricing.fees import ROUNDING, RULE_VERSION, FeeLine, Kind, Part, Reason
from pricing.models import Lock
from repurchase.batching import BatchStatus
from repurchase.lifecycle import OrderStatus

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ref() -> str:
    """BR- and 40 random bits in Crockford's base 32: short enough to read out, no guide to the next one."""
    return "BR-" + "".join(secrets.choice(CROCKFORD) for _ in range(8))


def choices(states) -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in states]


class Selection(models.Model):
    """What a member has ticked: kept on the server, so it survives paging, errors and a reload (R-01).

    `everything` with `excluded`: all repeatable orders of the buyer under the filter but those;
    otherwise `included`.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    buyer = models.ForeignKey(Buyer, null=True, on_delete=models.CASCADE, related_name="+")
    everything = models.BooleanField(default=False)
    search = models.CharField(max_length=100, blank=True)
    included = ArrayField(models.BigIntegerField(), default=list)
    excluded = ArrayField(models.BigIntegerField(), default=list)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "user"], name="one_selection_a_member")]


class Batch(models.Model):
    """Up to 5000 past orders of one buyer, screened and planned together (R-03, R-05)."""

    ref = models.CharField(max_length=11, unique=True, default=new_ref, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="batches")
    buyer = models.ForeignKey(Buyer, on_delete=models.PROTECT, related_name="batches")
    status = models.CharField(max_length=10, choices=choices(BatchStatus), default=BatchStatus.SCREENING)
    policy = models.CharField(
        max_length=14,
        choices=[("partial", "partial"), ("all_or_nothing", "all_or_nothing")],
        default="partial",
    )
    special_clearance = models.BooleanField(default=False)  # 专线清关通道 ticked for the whole batch
    asked = models.PositiveIntegerField()
    attempt = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    screened_at = models.DateTimeField()  # the one instant that every verdict of this attempt is as of
    rate_set = models.ForeignKey(FxRateSet, null=True, on_delete=models.PROTECT, related_name="+")
    index_close = models.ForeignKey(IndexClose, null=True, on_delete=models.PROTECT, related_name="+")
    policies = models.JSONField(default=dict)  # the ⚙ values it was decided under
    gates = models.JSONField(default=list)  # value, limit, verdict, as-of of each gate
    planned_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.CheckConstraint(condition=Q(asked__gt=0), name="a_batch_asks_for_orders"),
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in BatchStatus]), name="a_batch_is_in_one_of_its_states"
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-created_at", "-id"], name="batches_of_a_store"),
            models.Index(fields=["created_at"], condition=Q(status="screening"), name="batches_in_screening"),
        ]

    def __str__(self) -> str:
        return self.ref


class Chunk(models.Model):
    """A part of a batch's work; done is a fact of this row, and a chunk may be delivered twice (reliability 6)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    first_position = models.PositiveIntegerField()
    past_order_ids = ArrayField(models.BigIntegerField())
    tries = models.PositiveSmallIntegerField(default=0)
    rung_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "first_position"], name="one_chunk_a_batch_and_position")
        ]
        indexes = [models.Index(fields=["rung_at"], condition=Q(done_at__isnull=True), name="chunks_to_do")]


class RepeatOrder(models.Model):
    """A past order repeated: one row for each asked order, whatever became of it (R-02, R-08)."""

    ref = models.CharField(max_length=16, unique=True)  # the batch's, and the position
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="orders", db_index=False)
    position = models.PositiveIntegerField()
    past_order = models.ForeignKey(
        PastOrder, on_delete=models.PROTECT, related_name="repeats", db_index=False
    )
    status = models.CharField(max_length=16, choices=choices(OrderStatus))
    codes = ArrayField(models.CharField(max_length=40), default=list)
    findings = models.JSONField(default=list)  # [{code, evidence}]
    currency = models.CharField(max_length=3)
    goods_minor = models.BigIntegerField(default=0)
    freight_minor = models.BigIntegerField(default=0)  # charged to the buyer, carried over and locked
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
    registrations = models.JSONField(default=list)  # [{scheme, jurisdiction, number}]
    ship_to = models.JSONField(default=dict)  # carried over
    note = models.TextField(blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    erp = models.CharField(max_length=40, blank=True)
    erp_acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["past_order", "batch"], name="one_repeat_a_batch_and_past_order"),
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in OrderStatus]),
                name="an_order_is_in_one_of_its_states",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["locked", "confirmed", "declined", "expired", "terminated"])
                | Q(lock__isnull=False),
                name="a_locked_order_has_its_lock",
            ),
        ]
        indexes = [models.Index(fields=["batch", "status", "position"], name="orders_of_a_batch")]

    def __str__(self) -> str:
        return self.ref


class LineOutcome(models.TextChoices):
    PLANNED = "planned"
    EXCLUDED = "excluded"
    FAILED = "failed"


class RepeatLine(models.Model):
    """A source line's one stated outcome, then and now side by side (pitfall 8)."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(RepeatOrder, on_delete=models.CASCADE, related_name="lines", db_index=False)
    source_line = models.ForeignKey(PastOrderLine, on_delete=models.PROTECT, related_name="+", db_index=False)
    line_no = models.PositiveIntegerField()
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField()
    base_minor = models.BigIntegerField()  # what was really paid for this quantity
    reference_minor = models.BigIntegerField(null=True)  # today's list price for it
    total_minor = models.BigIntegerField()  # the price offered: the base, or 0 when it is left out
    outcome = models.CharField(max_length=8, choices=LineOutcome.choices)
    codes = ArrayField(models.CharField(max_length=40), default=list)
    findings = models.JSONField(default=list)
    hs_code = models.CharField(max_length=10, blank=True)
    origin_country = models.CharField(max_length=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "line_no"], name="one_repeat_line_an_order_and_number")
        ]


class OrderFee(models.Model):
    """A fee line that can be recomputed from itself (R-67): base, rate or tariff, rule version, rounding."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(RepeatOrder, on_delete=models.CASCADE, related_name="fees", db_index=False)
    position = models.PositiveSmallIntegerField()
    part = models.CharField(max_length=16)  # commission, logistics, payment, vat_remittance
    kind = models.CharField(max_length=20)  # the part itself, or its sub-line: ear_review, return_warehouse
    base_minor = models.BigIntegerField()
    rate = models.DecimalField(max_digits=8, decimal_places=6, null=True)
    tariff_minor = models.BigIntegerField(null=True)
    tariff_currency = models.CharField(max_length=3, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=40, blank=True)  # why it is zero
    detail = models.JSONField(default=dict)
    rule_version = models.CharField(max_length=20)
    rounding = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="one_fee_an_order_and_position")
        ]

    @classmethod
    def of(cls, fee: FeeLine, *, position: int) -> "OrderFee":
        """A row that is not to be saved: a simulated line looks like a kept one."""
        return cls(
            position=position,
            part=fee.part,
            kind=fee.kind,
            base_minor=fee.base_minor,
            rate=fee.rate,
            tariff_minor=fee.tariff.minor if fee.tariff else None,
            tariff_currency=fee.tariff.currency if fee.tariff else "",
            amount_minor=fee.amount_minor,
            currency=fee.currency,
            reason=fee.reason,
            detail=dict(fee.detail),
            rule_version=RULE_VERSION,
            rounding=ROUNDING,
        )

    @property
    def line(self) -> FeeLine:
        """As the core knows it, from this row alone."""
        tariff = None if self.tariff_minor is None else Money(self.tariff_minor, self.tariff_currency)
        return FeeLine(
            part=Part(self.part),
            kind=Kind(self.kind),
            base_minor=self.base_minor,
            rate=self.rate,
            tariff=tariff,
            amount_minor=self.amount_minor,
            currency=self.currency,
            reason=Reason(self.reason),
            detail=self.detail,
        )


class CarrierCharge(models.Model):
    """What the carrier billed for an order, beside the estimate that the lock has kept (R-89).

    Never edited: a correction is another bill, a credit note one below zero.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(
        RepeatOrder, on_delete=models.PROTECT, related_name="carrier_charges", db_index=False
    )
    invoice = models.CharField(max_length=64)  # the carrier's number
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "invoice"], name="one_charge_an_order_and_invoice")
        ]

    def __str__(self) -> str:
        return self.invoice


class Heartbeat(models.Model):
    """When a process of a kind last did its round; `/readyz` and the operator read it."""

    name = models.CharField(max_length=20, primary_key=True)
    beat_at = models.DateTimeField()
