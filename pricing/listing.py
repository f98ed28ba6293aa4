"""Long lists for print: ten rows share a table row, a column of lines each. 5000 orders then lay out in seconds,
where a row of their own takes each a hundredth of a second and a hundred kilobytes. Pure.
"""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pricing.agreements import Order, SkuPrice

ROWS_A_BLOCK = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    name: str
    percent: int  # of the page's width
    cells: int  # Latin letters that fit into it; a longer text is cut, and whole in the attached JSON
    number: bool = False


ORDERS: Sequence[Column] = (
    Column(name="订单 Order", percent=17, cells=18),
    Column(name="原订单 Repeats", percent=17, cells=20),
    Column(name="目的地 To", percent=15, cells=18),
    Column(name="", percent=6, cells=4),
    Column(name="原货款 Goods then", percent=15, cells=18, number=True),
    Column(name="现货款 Goods now", percent=15, cells=18, number=True),
    Column(name="应付 To pay", percent=15, cells=18, number=True),
)
SKUS: Sequence[Column] = (
    Column(name="SKU", percent=17, cells=20),
    Column(name="品名 Goods", percent=36, cells=42),
    Column(name="件数 Pieces", percent=11, cells=12, number=True),
    Column(name="", percent=6, cells=4),
    Column(name="原价 Then", percent=15, cells=18, number=True),
    Column(name="现价 Now", percent=15, cells=18, number=True),
)

Amount = Callable[[int, str], str]


def order_row(order: Order, amount: Amount) -> Sequence[str]:
    money = [
        amount(minor, order.currency) for minor in (order.then_minor, order.now_minor, order.total_minor)
    ]
    return (order.ref, order.repeats, order.destination, order.currency, *money)


def sku_row(price: SkuPrice, amount: Amount) -> Sequence[str]:
    money = [amount(minor, price.currency) for minor in (price.then_minor, price.now_minor)]
    return (price.sku, price.title, f"{price.quantity:,}", price.currency, *money)


def blocks(
    columns: Sequence[Column], rows: Sequence[Sequence[str]]
) -> Iterator[Sequence[tuple[Column, str]]]:
    """For each ten rows, what stands in each column: a line a row."""
    for start in range(0, len(rows), ROWS_A_BLOCK):
        some = rows[start : start + ROWS_A_BLOCK]
        yield [
            (column, "\n".join(cut(row[n], column.cells) for row in some)) for n, column in enumerate(columns)
        ]


def cut(text: str, room: int) -> str:
    shown = " ".join(text.split())
    if cells(shown) <= room:
        return shown
    while cells(shown) > room - 1:
        shown = shown[:-1]
    return shown.rstrip() + "…"


def cells(text: str) -> int:
    """East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
