"""The price list: what the platform charges for one order, in four parts (R-58 to R-68). Pure.

There is no technical service fee (R-58). Each line is rounded once, half up, and can be recomputed
from its own fields (R-67); totals are sums of rounded lines, and a batch is the sum of its orders.

What is the same for every order of a kind (rates as whole numbers, tariffs in the order's
currency, what they were exchanged by) is resolved once, into a price list; an order then costs the
arithmetic of its own amounts.
"""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from marketplace.memoized_lookup import MemoizedLookup
from marketplace.money import ExactRate, Money, Rates, allocate, rate_as_ratio
from marketplace.territories import Destination
from pricing.commission import Commission, CommissionGoods, build_commission, intern_goods
from pricing.fee_lines import (
    NO_SHARE,
    NOT_DUE,
    REASONS,
    Charge,
    FeeKind,
    FeeLine,
    FeePart,
    ZeroFeeReason,
    make_tuple,
    recompute,
)
from pricing.freight import FreightQuote
from pricing.tax import TaxCalculator, Treatment

__all__ = [  # one door for callers: what goes in, what comes out
    "NOT_DUE",
    "REASONS",
    "Charge",
    "CommissionGoods",
    "FeeKind",
    "FeeLine",
    "FeePart",
    "FeeTariff",
    "OrderToPrice",
    "PriceList",
    "PricedOrder",
    "ZeroFeeReason",
    "intern_goods",
    "recompute",
]

RULE_VERSION = "2026-11"
ROUNDING = "half-up-once"


@dataclass(frozen=True, kw_only=True, slots=True)
class FeeTariff:
    """The ⚙ values in force: shares of an amount, and charges an order in their own currency."""

    payment_rate: Decimal
    vat_remittance_rate: Decimal
    return_warehouse: Money
    ear_review: Money


class OrderToPrice(NamedTuple):
    """Line by line, in one order: its goods, and what the buyer pays for it, its discount taken
    off (R-46)."""

    goods: tuple[CommissionGoods, ...]
    line_totals: tuple[int, ...]
    freight_minor: int  # charged to the buyer
    prices_include_tax: bool
    local_return: bool
    quote: FreightQuote  # what the carrier charges the seller


class PricedOrder(NamedTuple):
    """What the buyer pays, and what it costs the seller. `line_totals` stand in the order of the
    lines.

    total = goods + freight, plus tax unless the prices include it. Under reverse charge, prices
    that included tax come out net here: line_totals and freight too (R-64).
    """

    line_totals: tuple[int, ...]
    freight_minor: int
    tax_minor: int
    total_minor: int
    fees: tuple[FeeLine, ...]

    @property
    def goods_minor(self) -> int:
        return sum(self.line_totals)

    @property
    def fees_minor(self) -> int:
        return sum([fee.amount_minor for fee in self.fees])


