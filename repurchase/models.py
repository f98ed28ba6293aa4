"""Selections, batches with their chunks, and repeat orders with lines and fees."""

import datetime as dt
import secrets
import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

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
from pricing.fees import NOT_DUE, ROUNDING, RULE_VERSION, Charge, FeeLine, Kind, Part, Reason
from pricing.freight import Card
from pricing.models import Lock, Renegotiation, lapses
from repurchase.batching import BatchStatus
from repurchase.lifecycle import ACCEPTED, OrderStatus
from repurchase.versions import PATTERN
from repurchase.work import MAX_TRIES, Work
from repurchase.work import EditTask as EditTask
from repurchase.work import KeptAnswer as KeptAnswer

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


a_version = RegexValidator(PATTERN, _("A version such as 5.3 or 5.3.1."))


def new_ref() -> str:
    """BR- and 40 random bits in Crockford's base 32: short enough to read out, no guide to the next one."""
    return "BR-" + "".join(secrets.choice(CROCKFORD) for _ in range(8))


def choices(states) -> list[tuple[str, str]]:
    return [(state.value, state.value) for state in states]


class Selection(models.Model):
    """What a member has ticked: kept on the server, so it survives paging, errors and a reload (R-01).

    `everything` with `excluded`: all repeatable orders of the buyer under the filter but those, and without those that
    were repeated already unless it was asked for; otherwise `included`.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    buyer = models.ForeignKey(Buyer, null=True, on_delete=models.CASCADE, related_name="+")
    everything = models.BooleanField(default=False)
    with_repeated = models.BooleanField(default=False)  # those too that a buyer has accepted a repeat of
    search = models.CharField(max_length=100, blank=True)
    included = ArrayField(models.BigIntegerField(), default=list)
    excluded = ArrayField(models.BigIntegerField(), default=list)
    made = models.ForeignKey(
        "repurchase.Batch", null=True, on_delete=models.SET_NULL, related_name="+"
    )  # by the last press of 创建回购订单, until something is ticked again
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

    fresh = True  # False: it was there when it was to be made a second time

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

    @property
    def failed_evidence(self) -> dict[str, int]:
        return {"tries": MAX_TRIES}


class Chunk(Work):
    """A part of a batch's work; done is a fact of this row, and a chunk may be delivered twice (reliability 6).

    `positions` are those of its orders where they don't follow on the first: an attempt that retries some of them.
    """

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    attempt = models.PositiveSmallIntegerField(default=1)
    first_position = models.PositiveIntegerField()
    past_order_ids = ArrayField(models.BigIntegerField())
    positions = ArrayField(models.PositiveIntegerField(), null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "attempt", "first_position"], name="one_chunk_an_attempt_and_position"
            )
        ]
        indexes = [models.Index(fields=["rung_at"], condition=Q(done_at__isnull=True), name="chunks_to_do")]

    @property
    def places(self) -> dict[int, int]:
        """Positions by past order id."""
        places = self.positions or range(self.first_position, self.first_position + len(self.past_order_ids))
        return dict(zip(self.past_order_ids, places, strict=True))


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
    proforma = models.ForeignKey(
        "Proforma", null=True, on_delete=models.PROTECT, related_name="orders", db_index=False
    )

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
        indexes = [
            models.Index(fields=["batch", "status", "position"], name="orders_of_a_batch"),
            models.Index(
                fields=["store", "past_order"],
                condition=Q(status__in=sorted(s.value for s in ACCEPTED)),
                name="accepted_repeats",
            ),
            models.Index(
                fields=["proforma"], condition=Q(proforma__isnull=False), name="orders_of_a_proforma"
            ),
            models.Index(
                fields=["store"], condition=Q(status="awaiting_payment"), name="orders_awaiting_payment"
            ),
            models.Index(
                fields=["changed_at"], condition=Q(status__in=["confirmed", "paid"]), name="orders_to_release"
            ),
        ]

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
        charge = Charge(
            part=Part(self.part),
            kind=Kind(self.kind),
            currency=self.currency,
            rate=self.rate,
            tariff=tariff,
            waived=Reason(self.reason) if self.reason in NOT_DUE else Reason.NONE,
            told=self.detail,
        )
        return FeeLine(charge, self.base_minor, self.amount_minor)


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


class DiagnosisReport(models.Model):
    """The report of a batch's failures as a PDF: asked for, made by a worker, stored where nothing serves it (R-73).

    `busy_until` is the lease of the worker that has it; one that was lost is rung again when it has run out.
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
                fields=["rung_at"], condition=~Q(phase__in=["done", "failed"]), name="reports_to_make"
            )
        ]

    @property
    def finished(self) -> bool:
        return self.phase in (self.Phase.DONE, self.Phase.FAILED)


