"""The price list: what the platform charges for one order, in four parts (R-58 to R-68). Pure.

There is no technical service fee (R-58). Each line is rounded once, half up, and can be recomputed from
its own fields (R-67); totals are sums of rounded lines, and a batch is the sum of its orders.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from diagnostics.codes import gettext_noop
from marketplace.money import Money, Rates, share
from pricing.freight import Card
from pricing.paid import OrderToPrice, Paid, PricedLine, what_is_paid

__all__ = [  # one door for callers: what goes in, what comes out
    "FeeLine",
    "Kind",
    "OrderToPrice",
    "Part",
    "Priced",
    "PricedLine",
    "Reason",
    "Tariff",
    "price",
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
NOT_DUE = frozenset({Reason.NO_EAR_GOODS, Reason.NOT_CHOSEN, Reason.NOT_EU_OR_GB})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """The ⚙ values in force: shares of an amount, and charges an order in their own currency."""

    payment_rate: Decimal
    vat_remittance_rate: Decimal
    return_warehouse: Money
    ear_review: Money


class FeeLine(NamedTuple):
    """A rate of a base, or a tariff an order; never both. `detail` holds plain JSON values."""

    part: Part
    kind: Kind
    base_minor: int  # 0 on a tariff
    rate: Decimal | None
    tariff: Money | None  # as published, beside the amount in the order's currency
    amount_minor: int
    currency: str
    reason: Reason
    detail: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Priced:
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


def price(order: OrderToPrice, *, tariff: Tariff, rates: Rates, day: dt.date) -> Priced:
    """All fees of an order by the tariff, rates and commission rates of `day`.

    COMMISSION_RATE_MISSING, FX_RATE_MISSING; ORDER_WITHOUT_LINES.
    """
    paid = what_is_paid(order, day)
    fees = (
        *_commission(order, paid),
        _ear_review(order, tariff, rates),
        _freight(order, rates),
        _return_warehouse(order, tariff, rates),
        _payment(order, paid, tariff),
        _vat_remittance(order, paid, tariff),
    )
    return Priced(
        line_totals=paid.line_totals,
        goods_minor=sum(paid.line_totals),
        freight_minor=paid.freight_minor,
        tax_minor=paid.tax_minor,
        total_minor=paid.total_minor,
        fees_minor=sum([fee.amount_minor for fee in fees]),
        fees=fees,
    )


def recompute(line: FeeLine) -> int:
    """The amount from nothing but the line's own fields (R-67)."""
    if line.reason in NOT_DUE:
        return 0
    if line.tariff is not None:
        return _rates_of(line).exchange(line.tariff.minor, line.tariff.currency, line.currency)
    return share(line.base_minor, line.rate or Decimal(0))


def _rates_of(line: FeeLine) -> Rates:
    """The reference rates that the line was exchanged by, as it keeps them."""
    kept = line.detail.get("per_euro", {})
    per_euro = {currency: Decimal(rate) for currency, rate in kept.items()}
    return Rates(id=line.detail["rate_set"], source="", published_on=dt.date.min, per_euro=per_euro)


def _commission(order: OrderToPrice, paid: Paid) -> Iterator[FeeLine]:
    """Goods after discounts, plus freight charged to the buyer, without VAT, × the category's rate (R-59)."""
    for group in paid.groups:
        detail = {
            "categories": group.categories,
            "goods_minor": group.net_minor,
            "freight_minor": group.net_freight_minor,
        }
        base_minor = group.net_minor + group.net_freight_minor
        yield _rated(order, Part.COMMISSION, Kind.COMMISSION, base_minor, group.rate, detail=detail)


def _ear_review(order: OrderToPrice, tariff: Tariff, rates: Rates) -> FeeLine:
    """Once an order that holds dual-use goods (R-66)."""
    due = True in [line.ear_controlled for line in order.lines]
    reason = Reason.NONE if due else Reason.NO_EAR_GOODS
    return _charged(order, Part.COMMISSION, Kind.EAR_REVIEW, tariff.ear_review, rates, reason=reason)


def _freight(order: OrderToPrice, rates: Rates) -> FeeLine:
    """The carrier's quote, the negotiated price first; both prices and the saving beside it (R-60, R-61)."""
    quote = order.quote
    points, flagged = quote.saving_told
    detail: dict[str, Any] = {
        "service_id": quote.service_id,
        "weight_g": quote.weight_g,
        "negotiated": _plain(quote.negotiated),
        "public": _plain(quote.public),
        "saving_basis_points": points,
        "saving_flagged": flagged,
    }
    if quote.actual_g is not None:
        detail["actual_g"] = quote.actual_g
    if quote.card is not None:
        detail["card"] = _told(quote.card)
    return _charged(order, Part.LOGISTICS, Kind.FREIGHT, quote.cost, rates, detail=detail)


def _return_warehouse(order: OrderToPrice, tariff: Tariff, rates: Rates) -> FeeLine:
    """An order with the local return warehouse (R-65)."""
    reason = Reason.NONE if order.local_return else Reason.NOT_CHOSEN
    charge = tariff.return_warehouse
    return _charged(order, Part.LOGISTICS, Kind.RETURN_WAREHOUSE, charge, rates, reason=reason)


def _payment(order: OrderToPrice, paid: Paid, tariff: Tariff) -> FeeLine:
    """Everything the buyer pays, VAT included (R-62)."""
    return _rated(order, Part.PAYMENT, Kind.PAYMENT, paid.total_minor, tariff.payment_rate)


def _vat_remittance(order: OrderToPrice, paid: Paid, tariff: Tariff) -> FeeLine:
    """The amount with VAT, for destinations in the EU-27 and GB only (R-63)."""
    reason = Reason.NONE if order.destination.remitted else Reason.NOT_EU_OR_GB
    rate = tariff.vat_remittance_rate
    return _rated(order, Part.VAT_REMITTANCE, Kind.VAT_REMITTANCE, paid.total_minor, rate, reason=reason)


def _rated(
    order: OrderToPrice,
    part: Part,
    kind: Kind,
    base_minor: int,
    rate: Decimal,
    *,
    reason: Reason = Reason.NONE,
    detail: Mapping[str, Any] | None = None,
) -> FeeLine:
    amount = 0 if reason else share(base_minor, rate)
    why = reason if amount or reason else _why_zero(base_minor, rate)
    return FeeLine(part, kind, base_minor, rate, None, amount, order.currency, why, detail or {})


def _charged(
    order: OrderToPrice,
    part: Part,
    kind: Kind,
    charge: Money,
    rates: Rates,
    *,
    reason: Reason = Reason.NONE,
    detail: Mapping[str, Any] | None = None,
) -> FeeLine:
    currency, kept = order.currency, {**detail, "rate_set": rates.id} if detail else {"rate_set": rates.id}
    if reason:
        return FeeLine(part, kind, 0, None, charge, 0, currency, reason, kept)
    amount = rates.exchange(charge.minor, charge.currency, currency)
    if (
        charge.currency != currency
    ):  # what it is exchanged by is kept: the line can be recomputed from itself
        kept["per_euro"] = rates.told(charge.currency, currency)
    why = Reason.NONE if amount else _why_zero(1, charge.minor)
    return FeeLine(part, kind, 0, None, charge, amount, currency, why, kept)


def _why_zero(base: int, rate: Decimal | int) -> Reason:
    if not rate:
        return Reason.RATE_ZERO
    return Reason.BELOW_HALF_A_UNIT if base else Reason.NOTHING_PAID


def _told(card: Card) -> Mapping[str, int]:
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
