"""A proforma invoice as one value: what is to be paid, for what, by whom to whom. Pure.

Amounts are whole minor units beside their currency; totals are sums of rounded orders (pitfall 5).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from pricing.totals import Amounts, Group, Row, TaxIncluded, amounts_of
from pricing.totals import totals as currency_totals


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    name: str
    address: str
    numbers: Sequence[str]  # tax numbers and registrations


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
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
class Goods:
    """A SKU in one currency: what customs asks of a proforma."""

    sku: str
    title: str
    hs_code: str
    origin: str
    currency: str
    quantity: int
    total_minor: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
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
class TaxGroup:
    """Orders under one tax code: `net_minor` is goods and freight without the tax."""

    tax_code: str
    currency: str
    net_minor: int
    tax_minor: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    number: str
    batch: str
    issued_at: dt.datetime
    confirmed_at: dt.datetime
    open_account: bool
    pay_to: str
    sandbox: bool
    seller: Party
    buyer: Party
    orders: Sequence[Order]
    goods: Sequence[Goods]

    @property
    def totals(self) -> list[Total]:
        return totals(self.orders)

    @property
    def taxes(self) -> list[TaxGroup]:
        return taxes(self.orders)

    @property
    def incoterms(self) -> list[str]:
        return sorted({order.incoterm for order in self.orders})


def totals(orders: Sequence[Order]) -> list[Total]:
    return [
        Total(
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
        for each in currency_totals(map(_row, orders))
    ]


def taxes(orders: Sequence[Order]) -> list[TaxGroup]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for order in orders:
        grouped[order.tax_code].append(_row(order))
    return [
        TaxGroup(
            tax_code=code,
            currency=each.currency,
            net_minor=each.total.minor - each.tax.minor,
            tax_minor=each.tax.minor,
        )
        for code, rows in sorted(grouped.items())
        for each in currency_totals(rows)
    ]


def _row(order: Order) -> Row:
    return Row(
        group=Group.ACCEPTED,
        currency=order.currency,
        orders=1,
        prices_include_tax=order.prices_include_tax,
        amounts=order.amounts,
    )


def kept(total: Total) -> dict[str, Any]:
    return asdict(total)