class Proforma(models.Model):
    """The proforma invoice of one answer of the buyer (R-91): asked for with it, made by a worker.

    Until `issued_at` it is only asked for. Once issued, the database lets nothing of it change.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="proformas")
    occasion = models.UUIDField(unique=True)  # a lock of the answer, as a sealing knows it
    number = models.CharField(max_length=24, unique=True)  # what the buyer states when paying
    open_account = models.BooleanField()  # the terms with the buyer at the confirmation
    asked_at = models.DateTimeField()
    rung_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    issued_at = models.DateTimeField(null=True)
    totals = models.JSONField(
        default=list
    )  # [{currency, orders, goods_minor, freight_minor, tax_minor, total_minor}]
    file_key = models.CharField(max_length=80, blank=True)
    file_digest = models.CharField(max_length=64, blank=True)
    file_bytes = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(issued_at__isnull=True, file_key="")
                | (Q(issued_at__isnull=False) & ~Q(file_key="")),
                name="an_issued_proforma_has_its_file",
            )
        ]
        indexes = [
            models.Index(fields=["rung_at"], condition=Q(issued_at__isnull=True), name="proformas_to_issue")
        ]

    def __str__(self) -> str:
        return self.number


class PaymentSource(models.TextChoices):
    API = "api"
    IMPORT = "import"
    MEMBER = "member"


class Payment(models.Model):
    """Money received for an order. Never edited: a wrong one is reversed, with a reason, until the release (R-91)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(RepeatOrder, on_delete=models.PROTECT, related_name="payments", db_index=False)
    reference = models.CharField(max_length=64)  # the bank's or the platform's number of the transfer
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    received_at = models.DateTimeField()
    source = models.CharField(max_length=6, choices=PaymentSource.choices)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=80)
    reversed_at = models.DateTimeField(null=True)
    reversed_by = models.CharField(max_length=80, null=True)
    reversed_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "reference"],
                condition=Q(reversed_at__isnull=True),
                name="one_payment_an_order_and_reference",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="a_payment_is_above_zero"),
            models.CheckConstraint(
                condition=Q(reversed_at__isnull=True, reversed_by__isnull=True, reversed_why="")
                | (Q(reversed_at__isnull=False, reversed_by__isnull=False) & ~Q(reversed_why="")),
                name="a_reversed_payment_says_when_by_whom_and_why",
            ),
        ]
        indexes = [models.Index(fields=["store", "-recorded_at"], name="payments_of_a_store")]

    def __str__(self) -> str:
        return self.reference


class ErpProduct(models.Model):
    """An ERP that stores may connect; another one is another row (R-78, R-79)."""

    code = models.SlugField(max_length=40, unique=True)  # as a client names itself
    name = models.CharField(max_length=80)
    minimum_version = models.CharField(max_length=20, blank=True, validators=[a_version])  # "": any
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = "ERP"
        verbose_name_plural = "ERPs"

    def __str__(self) -> str:
        return self.name


