"""Long lists in a fixed pitch: 5000 rows lay out in seconds, where a table takes minutes and gigabytes. Pure."""

import unicodedata
from collections.abc import Iterator, Sequence

from pricing.agreements import Order, SkuPrice

ROWS_A_BLOCK = 10  # blocks alternate in shade, so that the eye keeps its row

Column = tuple[str, int]
"""A heading and the cells it takes; a negative number aligns to the right."""

ORDERS: Sequence[Column] = (
    ("订单 Order", 17), ("原订单 Repeats", 20), ("目的地 To", 17), ("", 4), ("原货款 Goods then", -17),
    ("现货款 Goods now", -16), ("应付 Buyer pays", -17),
)  # fmt: skip
SKUS: Sequence[Column] = (
    ("SKU", 20), ("品名 Goods", 36), ("数量 Pieces", -12), ("", 5), ("原价 Then", -17), ("现价 Now", -17),
)  # fmt: skip


def order_row(order: Order, amount) -> Sequence[str]:
    money = [
        amount(minor, order.currency) for minor in (order.then_minor, order.now_minor, order.total_minor)
    ]
    return (order.ref, order.repeats, order.destination, order.currency, *money)


def sku_row(price: SkuPrice, amount) -> Sequence[str]:
    money = [amount(minor, price.currency) for minor in (price.then_minor, price.now_minor)]
    return (price.sku, price.title, f"{price.quantity:,}", f" {price.currency}", *money)


def heading(columns: Sequence[Column]) -> str:
    return line(columns, [name for name, _ in columns])


def blocks(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for start in range(0, len(rows), ROWS_A_BLOCK):
        yield "\n".join(line(columns, row) for row in rows[start : start + ROWS_A_BLOCK])


def line(columns: Sequence[Column], cells: Sequence[str]) -> str:
    return "".join(fitted(cell, width) for (_, width), cell in zip(columns, cells, strict=True)).rstrip()


def fitted(text: str, width: int) -> str:
    """The text in exactly so many cells, one of them a gap; cut with an ellipsis, and whole in the attached JSON."""
    room = abs(width) - 1
    shown = " ".join(text.split())
    if cells(shown) > room:
        while cells(shown) > room - 1:
            shown = shown[:-1]
        shown += "…" if cells("…") == 1 else "."
    gap = " " * (abs(width) - cells(shown))
    return gap + shown if width < 0 else shown + gap


def cells(text: str) -> int:
    """East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
