"""Fee lines of an order, and what its carrier billed."""

from django.db import models

from marketplace.models import Store
from marketplace.money import Money
from pricing.fees import (
    NOT_DUE,
    ROUNDING,
    RULE_VERSION,
    Charge,
    FeeKind,
    FeeLine,
    FeePart,
    ZeroFeeReason,
)
from pricing.freight import FreightCard
from repurchase.models.orders import RepeatOrder


class OrderFee(models.Model):
    """A fee line that can be recomputed from itself (R-67): base, rate or tariff, rule version,
    rounding."""

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(
        RepeatOrder, on_delete=models.CASCADE, related_name="fees", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    part = models.CharField(max_length=16)  # commission, logistics, payment, vat_remittance
    kind = models.CharField(
        max_length=20
    )  # the part itself, or its sub-line: ear_review, return_warehouse
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
            models.UniqueConstraint(
                fields=["order", "position"], name="one_fee_an_order_and_position"
            )
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
    def card(self) -> FreightCard | None:
        """The rate card that freight was quoted by, as the row has kept it; its money is in the
        tariff's currency."""
        if not (kept := self.detail.get("card")):
            return None
        return FreightCard(
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
        tariff = (
            None if self.tariff_minor is None else Money(self.tariff_minor, self.tariff_currency)
        )
        charge = Charge(
            part=FeePart(self.part),
            kind=FeeKind(self.kind),
            currency=self.currency,
            rate=self.rate,
            tariff=tariff,
            waived=ZeroFeeReason(self.reason) if self.reason in NOT_DUE else ZeroFeeReason.NONE,
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
            models.UniqueConstraint(
                fields=["order", "invoice"], name="one_charge_an_order_and_invoice"
            )
        ]

    def __str__(self) -> str:
        return self.invoice
