"""What a store's ERP is, is sent and answers."""

import uuid

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketplace.models import Store
from repurchase.models.erp_version import VERSION_PATTERN
from repurchase.models.orders import RepeatOrder

version_validator = RegexValidator(VERSION_PATTERN, _("A version such as 5.3 or 5.3.1."))


class ErpProduct(models.Model):
    """An ERP that stores may connect; another one is another row (R-78, R-79)."""

    code = models.SlugField(max_length=40, unique=True)  # as a client names itself
    name = models.CharField(max_length=80)
    # "": any
    minimum_version = models.CharField(max_length=20, blank=True, validators=[version_validator])
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = "ERP"
        verbose_name_plural = "ERPs"

    def __str__(self) -> str:
        return self.name


class ErpConnection(models.Model):
    """The one ERP that a store's orders are released to, from an instant until another one is
    connected."""

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
            models.CheckConstraint(
                condition=~Q(version=""), name="a_connected_erp_tells_its_version"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.version}"


class Release(models.Model):
    """An order handed over, once: to which ERP, what it answered, and how the goods went (R-78,
    R-91).

    Its times are what cycle time and fulfilment accuracy are computed from (R-85, R-86).
    """

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.OneToOneField(RepeatOrder, on_delete=models.PROTECT, related_name="release")
    erp = models.ForeignKey(
        ErpConnection, null=True, on_delete=models.PROTECT, related_name="releases"
    )
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
    told_by = models.CharField(
        max_length=80, blank=True
    )  # who reported shipment or completion last

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
    """An ERP's answer to a released order, line by line (issue: order response). It never changes
    the order itself.

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
        max_length=8,
        choices=[("accepted", "accepted"), ("changed", "changed"), ("refused", "refused")],
    )
    lines = models.JSONField(
        default=list
    )  # [{line, verdict, quantity, amount, promise_date, reason}]
    note = models.CharField(max_length=1000, blank=True)
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=80)
    decision = models.CharField(max_length=8, choices=Decision.choices, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, null=True)
    decided_why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "response_id"], name="one_response_an_order_and_id"
            ),
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
    """One run of the conformance kit against an integrator's endpoint, with what each case found
    (B-10)."""

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