class PriceList:
    """What orders to one destination, in one currency and taxed alike, are charged on `day`."""

    def __init__(
        self,
        *,
        currency: str,
        destination: Destination,
        treatment: Treatment,
        tariff: FeeTariff,
        rates: Rates,
        day: dt.date,
    ) -> None:
        self._currency, self._tariff, self._rates, self._day = currency, tariff, rates, day
        self._remitted = destination.remitted
        self._tax = TaxCalculator(treatment)
        self._commissions = MemoizedLookup(self._build_commission)
        self._ear_reviews = MemoizedLookup(self._ear_review_fee)
        self._freights = MemoizedLookup(self._freight_charge)
        self._return_warehouses = MemoizedLookup(self._return_warehouse_fee)
        self._payment_fee = self._payment_charge()
        self._vat_remittance_fee = self._vat_remittance_charge()

    def price(self, order: OrderToPrice) -> PricedOrder:
        """All fees of an order. COMMISSION_RATE_MISSING, FX_RATE_MISSING; ORDER_WITHOUT_LINES."""
        of, totals, freight, prices_include_tax, local_return, quote = order
        commission = self._commissions[of]
        if prices_include_tax:
            totals, freight, tax, total, commissions = self._take_tax_out(
                commission, totals, freight
            )
        else:
            net = sum(totals) + freight
            tax = self._tax.on_top.of(net)
            total = net + tax
            commissions = commission.lines(totals, freight)
        cost = quote.cost
        fees = (
            *commissions,
            self._ear_reviews[commission.ear_controlled],
            self._freights[cost.currency].on_quote(quote, cost.minor),
            self._return_warehouses[local_return],
            self._payment_fee.on(total),
            self._vat_remittance_fee.on(total),
        )
        return make_tuple(PricedOrder, (totals, freight, tax, total, fees))

    def _take_tax_out(
        self, commission: Commission, totals: tuple[int, ...], freight: int
    ) -> tuple[tuple[int, ...], int, int, int, tuple[FeeLine, ...]]:
        """Tax is taken out of the whole order and rounded once; what is left goes to the parts by
        largest remainder.

        Under reverse charge it is not owed: then the buyer pays the net parts (R-64).
        """
        parts = [*commission.by_rate(totals), freight]
        asked = sum(parts)
        net, tax = self._tax.taken_out(asked)
        *net_goods, net_freight = allocate(net, parts)
        if net + tax < asked:
            totals, freight = commission.net_lines(totals, net_goods), net_freight
        return totals, freight, tax, net + tax, commission.lines_on(net_goods, net_freight)

    def _build_commission(self, of: tuple[CommissionGoods, ...]) -> Commission:
        """Goods after discounts, plus freight charged to the buyer, without VAT, × the category's
        rate (R-59)."""

        def charge(rate: Decimal, categories: list[str]) -> Charge:
            return self._rate_charge(
                FeePart.COMMISSION, FeeKind.COMMISSION, rate, told={"categories": categories}
            )

        return build_commission(of, charge=charge, day=self._day)

    def _ear_review_fee(self, due: bool) -> FeeLine:
        """Once an order that holds dual-use goods (R-66)."""
        waived = ZeroFeeReason.NONE if due else ZeroFeeReason.NO_EAR_GOODS
        return self._tariff_fee(
            FeePart.COMMISSION, FeeKind.EAR_REVIEW, self._tariff.ear_review, waived
        )

    def _freight_charge(self, currency: str) -> Charge:
        """The carrier's quote, the negotiated price first; both prices and the saving beside it
        (R-60, R-61)."""
        return self._tariff_charge(FeePart.LOGISTICS, FeeKind.FREIGHT, currency)

    def _return_warehouse_fee(self, chosen: bool) -> FeeLine:
        """An order with the local return warehouse (R-65)."""
        waived = ZeroFeeReason.NONE if chosen else ZeroFeeReason.NOT_CHOSEN
        return self._tariff_fee(
            FeePart.LOGISTICS, FeeKind.RETURN_WAREHOUSE, self._tariff.return_warehouse, waived
        )

    def _payment_charge(self) -> Charge:
        """Everything the buyer pays, VAT included (R-62)."""
        return self._rate_charge(FeePart.PAYMENT, FeeKind.PAYMENT, self._tariff.payment_rate)

    def _vat_remittance_charge(self) -> Charge:
        """The amount with VAT, for destinations in the EU-27 and GB only (R-63)."""
        waived = ZeroFeeReason.NONE if self._remitted else ZeroFeeReason.NOT_EU_OR_GB
        rate = self._tariff.vat_remittance_rate
        return self._rate_charge(
            FeePart.VAT_REMITTANCE, FeeKind.VAT_REMITTANCE, rate, waived=waived
        )

    def _rate_charge(
        self,
        part: FeePart,
        kind: FeeKind,
        rate: Decimal,
        *,
        waived: ZeroFeeReason = ZeroFeeReason.NONE,
        **told: Any,
    ) -> Charge:
        share = NO_SHARE if waived else ExactRate(*rate_as_ratio(rate))
        return Charge(
            part=part,
            kind=kind,
            currency=self._currency,
            rate=rate,
            waived=waived,
            share=share,
            **told,
        )

    def _tariff_charge(self, part: FeePart, kind: FeeKind, currency: str, **fields: Any) -> Charge:
        """What it is exchanged by is kept with each line: it can be recomputed from itself
        (R-67)."""
        told: dict[str, Any] = {"rate_set": self._rates.id}
        share = self._rates.exchanger(currency, self._currency)
        if currency != self._currency:
            told["per_euro"] = self._rates.told(currency, self._currency)
        return Charge(
            part=part, kind=kind, currency=self._currency, told=told, share=share, **fields
        )

    def _tariff_fee(
        self, part: FeePart, kind: FeeKind, tariff: Money, waived: ZeroFeeReason
    ) -> FeeLine:
        """The very same line for every order: nothing of it depends on the order's amounts."""
        if waived:
            told = {"rate_set": self._rates.id}
            charge = Charge(
                part=part,
                kind=kind,
                currency=self._currency,
                tariff=tariff,
                waived=waived,
                told=told,
            )
            return FeeLine(charge, 0, 0)
        charge = self._tariff_charge(part, kind, tariff.currency, tariff=tariff)
        return FeeLine(charge, 0, charge.share.of(tariff.minor))
