"""Past orders with lines and ratings, and the disputes about them. Amounts are whole minor
units."""

from django.db import models
from django.db.models import F, Q

from marketplace.models.accounts import Store, country_code, currency_code
from marketplace.models.base import Mirrored
from marketplace.models.goods import Sku
from marketplace.models.parties import Buyer


class PastOrderStatus(models.TextChoices):
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    OPEN = "open"


class PastOrder(Mirrored):
    """An order that the platform knows. `rating` is the decimal mean of its lines' ratings
    (R-07)."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="past_orders")
    buyer = models.ForeignKey(
        Buyer, on_delete=models.CASCADE, related_name="past_orders", db_index=False
    )
    number = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=PastOrderStatus.choices)
    currency = models.CharField(max_length=3, validators=[currency_code])
    ordered_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    rating = models.DecimalField(max_digits=6, decimal_places=4, null=True, blank=True)
    goods_minor = models.BigIntegerField()  # sum of the lines' totals, discounts taken off
    freight_minor = models.BigIntegerField(default=0)  # charged to the buyer
    tax_minor = models.BigIntegerField(default=0)
    paid_minor = models.BigIntegerField()  # goods + freight (+ tax, unless the prices include it)
    refunded_minor = models.BigIntegerField(default=0)
    prices_include_tax = models.BooleanField(default=False)
    incoterm = models.CharField(max_length=3, default="DAP")  # Incoterms 2020
    importer_of_record = models.CharField(
        max_length=6, choices=[("buyer", "buyer"), ("seller", "seller")], default="buyer"
    )
    line_count = models.PositiveIntegerField()
    promise_days = models.PositiveSmallIntegerField(default=30)  # delivery promised within
    special_clearance = models.BooleanField(default=False)  # 专线清关通道 was ticked
    local_return = models.BooleanField(default=False)  # 本地退货仓 was chosen
    note = models.TextField(blank=True)
    consignee = models.CharField(max_length=200, blank=True)
    country = models.CharField(max_length=2, validators=[country_code])
    region = models.CharField(max_length=80, blank=True)
    city = models.CharField(max_length=80, blank=True)
    street = models.CharField(max_length=200, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    # The buyer's tax number of then; null where it was not kept.
    buyer_tax_number = models.CharField(max_length=40, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "number"], name="one_past_order_a_store_and_number"
            ),
            models.CheckConstraint(
                condition=~Q(status="completed") | Q(completed_at__isnull=False),
                name="a_completed_order_says_when",
            ),
            models.CheckConstraint(
                condition=Q(refunded_minor__gte=0) & Q(refunded_minor__lte=F("paid_minor")),
                name="a_refund_is_part_of_what_was_paid",
            ),
        ]
        indexes = [
            models.Index(
                fields=["store", "buyer", "-completed_at", "-id"],
                include=["rating", "paid_minor", "currency"],
                condition=Q(status="completed"),
                name="completed_orders_of_a_buyer",
            ),
            models.Index(
                fields=["store", "-completed_at", "-id"],
                include=["buyer", "rating", "paid_minor", "currency"],
                condition=Q(status="completed"),
                name="completed_orders_of_a_store",
            ),
            models.Index(fields=["store", "buyer", "-ordered_at", "-id"], name="orders_of_a_buyer"),
            models.Index(fields=["store", "-ordered_at", "-id"], name="orders_of_a_store"),
            models.Index(fields=["store", "paid_at"], name="paid_orders_of_a_store"),
        ]

    def __str__(self) -> str:
        return self.number


class PastOrderLine(models.Model):
    """A line really paid. `total_minor` is what the buyer paid for it, its discount taken off
    (R-46)."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+", db_index=False)
    order = models.ForeignKey(
        PastOrder, on_delete=models.CASCADE, related_name="lines", db_index=False
    )
    line_no = models.PositiveIntegerField()
    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)
    discount_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField()
    hs_code = models.CharField(
        max_length=10, null=True, blank=True
    )  # of then; null where it was not kept
    rating = models.DecimalField(max_digits=3, decimal_places=2, null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "line_no"], name="one_past_line_an_order_and_number"
            ),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="a_past_line_has_a_quantity"),
        ]


class Dispute(Mirrored):
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="disputes")
    order = models.ForeignKey(PastOrder, on_delete=models.CASCADE, related_name="disputes")
    external_id = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "external_id"], name="one_dispute_a_store_and_external_id"
            )
        ]
        indexes = [models.Index(fields=["store", "opened_at"], name="disputes_of_a_store")]
