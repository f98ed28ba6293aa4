"""A proforma invoice as one value: what is to be paid, for what, by whom to whom. Pure.

Amounts are whole minor units beside their currency; totals are sums of rounded orders (pitfall 5).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from pricing.totals import Amounts, TaxIncluded, TotalsGroup, TotalsRow, amounts_of
from pricing.totals import totals_by_currency as currency_totals


@dataclass(frozen=True, kw_only=True, slots=True)
class ProformaParty:
    name: str
    address: str
    numbers: Sequence[str]  # tax numbers and registrations


@dataclass(frozen=True, kw_only=True, slots=True)
class ProformaOrder:
    ref: str
    repeats: str
    destination: str
    incoterm: str
    tax_code: str
    tax_rate: Decimal | None
    currency: str
    goods_minor: int
    freight_minor: int
    tax_minor: int
    total_minor: int
    prices_include_tax: bool = False

    @property
    def amounts(self) -> Amounts:
        return amounts_of(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProformaGoods:
    """A SKU in one currency: what customs asks of a proforma."""

    sku: str
    title: str
    hs_code: str
    origin: str
    currency: str
    quantity: int
    total_minor: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ProformaTotal:
    currency: str
    orders: int
    goods_minor: int
    freight_minor: int
    goods_net_minor: int
    freight_net_minor: int
    tax_minor: int
    total_minor: int
    tax_included: TaxIncluded


@dataclass(frozen=True, kw_only=True, slots=True)
class ProformaTaxGroup:
    """Orders under one tax code: `net_minor` is goods and freight without the tax."""

    tax_code: str
    currency: str
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ProformaDocument:
    number: str
    batch: str
    issued_at: dt.datetime
    confirmed_at: dt.datetime
    open_account: bool
    pay_to: str
    sandbox: bool
    seller: ProformaParty
    buyer: ProformaParty
    orders: Sequence[ProformaOrder]
    goods: Sequence[ProformaGoods]

    @property
    def totals(self) -> list[ProformaTotal]:
        return sum_totals(self.orders)

    @property
    def taxes(self) -> list[ProformaTaxGroup]:
        return group_taxes(self.orders)

    @property
    def incoterms(self) -> list[str]:
        return sorted({order.incoterm for order in self.orders})


def sum_totals(orders: Sequence[ProformaOrder]) -> list[ProformaTotal]:
    return [
        ProformaTotal(
            currency=each.currency,
            orders=each.orders,
            goods_minor=each.goods.minor,
            freight_minor=each.freight.minor,
            goods_net_minor=each.goods_net.minor,
            freight_net_minor=each.freight_net.minor,
            tax_minor=each.tax.minor,
            total_minor=each.total.minor,
            tax_included=each.tax_included,
        )
        for each in currency_totals(map(_order_amounts, orders))
    ]


def group_taxes(orders: Sequence[ProformaOrder]) -> list[ProformaTaxGroup]:
    grouped: dict[str, list[TotalsRow]] = defaultdict(list)
    for order in orders:
        grouped[order.tax_code].append(_order_amounts(order))
    return [
        ProformaTaxGroup(
            tax_code=code,
            currency=each.currency,
            net_minor=each.total.minor - each.tax.minor,
            tax_minor=each.tax.minor,
        )
        for code, rows in sorted(grouped.items())
        for each in currency_totals(rows)
    ]


def _order_amounts(order: ProformaOrder) -> TotalsRow:
    return TotalsRow(
        group=TotalsGroup.ACCEPTED,
        currency=order.currency,
        orders=1,
        prices_include_tax=order.prices_include_tax,
        amounts=order.amounts,
    )


def total_as_json(total: ProformaTotal) -> dict[str, Any]:
    return asdict(total)
