"""The price list: what the platform charges for one order, in four parts (R-58 to R-68). Pure.

There is no technical service fee (R-58). Each line is rounded once, half up, and can be recomputed from
its own fields (R-67); totals are sums of rounded lines, and a batch is the sum of its orders.

What is the same for every order of a kind (rates as whole numbers, tariffs in the order's currency, what they were
exchanged by) is resolved once, into a price list; an order then costs the arithmetic of its own amounts. What a line
says in words is worked out when it is read.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from diagnostics.codes import gettext_noop
from marketplace.money import Money, Rates, Share, ratio_of, share
from marketplace.territories import Destination
from pricing.freight import Card, Quote
from pricing.paid import Goods, Mixture, OrderToPrice, goods, mixture, what_is_paid
from pricing.resolving import Resolved
from pricing.tax import Splitter, Treatment

__all__ = [  # one door for callers: what goes in, what comes out
    "Charge",
    "FeeLine",
    "Goods",
    "Kind",
    "OrderToPrice",
    "Part",
    "PriceList",
    "Priced",
    "Reason",
    "Tariff",
    "goods",
    "recompute",
]

RULE_VERSION = "2026-11"
ROUNDING = "half-up-once"

_ = gettext_noop


class Part(StrEnum):
    """The four parts, in the order in which they are always shown (R-68)."""

    COMMISSION = "commission"
    LOGISTICS = "logistics"
    PAYMENT = "payment"
    VAT_REMITTANCE = "vat_remittance"


class Kind(StrEnum):
    COMMISSION = "commission"
    EAR_REVIEW = "ear_review"
    FREIGHT = "freight"
    RETURN_WAREHOUSE = "return_warehouse"
    PAYMENT = "payment"
    VAT_REMITTANCE = "vat_remittance"


class Reason(StrEnum):
    """Why a line is zero (R-68)."""

    NONE = ""
    NO_EAR_GOODS = "NO_EAR_GOODS"
    NOT_CHOSEN = "NOT_CHOSEN"
    NOT_EU_OR_GB = "NOT_EU_OR_GB"
    NOTHING_PAID = "NOTHING_PAID"
    RATE_ZERO = "RATE_ZERO"
    BELOW_HALF_A_UNIT = "BELOW_HALF_A_UNIT"


REASONS: Mapping[Reason, str] = {
    Reason.NO_EAR_GOODS: _("No goods controlled under the EAR"),
    Reason.NOT_CHOSEN: _("The local return warehouse was not chosen"),
    Reason.NOT_EU_OR_GB: _("Charged for destinations in the EU and Great Britain only"),
    Reason.NOTHING_PAID: _("There is no amount to charge it on"),
    Reason.RATE_ZERO: _("The rate or tariff is zero"),
    Reason.BELOW_HALF_A_UNIT: _("Less than half of the smallest unit"),
}
NOTHING = Share(0, 1)
_new = tuple.__new__
"""Of a named tuple, given all its fields: a third of the time of calling its class, 35,000 times a batch."""
NOT_DUE = frozenset({Reason.NO_EAR_GOODS, Reason.NOT_CHOSEN, Reason.NOT_EU_OR_GB})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """The ⚙ values in force: shares of an amount, and charges an order in their own currency."""

    payment_rate: Decimal
    vat_remittance_rate: Decimal
    return_warehouse: Money
    ear_review: Money


@dataclass(frozen=True, kw_only=True, slots=True)
class Charge:
    """A row of the price list: a rate of a base, or a tariff an order; never both.

    `told`: what every line charged by it says in its detail, plain JSON values. `share`: what it takes of a base, or
    of a tariff in the carrier's currency.
    """

    part: Part
    kind: Kind
    currency: str  # of the order
    rate: Decimal | None = None
    tariff: Money | None = None  # as published, beside the amount in the order's currency
    waived: Reason = Reason.NONE  # one of NOT_DUE
    told: Mapping[str, Any] = field(default_factory=dict)
    share: Share = field(default=NOTHING, compare=False, repr=False)

    def on(self, base_minor: int, freight_minor: int | None = None) -> "FeeLine":
        return _new(FeeLine, (self, base_minor, self.share.of(base_minor), freight_minor, None))

    def quoted(self, quote: Quote) -> "FeeLine":
        return _new(FeeLine, (self, 0, self.share.of(quote.cost.minor), None, quote))


class FeeLine(NamedTuple):
    """A charge on one order. The rest tells how its base or tariff came about."""

    charge: Charge
    base_minor: int  # 0 on a tariff
    amount_minor: int
    freight_minor: int | None = None  # the part of a commission's base that is freight
    quote: Quote | None = None  # the carrier's

    @property
    def part(self) -> Part:
        return self.charge.part

    @property
    def kind(self) -> Kind:
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
    def reason(self) -> Reason:
        """Why it is zero (R-68)."""
        if self.amount_minor or self.charge.waived:
            return self.charge.waived
        if not (self.tariff.minor if self.tariff else self.rate):
            return Reason.RATE_ZERO
        return Reason.BELOW_HALF_A_UNIT if self.base_minor or self.tariff else Reason.NOTHING_PAID

    @property
    def detail(self) -> Mapping[str, Any]:
        """Plain JSON values."""
        if self.quote:
            return {**_told(self.quote), **self.charge.told}
        if self.freight_minor is None:
            return self.charge.told
        goods_minor = self.base_minor - self.freight_minor
        return {**self.charge.told, "goods_minor": goods_minor, "freight_minor": self.freight_minor}


class Priced(NamedTuple):
    """What the buyer pays, and what it costs the seller. `line_totals` stand in the order of the lines.

    goods = sum of line_totals; total = goods + freight, plus tax unless the prices include it.
    Under reverse charge, prices that included tax come out net here: line_totals and freight too (R-64).
    """

    line_totals: tuple[int, ...]
    goods_minor: int
    freight_minor: int
    tax_minor: int
    total_minor: int
    fees_minor: int
    fees: tuple[FeeLine, ...]


class PriceList:
    """What orders to one destination, in one currency and taxed alike, are charged on `day`."""

    def __init__(
        self,
        *,
        currency: str,
        destination: Destination,
        treatment: Treatment,
        tariff: Tariff,
        rates: Rates,
        day: dt.date,
    ) -> None:
        self._currency, self._tariff, self._rates, self._day = currency, tariff, rates, day
        self._remitted = destination.remitted
        self._splitter = Splitter(treatment)
        self._commissions = Resolved(self._commission)
        self._ear_reviews = Resolved(self._ear_review)
        self._freights = Resolved(self._freight)
        self._return_warehouses = Resolved(self._return_warehouse)
        self._payment_fee = self._payment()
        self._vat_remittance_fee = self._vat_remittance()

    def price(self, order: OrderToPrice) -> Priced:
        """All fees of an order. COMMISSION_RATE_MISSING, FX_RATE_MISSING; ORDER_WITHOUT_LINES."""
        mixed, commissions = self._commissions[order.goods]
        paid = what_is_paid(order, mixed, self._splitter)
        fees = (
            *[
                commission.on(goods_minor + freight_minor, freight_minor)
                for commission, goods_minor, freight_minor in zip(
                    commissions, paid.net_goods, paid.net_freights, strict=True
                )
            ],
            self._ear_reviews[mixed.ear_controlled],
            self._freights[order.quote.cost.currency].quoted(order.quote),
            self._return_warehouses[order.local_return],
            self._payment_fee.on(paid.total_minor),
            self._vat_remittance_fee.on(paid.total_minor),
        )
        owed = sum([fee.amount_minor for fee in fees])
        return _new(Priced, (*paid[:5], owed, fees))

    def _commission(self, of: tuple[Goods, ...]) -> tuple[Mixture, list[Charge]]:
        """Goods after discounts, plus freight charged to the buyer, without VAT, × the category's rate (R-59)."""
        mixed = mixture(of, self._day)
        charges = [
            self._rated(Part.COMMISSION, Kind.COMMISSION, rate, told={"categories": categories})
            for rate, categories in zip(mixed.rates, mixed.categories, strict=True)
        ]
        return mixed, charges

    def _ear_review(self, due: bool) -> FeeLine:
        """Once an order that holds dual-use goods (R-66)."""
        waived = Reason.NONE if due else Reason.NO_EAR_GOODS
        return self._fixed(Part.COMMISSION, Kind.EAR_REVIEW, self._tariff.ear_review, waived)

    def _freight(self, currency: str) -> Charge:
        """The carrier's quote, the negotiated price first; both prices and the saving beside it (R-60, R-61)."""
        return self._exchanged(Part.LOGISTICS, Kind.FREIGHT, currency)

    def _return_warehouse(self, chosen: bool) -> FeeLine:
        """An order with the local return warehouse (R-65)."""
        waived = Reason.NONE if chosen else Reason.NOT_CHOSEN
        return self._fixed(Part.LOGISTICS, Kind.RETURN_WAREHOUSE, self._tariff.return_warehouse, waived)

    def _payment(self) -> Charge:
        """Everything the buyer pays, VAT included (R-62)."""
        return self._rated(Part.PAYMENT, Kind.PAYMENT, self._tariff.payment_rate)

    def _vat_remittance(self) -> Charge:
        """The amount with VAT, for destinations in the EU-27 and GB only (R-63)."""
        waived = Reason.NONE if self._remitted else Reason.NOT_EU_OR_GB
        rate = self._tariff.vat_remittance_rate
        return self._rated(Part.VAT_REMITTANCE, Kind.VAT_REMITTANCE, rate, waived=waived)

    def _rated(
        self, part: Part, kind: Kind, rate: Decimal, *, waived: Reason = Reason.NONE, **told: Any
    ) -> Charge:
        share = NOTHING if waived else Share(*ratio_of(rate))
        return Charge(
            part=part, kind=kind, currency=self._currency, rate=rate, waived=waived, share=share, **told
        )

    def _exchanged(self, part: Part, kind: Kind, currency: str, **fields: Any) -> Charge:
        """What it is exchanged by is kept with each line: it can be recomputed from itself (R-67)."""
        told: dict[str, Any] = {"rate_set": self._rates.id}
        share = self._rates.exchanger(currency, self._currency)
        if currency != self._currency:
            told["per_euro"] = self._rates.told(currency, self._currency)
        return Charge(part=part, kind=kind, currency=self._currency, told=told, share=share, **fields)

    def _fixed(self, part: Part, kind: Kind, tariff: Money, waived: Reason) -> FeeLine:
        """The very same line for every order: nothing of it depends on the order's amounts."""
        if waived:
            told = {"rate_set": self._rates.id}
            charge = Charge(
                part=part, kind=kind, currency=self._currency, tariff=tariff, waived=waived, told=told
            )
            return FeeLine(charge, 0, 0)
        charge = self._exchanged(part, kind, tariff.currency, tariff=tariff)
        return FeeLine(charge, 0, charge.share.of(tariff.minor))


