"""Proforma invoices and payments."""

import uuid

from django.db import models
from django.db.models import Q

from marketplace.models import Store
from outbox.models import RenderJob
from repurchase.models.batches import Batch
from repurchase.models.orders import RepeatOrder


class Proforma(RenderJob):
    """The proforma invoice of one answer of the buyer (R-91): asked for with it, made by a worker.

    Until `issued_at` it is only asked for. Once issued, the database lets nothing of it change.
    """

    MADE = "issued_at"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="proformas")
    occasion = models.UUIDField(unique=True)  # a lock of the answer, as a sealing knows it
    number = models.CharField(max_length=24, unique=True)  # what the buyer states when paying
    open_account = models.BooleanField()  # the terms with the buyer at the confirmation
    asked_at = models.DateTimeField()
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
            models.Index(
                fields=["rung_at"], condition=Q(issued_at__isnull=True), name="proformas_to_issue"
            )
        ]

    def __str__(self) -> str:
        return self.number


class PaymentSource(models.TextChoices):
    API = "api"
    IMPORT = "import"
    MEMBER = "member"


class PaymentKind(models.TextChoices):
    RECEIVED = "received"
    DIFFERENCE = (
        "difference"  # will not come, such as a bank's fee: a member settled it with a reason
    )


class Payment(models.Model):
    """Money received for an order, or a difference that was settled instead.

    Never edited: a wrong one is reversed, with a reason, until the release (R-91).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(
        RepeatOrder, on_delete=models.PROTECT, related_name="payments", db_index=False
    )
    kind = models.CharField(
        max_length=10, choices=PaymentKind.choices, default=PaymentKind.RECEIVED
    )
    reference = models.CharField(
        max_length=64, blank=True
    )  # the bank's or the platform's number of the transfer
    reason = models.CharField(max_length=300, blank=True)  # of a difference
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
                condition=Q(reversed_at__isnull=True, kind="received"),
                name="one_payment_an_order_and_reference",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(reversed_at__isnull=True, kind="difference"),
                name="one_difference_an_order",
            ),
            models.CheckConstraint(
                condition=(Q(kind="received", reason="") & ~Q(reference=""))
                | (Q(kind="difference", reference="") & ~Q(reason="")),
                name="a_payment_has_its_reference_a_difference_its_reason",
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
