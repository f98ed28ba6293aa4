"""A proforma invoice as one value: what is to be paid, for what, by whom to whom. Pure.

Amounts are whole minor units beside their currency; totals are sums of rounded orders (pitfall 5).
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any


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
    tax_minor: int
    total_minor: int


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
    grouped: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        grouped[order.currency].append(order)
    return [
        Total(
            currency=currency,
            orders=len(some),
            goods_minor=sum(o.goods_minor for o in some),
            freight_minor=sum(o.freight_minor for o in some),
            tax_minor=sum(o.tax_minor for o in some),
            total_minor=sum(o.total_minor for o in some),
        )
        for currency, some in sorted(grouped.items())
    ]


def taxes(orders: Sequence[Order]) -> list[TaxGroup]:
    grouped: dict[tuple[str, str], list[Order]] = defaultdict(list)
    for order in orders:
        grouped[order.tax_code, order.currency].append(order)
    return [
        TaxGroup(
            tax_code=code,
            currency=currency,
            net_minor=sum(o.total_minor - o.tax_minor for o in some),
            tax_minor=sum(o.tax_minor for o in some),
        )
        for (code, currency), some in sorted(grouped.items())
    ]


def kept(total: Total) -> dict[str, Any]:
    return asdict(total)
