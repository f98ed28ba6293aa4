"""Long lists: the first rows for print, all of them as an attached CSV. Pure.

A paper is read by people: beyond some pages it is a summary, and whoever needs each line has a
spreadsheet for it. In print ten rows share a table row, a column of lines each: a row of its own
takes a hundredth of a second to lay out.
"""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from marketplace.money import decimal_text
from marketplace.spreadsheet_cells import escape_formula
from pricing.agreements import Agreement, AgreementLine, AgreementOrder, SkuPrice

ROWS_A_BLOCK = 10
PRINTED_ROWS = 200
"""Of a list: four pages. A paper has at most three lists and stays within twenty pages whatever it
is about."""

PRINTED_TEXTS = 50
"""Of a list of texts that people wrote, which take several lines each."""

ORDERS_CSV, LINES_CSV = "orders.csv", "lines.csv"
ORDER_FIELDS = (
    "order",
    "repeats",
    "destination",
    "incoterm",
    "currency",
    "goods_then",
    "goods_now",
    "freight",
    "tax",
    "total",
)
LINE_FIELDS = (
    "order",
    "repeats",
    "line",
    "sku",
    "title",
    "quantity",
    "currency",
    "goods_then",
    "goods_now",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListColumn:
    name: str
    percent: int  # of the page's width
    cells: (
        int  # Latin letters that fit into it; a longer text is cut, and whole in the attached JSON
    )
    number: bool = False


ORDERS: Sequence[ListColumn] = (
    ListColumn(name="订单 Order", percent=17, cells=18),
    ListColumn(name="原订单 Repeats", percent=17, cells=20),
    ListColumn(name="目的地 To", percent=15, cells=18),
    ListColumn(name="", percent=6, cells=4),
    ListColumn(name="原货款 Goods then", percent=15, cells=18, number=True),
    ListColumn(name="现货款 Goods now", percent=15, cells=18, number=True),
    ListColumn(name="应付 To pay", percent=15, cells=18, number=True),
)
SKUS: Sequence[ListColumn] = (
    ListColumn(name="SKU", percent=17, cells=20),
    ListColumn(name="品名 Goods", percent=36, cells=42),
    ListColumn(name="件数 Pieces", percent=11, cells=12, number=True),
    ListColumn(name="", percent=6, cells=4),
    ListColumn(name="原价 Then", percent=15, cells=18, number=True),
    ListColumn(name="现价 Now", percent=15, cells=18, number=True),
)

AmountFormatter = Callable[[int, str], str]


def order_row(order: AgreementOrder, amount: AmountFormatter) -> Sequence[str]:
    money = [
        amount(minor, order.currency)
        for minor in (order.then_minor, order.now_minor, order.total_minor)
    ]
    return (order.ref, order.repeats, order.destination, order.currency, *money)


def sku_row(price: SkuPrice, amount: AmountFormatter) -> Sequence[str]:
    money = [amount(minor, price.currency) for minor in (price.then_minor, price.now_minor)]
    return (price.sku, price.title, f"{price.quantity:,}", price.currency, *money)


def csv_attachments(agreement: Agreement) -> dict[str, bytes]:
    """Every order and every line, by the name of its CSV."""
    titles = {goods.sku: goods.title for goods in agreement.goods}
    lines = (
        _line_csv_row(order, line, titles[line.sku])
        for order in agreement.orders
        for line in order.lines
    )
    return {
        ORDERS_CSV: build_csv(ORDER_FIELDS, map(_order_csv_row, agreement.orders)),
        LINES_CSV: build_csv(LINE_FIELDS, lines),
    }


def _order_csv_row(order: AgreementOrder) -> Sequence[object]:
    minor = (
        order.then_minor,
        order.now_minor,
        order.freight_minor,
        order.tax_minor,
        order.total_minor,
    )
    money = (decimal_text(each, order.currency) for each in minor)
    return (order.ref, order.repeats, order.destination, order.incoterm, order.currency, *money)


def _line_csv_row(order: AgreementOrder, line: AgreementLine, title: str) -> Sequence[object]:
    money = (decimal_text(each, order.currency) for each in (line.then_minor, line.now_minor))
    return (
        order.ref,
        order.repeats,
        line.no,
        line.sku,
        title,
        line.quantity,
        order.currency,
        *money,
    )


def build_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV with the mark that tells a spreadsheet that it is UTF-8; no cell of it runs
    (reliability 11)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([escape_formula(str(cell)) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def printed_blocks(
    columns: Sequence[ListColumn], rows: Sequence[Sequence[str]]
) -> Iterator[Sequence[tuple[ListColumn, str]]]:
    """For each ten of the rows that are printed, what stands in each column: a line a row."""
    for start in range(0, min(len(rows), PRINTED_ROWS), ROWS_A_BLOCK):
        some = rows[start : min(start + ROWS_A_BLOCK, PRINTED_ROWS)]
        yield [
            (column, "\n".join(truncate_text(row[n], column.cells) for row in some))
            for n, column in enumerate(columns)
        ]


def truncate_text(text: str, room: int) -> str:
    shown = " ".join(text.split())
    if display_width(shown) <= room:
        return shown
    while display_width(shown) > room - 1:
        shown = shown[:-1]
    return shown.rstrip() + "…"


def display_width(text: str) -> int:
    """East Asian wide characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