class ErpConnection(models.Model):
    """The one ERP that a store's orders are released to, from an instant until another one is connected."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="erp_connections")
    product = models.ForeignKey(ErpProduct, on_delete=models.PROTECT, related_name="+")
    version = models.CharField(max_length=20)
    simulated = models.BooleanField(default=False)  # the demo's simulator answers for it
    connected_at = models.DateTimeField()
    connected_by = models.CharField(max_length=80)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=80, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store"], condition=Q(ended_at__isnull=True), name="one_live_erp_a_store"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="an_erp_that_was_disconnected_says_when_and_by_whom",
            ),
            models.CheckConstraint(condition=~Q(version=""), name="a_connected_erp_tells_its_version"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.version}"


class Release(models.Model):
    """An order handed over, once: to which ERP, what it answered, and how the goods went (R-78, R-91).

    Its times are what cycle time and fulfilment accuracy are computed from (R-85, R-86).
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.OneToOneField(RepeatOrder, on_delete=models.PROTECT, related_name="release")
    erp = models.ForeignKey(ErpConnection, null=True, on_delete=models.PROTECT, related_name="releases")
    released_at = models.DateTimeField()
    released_by = models.CharField(max_length=80)
    announced_at = models.DateTimeField()  # last time that its ERP was told
    announcements = models.PositiveIntegerField(default=1)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=80, null=True)
    erp_number = models.CharField(max_length=64, blank=True)  # the order's number over there
    shipped_at = models.DateTimeField(null=True)
    carrier = models.CharField(max_length=80, blank=True)
    tracking = models.CharField(max_length=80, blank=True)
    completed_at = models.DateTimeField(null=True)
    as_ordered = models.BooleanField(
        null=True
    )  # complete, right and in time, as the source says; null: it doesn't
    told_by = models.CharField(max_length=80, blank=True)  # who reported shipment or completion last

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True, acknowledged_by__isnull=True)
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False),
                name="an_acknowledged_release_says_when_and_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(completed_at__isnull=True) | Q(shipped_at__isnull=False),
                name="what_is_completed_was_shipped",
            ),
        ]
        indexes = [
            models.Index(fields=["store", "-released_at", "-id"], name="releases_of_a_store"),
            models.Index(
                fields=["announced_at"],
                condition=Q(acknowledged_at__isnull=True),
                name="releases_to_announce",
            ),
        ]

    def __str__(self) -> str:
        return str(self.order_id)


class Decision(models.TextChoices):
    INSISTED = "insisted"  # the ERP is to carry the order out as confirmed
    TAKEN_UP = "taken_up"  # settled with the buyer outside; the confirmed price stays what it is


class ErpResponse(models.Model):
    """An ERP's answer to a released order, line by line (issue: order response). It never changes the order itself.

    One that changes or refuses a line waits for a person on the seller's side.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(
        RepeatOrder, on_delete=models.PROTECT, related_name="erp_responses", db_index=False
    )
    response_id = models.CharField(max_length=64)  # the ERP's own: sent twice, kept once
    format = models.CharField(max_length=6, choices=[("native", "native"), ("ubl", "ubl")])
    digest = models.CharField(max_length=64)  # SHA-256 of what it says, whatever the format
    verdict = models.CharField(
        max_length=8, choices=[("accepted", "accepted"), ("changed", "changed"), ("refused", "refused")]
    )
    lines = models.JSONField(default=list)  # [{line, verdict, quantity, amount, promise_date, reason}]
    note = models.CharField(max_length=1000, blank=True)
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=80)
    decision = models.CharField(max_length=8, choices=Decision.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, null=True)
    decided_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "response_id"], name="one_response_an_order_and_id"),
            models.CheckConstraint(
                condition=Q(decided_at__isnull=True, decided_by__isnull=True, decision="")
                | (Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(decision="")),
                name="a_decided_response_says_when_by_whom_and_what",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="accepted") | Q(decision=""),
                name="an_accepted_response_asks_for_no_decision",
            ),
        ]
        indexes = [
            models.Index(
                fields=["store", "received_at"],
                condition=Q(decided_at__isnull=True) & ~Q(verdict="accepted"),
                name="responses_to_decide",
            )
        ]

    def __str__(self) -> str:
        return self.response_id


class ConformanceRun(models.Model):
    """One run of the conformance kit against an integrator's endpoint, with what each case found (B-10)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="conformance_runs")
    url = models.CharField(max_length=500)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    done_at = models.DateTimeField(null=True)
    results = models.JSONField(default=list)  # [{case, passed, asked, found}]

    class Meta:
        indexes = [models.Index(fields=["store", "-asked_at"], name="conformance_runs_of_a_store")]

    def __str__(self) -> str:
        return self.url


class Heartbeat(models.Model):
    """When a process of a kind last did its round; `/readyz` and the operator read it."""

    name = models.CharField(max_length=20, primary_key=True)
    beat_at = models.DateTimeField()
