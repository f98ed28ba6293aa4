"""A fee line: a charge of the price list on one order, which can be recomputed from itself (R-67,
R-68). Pure.

What a line says in words (its reason, its detail) is worked out when it is read.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from diagnostics.catalogue import gettext_noop
from marketplace.money import ExactRate, Money, Rates, apply_rate
from pricing.freight import FreightCard, FreightQuote

_ = gettext_noop

make_tuple = tuple.__new__
"""A named tuple, given all its fields: half the time of calling its class, 35,000 times a batch."""


class FeePart(StrEnum):
    """The four parts, in the order in which they are always shown (R-68)."""

    COMMISSION = "commission"
    LOGISTICS = "logistics"
    PAYMENT = "payment"
    VAT_REMITTANCE = "vat_remittance"


class FeeKind(StrEnum):
    COMMISSION = "commission"
    EAR_REVIEW = "ear_review"
    FREIGHT = "freight"
    RETURN_WAREHOUSE = "return_warehouse"
    PAYMENT = "payment"
    VAT_REMITTANCE = "vat_remittance"


class ZeroFeeReason(StrEnum):
    """Why a line is zero (R-68)."""

    NONE = ""
    NO_EAR_GOODS = "NO_EAR_GOODS"
    NOT_CHOSEN = "NOT_CHOSEN"
    NOT_EU_OR_GB = "NOT_EU_OR_GB"
    NOTHING_PAID = "NOTHING_PAID"
    RATE_ZERO = "RATE_ZERO"
    BELOW_HALF_A_UNIT = "BELOW_HALF_A_UNIT"


REASONS: Mapping[ZeroFeeReason, str] = {
    ZeroFeeReason.NO_EAR_GOODS: _("No goods controlled under the EAR"),
    ZeroFeeReason.NOT_CHOSEN: _("The local return warehouse was not chosen"),
    ZeroFeeReason.NOT_EU_OR_GB: _("Charged for destinations in the EU and Great Britain only"),
    ZeroFeeReason.NOTHING_PAID: _("There is no amount to charge it on"),
    ZeroFeeReason.RATE_ZERO: _("The rate or tariff is zero"),
    ZeroFeeReason.BELOW_HALF_A_UNIT: _("Less than half of the smallest unit"),
}
NO_SHARE = ExactRate(0, 1)
NOT_DUE = frozenset(
    {ZeroFeeReason.NO_EAR_GOODS, ZeroFeeReason.NOT_CHOSEN, ZeroFeeReason.NOT_EU_OR_GB}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """A row of the price list: a rate of a base, or a tariff an order; never both.

    `told`: what every line charged by it says in its detail, plain JSON values. `share`: what
    it takes of a base, or of a tariff in the carrier's currency.
    """

    part: FeePart
    kind: FeeKind
    currency: str  # of the order
    rate: Decimal | None = None
    tariff: Money | None = None  # as published, beside the amount in the order's currency
    waived: ZeroFeeReason = ZeroFeeReason.NONE  # one of NOT_DUE
    told: Mapping[str, Any] = field(default_factory=dict)
    share: ExactRate = field(default=NO_SHARE, compare=False, repr=False)

    def on(self, base_minor: int) -> "FeeLine":
        return make_tuple(FeeLine, (self, base_minor, self.share.of(base_minor), None, None))

    def on_goods(self, goods_minor: int, freight_minor: int) -> "FeeLine":
        base_minor = goods_minor + freight_minor
        return make_tuple(
            FeeLine, (self, base_minor, self.share.of(base_minor), freight_minor, None)
        )

    def on_quote(self, quote: FreightQuote, cost_minor: int) -> "FeeLine":
        return make_tuple(FeeLine, (self, 0, self.share.of(cost_minor), None, quote))


class FeeLine(NamedTuple):
    """A charge on one order. The rest tells how its base or tariff came about."""

    charge: Charge
    base_minor: int  # 0 on a tariff
    amount_minor: int
    freight_minor: int | None = None  # the part of a commission's base that is freight
    quote: FreightQuote | None = None  # the carrier's

    @property
    def part(self) -> FeePart:
        return self.charge.part

    @property
    def kind(self) -> FeeKind:
        return self.charge.kind

    @property
    def currency(self) -> str:
        return self.charge.currency

    @property
    def rate(self) -> Decimal | None:
        return self.charge.rate

    @property
    def tariff(self) -> Money | None:
        return self.quote.cost if self.quote else self.charge.tariff

    @property
    def reason(self) -> ZeroFeeReason:
        """Why it is zero (R-68)."""
        if self.amount_minor or self.charge.waived:
            return self.charge.waived
        if not (self.tariff.minor if self.tariff else self.rate):
            return ZeroFeeReason.RATE_ZERO
        return (
            ZeroFeeReason.BELOW_HALF_A_UNIT
            if self.base_minor or self.tariff
            else ZeroFeeReason.NOTHING_PAID
        )

    @property
    def detail(self) -> Mapping[str, Any]:
        """Plain JSON values."""
        if self.quote:
            return {**_quote_detail(self.quote), **self.charge.told}
        if self.freight_minor is None:
            return self.charge.told
        goods_minor = self.base_minor - self.freight_minor
        return {**self.charge.told, "goods_minor": goods_minor, "freight_minor": self.freight_minor}


def recompute(line: FeeLine) -> int:
    """The amount from nothing but the line's own fields (R-67)."""
    if line.charge.waived:
        return 0
    if line.tariff is not None:
        return _frozen_rates_of(line).exchange(
            line.tariff.minor, line.tariff.currency, line.currency
        )
    return apply_rate(line.base_minor, line.rate or Decimal(0))


def _frozen_rates_of(line: FeeLine) -> Rates:
    """The reference rates that the line was exchanged by, as it keeps them."""
    told = line.charge.told
    per_euro = {currency: Decimal(rate) for currency, rate in told.get("per_euro", {}).items()}
    return Rates(id=told["rate_set"], source="", published_on=dt.date.min, per_euro=per_euro)


def _quote_detail(quote: FreightQuote) -> Mapping[str, Any]:
    """Both prices and the saving; where the weight is a volume's, the actual one; the card that
    the cost is by."""
    points, flagged = quote.saving_told
    told: dict[str, Any] = {
        "service_id": quote.service_id,
        "weight_g": quote.weight_g,
        "negotiated": _money_detail(quote.negotiated),
        "public": _money_detail(quote.public),
        "saving_basis_points": points,
        "saving_flagged": flagged,
    }
    if quote.actual_g is not None:
        told["actual_g"] = quote.actual_g
    if quote.card is not None:
        told["card"] = _card_detail(quote.card)
    return told


def _card_detail(card: FreightCard) -> Mapping[str, int]:
    """base + step for each begun `step_g` beyond `from_g`, at least the minimum: the quote can be
    worked out again."""
    return {
        "from_g": card.min_weight_g,
        "base_minor": card.base_minor,
        "step_g": card.step_g,
        "step_minor": card.step_minor,
        "minimum_minor": card.minimum_minor,
    }


def _money_detail(money: Money | None) -> Mapping[str, Any] | None:
    return {"minor": money.minor, "currency": money.currency} if money else None
