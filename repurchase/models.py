"""Selections, batches with their chunks, and repeat orders with lines and fees."""

import datetime as dt
import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable

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
from pricing.freight import Card
from pricing.models import Lock, Renegotiation, lapses
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


class BatchQuerySet(models.QuerySet["Batch"]):
    def at(self, now: dt.datetime | Combinable):
        """With `state`, the status as it is at `now`: a locked batch none of whose locks lives is closed."""
        live = Lock.objects.live_at(now).filter(store=OuterRef("store"), subject=OuterRef("ref"))
        closed = When(Q(status=BatchStatus.LOCKED) & ~Exists(live), then=Value(BatchStatus.CLOSED.value))
        return self.annotate(state=Case(closed, default=F("status")))


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
    version = models.PositiveIntegerField(
        default=1
    )  # of the plan: each screening and each edit makes a new one
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    screened_at = models.DateTimeField()  # the one instant that every verdict of this attempt is as of
    rate_set = models.ForeignKey(FxRateSet, null=True, on_delete=models.PROTECT, related_name="+")
    index_close = models.ForeignKey(IndexClose, null=True, on_delete=models.PROTECT, related_name="+")
    policies = models.JSONField(default=dict)  # the ⚙ values it was decided under
    gates = models.JSONField(default=list)  # value, limit, verdict, as-of of each gate
    planned_at = models.DateTimeField(null=True, blank=True)
    gates_at_confirmation = models.JSONField(
        default=list
    )  # recorded and shown, they block nothing then
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    quoted_after = models.ForeignKey(
        Renegotiation, null=True, blank=True, on_delete=models.PROTECT, related_name="fresh_quotes"
    )  # the renegotiation without agreement whose orders are quoted again

    objects = BatchQuerySet.as_manager()

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


class RepeatOrderQuerySet(models.QuerySet["RepeatOrder"]):
    def at(self, now: dt.datetime | Combinable):
        """With `state`, the status as it is at `now`, whether or not a sweep came by (R-49)."""
        lapsed = Case(
            *lapses(now, lock="lock__"), default=F("status")
        )  # expired, terminated: the lock's words
        return self.annotate(state=Case(When(status=OrderStatus.LOCKED, then=lapsed), default=F("status")))


class BatchEdit(models.Model):
    """One action on the quantities or promises of a batch, until the lock (R-16, R-17).

    `changes` are edits as `repurchase.edits` keeps them: by ids, so that a screening applies them again.
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
            models.UniqueConstraint(fields=["batch", "version"], name="one_edit_a_batch_and_version"),
            models.CheckConstraint(
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
                name="an_edit_that_was_undone_says_when_and_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} v{self.version}"


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

    objects = RepeatOrderQuerySet.as_manager()

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
    moq = models.PositiveIntegerField(default=1)  # the batch line's: the SKU's unless it was edited
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
            models.UniqueConstraint(fields=["order", "line_no"], name="one_repeat_line_an_order_and_number")
        ]


class ServiceSource(models.TextChoices):
    NOTE = "note"
    MEMBER = "member"
    API = "api"


class LineService(models.Model):
    """A customised service of a batch (R-15): it stands in the past order's note, or was recorded before the lock.

    Of a line, or of the whole order where `past_line` is null. It outlives a rescreening, which makes the repeat
    orders anew. Unless the seller dismissed it, its lines are repeated only if the buyer confirms it in writing.
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="services", db_index=False)
    past_order = models.ForeignKey(PastOrder, on_delete=models.PROTECT, related_name="+", db_index=False)
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
    confirmed_at = models.DateTimeField(null=True)  # by the buyer, with the lock; the evidence is in the act

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "past_order", "past_line", "text"],
                name="one_service_a_batch_line_and_text",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(dismissed_at__isnull=True, dismissed_by__isnull=True, dismissed_why="")
                | (Q(dismissed_at__isnull=False, dismissed_by__isnull=False) & ~Q(dismissed_why="")),
                name="a_dismissed_service_says_when_by_whom_and_why",
            ),
            models.CheckConstraint(
                condition=Q(dismissed_at__isnull=True) | Q(confirmed_at__isnull=True),
                name="a_dismissed_service_is_not_confirmed",
            ),
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
    def card(self) -> Card | None:
        """The rate card that freight was quoted by, as the row has kept it; its money is in the tariff's currency."""
        if not (kept := self.detail.get("card")):
            return None
        return Card(
            service_id=self.detail["service_id"],
            negotiated=bool(self.detail["negotiated"]),
            currency=self.tariff_currency,
            min_weight_g=kept["from_g"],
            base_minor=kept["base_minor"],
            step_g=kept["step_g"],
            step_minor=kept["step_minor"],
            minimum_minor=kept["minimum_minor"],
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
