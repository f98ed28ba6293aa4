"""The format of UCI Online Retail: what each row of it is, and the orders that its rows make up.
Pure.

Invoices beginning with C are cancellations, with A bad-debt adjustments. Times name no zone and
are read as UTC. Orders leave as soon as WINDOW other invoices were begun, so memory does not grow
with the file.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import Enum, auto
from fractions import Fraction
from functools import lru_cache

from marketplace.mirror import countries
from marketplace.mirror.accounting import MergedRowKind, RowRefusalReason
from marketplace.money import round_half_up

COLUMNS = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
SOURCE = "online-retail"
CURRENCY = "GBP"
CARRIAGE_CODES = frozenset({"POST", "DOT", "C2"})
SERVICE_SKU_CODES = frozenset({"M", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"})
OPEN_ORDERS_WINDOW = 500
MAX_QUANTITY = 2**31 - 1
MAX_PRICE = Decimal(10**9)

RetailFields = Sequence[str]


class RetailRowKind(Enum):
    SALE = auto()
    CARRIAGE = auto()
    CANCELLATION = auto()


@dataclass(frozen=True, slots=True)
class RetailRow:
    kind: RetailRowKind
    number: str
    sku: str
    title: str
    quantity: int  # positive, also in a cancellation
    at: dt.datetime
    price: Decimal
    customer: str
    country: str
    country_assumed: bool


def parse_retail_row(fields: RetailFields) -> RetailRow | RowRefusalReason:
    """What a row is, or why it is refused. A row that fails for two reasons is refused for the
    first."""
    number, sku, title, quantity_text, at_text, price_text, customer, country = fields
    at, price, quantity = (
        _parse_timestamp(at_text),
        _parse_price(price_text),
        _parse_quantity(quantity_text),
    )
    if (
        at is None
        or price is None
        or quantity is None
        or not 0 < len(number) <= 64
        or not 0 < len(sku) <= 64
    ):
        return RowRefusalReason.UNPARSABLE
    if number[0] == "A":
        return RowRefusalReason.BAD_DEBT
    if not customer:
        return RowRefusalReason.NO_CUSTOMER
    sku = sku.upper()  # "85123a" and "85123A" are one article
    if sku in SERVICE_SKU_CODES or sku.startswith("GIFT_"):
        return RowRefusalReason.SERVICE_CODE
    if (place := _parse_country(country)) is None:
        return RowRefusalReason.COUNTRY_UNKNOWN
    cancels = number[0] == "C"
    if (quantity >= 0) if cancels else (quantity <= 0):
        return RowRefusalReason.QUANTITY_NOT_POSITIVE
    if price <= 0:
        return RowRefusalReason.PRICE_NOT_POSITIVE
    kind = (
        RetailRowKind.CANCELLATION
        if cancels
        else RetailRowKind.CARRIAGE
        if sku in CARRIAGE_CODES
        else RetailRowKind.SALE
    )
    customer = customer.removesuffix(".0")
    return RetailRow(
        kind, number, sku, title.strip()[:200], abs(quantity), at, price, customer, *place
    )


@lru_cache(maxsize=64)
def _parse_timestamp(text: str) -> dt.datetime | None:
    for parse in (dt.datetime.fromisoformat, lambda t: dt.datetime.strptime(t, "%m/%d/%Y %H:%M")):  # noqa: DTZ007
        try:
            found = parse(text)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return None


@lru_cache(maxsize=4096)
def _parse_price(text: str) -> Decimal | None:
    try:
        price = Decimal(text)
    except InvalidOperation:
        return None
    return price if price.is_finite() and abs(price) < MAX_PRICE else None


@lru_cache(maxsize=4096)
def _parse_quantity(text: str) -> int | None:
    try:
        quantity = int(text)
    except ValueError:
        return None
    return quantity if abs(quantity) <= MAX_QUANTITY else None


_parse_country = lru_cache(maxsize=300)(countries.iso_code_of)


@dataclass(slots=True)
class RetailOrderLine:
    sku: str
    price: Decimal
    quantity: int

    @property
    def total_minor(self) -> int:
        """Rounded once, half up: four prices of the set have three decimals."""
        return round_half_up(Fraction(self.price) * self.quantity * 100)


@dataclass(slots=True)
class RetailOrder:
    """The rows of one invoice: goods with the same SKU and price are one line, carriage is
    freight."""

    number: str
    customer: str
    country: str
    country_assumed: bool
    at: dt.datetime  # the earliest of its rows: 43 invoices carry two timestamps
    lines: dict[tuple[str, Decimal], RetailOrderLine] = field(default_factory=dict)
    carriage: list[tuple[int, RetailFields, RetailRow]] = field(default_factory=list)
    merged: Counter[MergedRowKind] = field(default_factory=Counter)
    seen: set[RetailFields] = field(default_factory=set)

    @classmethod
    def begun_by(cls, row: RetailRow) -> "RetailOrder":
        return cls(row.number, row.customer, row.country, row.country_assumed, row.at)

    def add(self, row_no: int, fields: RetailFields, row: RetailRow) -> None:
        self.at = min(self.at, row.at)
        if row.kind is RetailRowKind.CARRIAGE:
            self.carriage.append((row_no, fields, row))
        elif line := self.lines.get((row.sku, row.price)):
            line.quantity += row.quantity
            self.merged[
                MergedRowKind.DUPLICATE if fields in self.seen else MergedRowKind.REPEATED
            ] += 1
        else:
            self.lines[row.sku, row.price] = RetailOrderLine(row.sku, row.price, row.quantity)
        self.seen.add(fields)

    def close(self) -> Iterator[tuple[int, RetailFields, RowRefusalReason]]:
        """Settles the carriage: freight of an order with goods, else refused."""
        if self.lines:
            self.merged[MergedRowKind.CARRIAGE] += len(self.carriage)
            return
        yield from (
            (row_no, fields, RowRefusalReason.CARRIAGE_ALONE) for row_no, fields, _ in self.carriage
        )

    @property
    def goods_minor(self) -> int:
        return sum(line.total_minor for line in self.lines.values())

    @property
    def freight_minor(self) -> int:
        return sum(
            round_half_up(Fraction(row.price) * row.quantity * 100) for *_, row in self.carriage
        )


class OrderAssembler:
    """Orders in the making. `add` answers with the order that is complete by now, or why the row
    is refused."""

    def __init__(self) -> None:
        self._open: dict[str, RetailOrder] = {}
        self._closed: set[str] = set()

    def add(
        self, row_no: int, fields: RetailFields, row: RetailRow
    ) -> RetailOrder | RowRefusalReason | None:
        order = self._open.get(row.number)
        if order is None and row.number in self._closed:
            return RowRefusalReason.ORDER_SPLIT
        if order is None:
            order = self._open[row.number] = RetailOrder.begun_by(row)
        if order.customer != row.customer:
            return RowRefusalReason.CUSTOMER_DIFFERS
        order.add(row_no, fields, row)
        return self._close_oldest() if len(self._open) > OPEN_ORDERS_WINDOW else None

    def rest(self) -> Iterator[RetailOrder]:
        while self._open:
            yield self._close_oldest()

    def _close_oldest(self) -> RetailOrder:
        number = next(iter(self._open))
        self._closed.add(number)
        return self._open.pop(number)