def recompute(line: FeeLine) -> int:
    """The amount from nothing but the line's own fields (R-67)."""
    if line.charge.waived:
        return 0
    if line.tariff is not None:
        return _rates_of(line).exchange(line.tariff.minor, line.tariff.currency, line.currency)
    return share(line.base_minor, line.rate or Decimal(0))


def _rates_of(line: FeeLine) -> Rates:
    """The reference rates that the line was exchanged by, as it keeps them."""
    told = line.charge.told
    per_euro = {currency: Decimal(rate) for currency, rate in told.get("per_euro", {}).items()}
    return Rates(id=told["rate_set"], source="", published_on=dt.date.min, per_euro=per_euro)


def _told(quote: Quote) -> Mapping[str, Any]:
    """Both prices and the saving; where the weight is a volume's, the actual one; the card that the cost is by."""
    points, flagged = quote.saving_told
    told: dict[str, Any] = {
        "service_id": quote.service_id,
        "weight_g": quote.weight_g,
        "negotiated": _plain(quote.negotiated),
        "public": _plain(quote.public),
        "saving_basis_points": points,
        "saving_flagged": flagged,
    }
    if quote.actual_g is not None:
        told["actual_g"] = quote.actual_g
    if quote.card is not None:
        told["card"] = _terms(quote.card)
    return told


def _terms(card: Card) -> Mapping[str, int]:
    """base + step for each begun `step_g` beyond `from_g`, at least the minimum: the quote can be worked out again."""
    return {
        "from_g": card.min_weight_g,
        "base_minor": card.base_minor,
        "step_g": card.step_g,
        "step_minor": card.step_minor,
        "minimum_minor": card.minimum_minor,
    }


def _plain(money: Money | None) -> Mapping[str, Any] | None:
    return {"minor": money.minor, "currency": money.currency} if money else None
