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
from marketplace.mirror.accounting import Merged, Refused
from marketplace.money import half_up

COLUMNS = (
    "InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country",
)  # fmt: skip
SOURCE = "online-retail"
CURRENCY = "GBP"
CARRIAGE = frozenset({"POST", "DOT", "C2"})
SERVICES = frozenset({"M", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"})
WINDOW = 500
MAX_QUANTITY = 2**31 - 1
MAX_PRICE = Decimal(10**9)

Fields = Sequence[str]


class Kind(Enum):
    SALE = auto()
    CARRIAGE = auto()
    CANCELLATION = auto()


@dataclass(frozen=True, slots=True)
class Row:
    kind: Kind
    number: str
    sku: str
    title: str
    quantity: int  # positive, also in a cancellation
    at: dt.datetime
    price: Decimal
    customer: str
    country: str
    country_assumed: bool


def read(fields: Fields) -> Row | Refused:
    """What a row is, or why it is refused. A row that fails for two reasons is refused for the
    first."""
    number, sku, title, quantity_text, at_text, price_text, customer, country = fields
    at, price, quantity = _instant(at_text), _price(price_text), _whole(quantity_text)
    if (
        at is None
        or price is None
        or quantity is None
        or not 0 < len(number) <= 64
        or not 0 < len(sku) <= 64
    ):
        return Refused.UNPARSABLE
    if number[0] == "A":
        return Refused.BAD_DEBT
    if not customer:
        return Refused.NO_CUSTOMER
    sku = sku.upper()  # "85123a" and "85123A" are one article
    if sku in SERVICES or sku.startswith("GIFT_"):
        return Refused.SERVICE_CODE
    if (place := _country(country)) is None:
        return Refused.COUNTRY_UNKNOWN
    cancels = number[0] == "C"
    if (quantity >= 0) if cancels else (quantity <= 0):
        return Refused.QUANTITY_NOT_POSITIVE
    if price <= 0:
        return Refused.PRICE_NOT_POSITIVE
    kind = Kind.CANCELLATION if cancels else Kind.CARRIAGE if sku in CARRIAGE else Kind.SALE
    customer = customer.removesuffix(".0")
    return Row(kind, number, sku, title.strip()[:200], abs(quantity), at, price, customer, *place)


@lru_cache(maxsize=64)
def _instant(text: str) -> dt.datetime | None:
    for parse in (dt.datetime.fromisoformat, lambda t: dt.datetime.strptime(t, "%m/%d/%Y %H:%M")):  # noqa: DTZ007
        try:
            found = parse(text)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return None


@lru_cache(maxsize=4096)
def _price(text: str) -> Decimal | None:
    try:
        price = Decimal(text)
    except InvalidOperation:
        return None
    return price if price.is_finite() and abs(price) < MAX_PRICE else None


@lru_cache(maxsize=4096)
def _whole(text: str) -> int | None:
    try:
        quantity = int(text)
    except ValueError:
        return None
    return quantity if abs(quantity) <= MAX_QUANTITY else None


_country = lru_cache(maxsize=300)(countries.code_of)


@dataclass(slots=True)
class Line:
    sku: str
    price: Decimal
    quantity: int

    @property
    def total_minor(self) -> int:
        """Rounded once, half up: four prices of the set have three decimals."""
        return half_up(Fraction(self.price) * self.quantity * 100)


@dataclass(slots=True)
class Order:
    """The rows of one invoice: goods with the same SKU and price are one line, carriage is
    freight."""

    number: str
    customer: str
    country: str
    country_assumed: bool
    at: dt.datetime  # the earliest of its rows: 43 invoices carry two timestamps
    lines: dict[tuple[str, Decimal], Line] = field(default_factory=dict)
    carriage: list[tuple[int, Fields, Row]] = field(default_factory=list)
    merged: Counter[Merged] = field(default_factory=Counter)
    seen: set[Fields] = field(default_factory=set)

    @classmethod
    def begun_by(cls, row: Row) -> "Order":
        return cls(row.number, row.customer, row.country, row.country_assumed, row.at)

    def add(self, row_no: int, fields: Fields, row: Row) -> None:
        self.at = min(self.at, row.at)
        if row.kind is Kind.CARRIAGE:
            self.carriage.append((row_no, fields, row))
        elif line := self.lines.get((row.sku, row.price)):
            line.quantity += row.quantity
            self.merged[Merged.DUPLICATE if fields in self.seen else Merged.REPEATED] += 1
        else:
            self.lines[row.sku, row.price] = Line(row.sku, row.price, row.quantity)
        self.seen.add(fields)

    def close(self) -> Iterator[tuple[int, Fields, Refused]]:
        """Settles the carriage: freight of an order with goods, else refused."""
        if self.lines:
            self.merged[Merged.CARRIAGE] += len(self.carriage)
            return
        yield from ((row_no, fields, Refused.CARRIAGE_ALONE) for row_no, fields, _ in self.carriage)

    @property
    def goods_minor(self) -> int:
        return sum(line.total_minor for line in self.lines.values())

    @property
    def freight_minor(self) -> int:
        return sum(half_up(Fraction(row.price) * row.quantity * 100) for *_, row in self.carriage)


class Assembly:
    """Orders in the making. `add` answers with the order that is complete by now, or why the row
    is refused."""

    def __init__(self) -> None:
        self._open: dict[str, Order] = {}
        self._closed: set[str] = set()

    def add(self, row_no: int, fields: Fields, row: Row) -> Order | Refused | None:
        order = self._open.get(row.number)
        if order is None and row.number in self._closed:
            return Refused.ORDER_SPLIT
        if order is None:
            order = self._open[row.number] = Order.begun_by(row)
        if order.customer != row.customer:
            return Refused.CUSTOMER_DIFFERS
        order.add(row_no, fields, row)
        return self._oldest() if len(self._open) > WINDOW else None

    def rest(self) -> Iterator[Order]:
        while self._open:
            yield self._oldest()

    def _oldest(self) -> Order:
        number = next(iter(self._open))
        self._closed.add(number)
        return self._open.pop(number)
