"""A proforma invoice as a PDF: a summary in both languages, every order and line attached
(reliability 11)."""

from collections.abc import Sequence

from django.template.loader import render_to_string
from django.utils import translation
from weasyprint import Attachment

from diagnostics import pdf as pdf_module
from marketplace.money import decimal_text
from pricing import long_lists
from pricing.long_lists import Column
from pricing.templatetags.bilingual import plain
from repurchase.fulfilment.proforma import Goods, Order, Paper
from repurchase.fulfilment.queries.proforma_invoices import LINE_FIELDS

ORDERS: Sequence[Column] = (
    Column(name="订单 Order", percent=17, cells=18),
    Column(name="原订单 Repeats", percent=16, cells=19),
    Column(name="目的地 To", percent=13, cells=16),
    Column(name="", percent=6, cells=4),
    Column(name="不含税货款 Goods net", percent=12, cells=14, number=True),
    Column(name="不含税运费 Freight net", percent=11, cells=13, number=True),
    Column(name="税 Tax", percent=11, cells=13, number=True),
    Column(name="应付 To pay", percent=14, cells=16, number=True),
)
GOODS: Sequence[Column] = (
    Column(name="SKU", percent=17, cells=20),
    Column(name="品名 Goods", percent=32, cells=38),
    Column(name="件数 Pieces", percent=10, cells=11, number=True),
    Column(name="", percent=2, cells=1),
    Column(name="HS", percent=11, cells=12),
    Column(name="原产地 Origin", percent=8, cells=8),
    Column(name="", percent=6, cells=4),
    Column(name="按标价 As priced", percent=14, cells=16, number=True),
)


ORDER_FIELDS = (
    "order", "repeats", "destination", "incoterm", "tax_code", "currency", "goods", "freight", "tax", "total",
)  # fmt: skip


def pdf(proforma: Paper, lines: Sequence[Sequence[object]]) -> bytes:
    """`lines`: as `queries.invoices.lines_of` gives them."""
    attached = {
        long_lists.ORDERS_CSV: long_lists.table(ORDER_FIELDS, map(_fields, proforma.orders)),
        long_lists.LINES_CSV: long_lists.table(LINE_FIELDS, lines),
    }
    with translation.override("en"):
        page = render_to_string(
            "proformas/proforma.html", _context(proforma) | {"files": sorted(attached)}
        )
    files = [
        Attachment(string=data, name=name, relationship="Data") for name, data in attached.items()
    ]
    return pdf_module.pdf(page, attachments=files)


def _fields(order: Order) -> Sequence[str]:
    amounts = (order.goods_minor, order.freight_minor, order.tax_minor, order.total_minor)
    money = (decimal_text(minor, order.currency) for minor in amounts)
    return (
        order.ref,
        order.repeats,
        order.destination,
        order.incoterm,
        order.tax_code,
        order.currency,
        *money,
    )


def _context(proforma: Paper) -> dict:
    return {
        "paper": proforma,
        "printed": long_lists.PRINTED_ROWS,
        "orders": long_lists.blocks(ORDERS, [_order(order) for order in proforma.orders]),
        "order_columns": ORDERS,
        "goods": long_lists.blocks(GOODS, [_goods(each) for each in proforma.goods]),
        "goods_columns": GOODS,
    }


def _order(order: Order) -> Sequence[str]:
    of = order.amounts
    money = [
        plain(minor, order.currency) for minor in (of.goods_net, of.freight_net, of.tax, of.total)
    ]
    return (order.ref, order.repeats, order.destination, order.currency, *money)


def _goods(each: Goods) -> Sequence[str]:
    amount = plain(each.total_minor, each.currency)
    return (
        each.sku,
        each.title,
        f"{each.quantity:,}",
        "",
        each.hs_code,
        each.origin,
        each.currency,
        amount,
    )
