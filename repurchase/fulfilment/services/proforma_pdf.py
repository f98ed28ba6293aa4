"""A proforma invoice as a PDF: a summary in both languages, every order and line attached
(reliability 11)."""

from collections.abc import Sequence

from django.template.loader import render_to_string
from django.utils import translation
from weasyprint import Attachment

from diagnostics import pdf as pdf_module
from marketplace.money import decimal_text
from pricing import long_lists
from pricing.long_lists import ListColumn
from pricing.templatetags.bilingual import plain
from repurchase.fulfilment.proforma import ProformaDocument, ProformaGoods, ProformaOrder
from repurchase.fulfilment.queries.proforma_invoices import LINE_FIELDS

ORDERS: Sequence[ListColumn] = (
    ListColumn(name="订单 Order", percent=17, cells=18),
    ListColumn(name="原订单 Repeats", percent=16, cells=19),
    ListColumn(name="目的地 To", percent=13, cells=16),
    ListColumn(name="", percent=6, cells=4),
    ListColumn(name="不含税货款 Goods net", percent=12, cells=14, number=True),
    ListColumn(name="不含税运费 Freight net", percent=11, cells=13, number=True),
    ListColumn(name="税 Tax", percent=11, cells=13, number=True),
    ListColumn(name="应付 To pay", percent=14, cells=16, number=True),
)
GOODS: Sequence[ListColumn] = (
    ListColumn(name="SKU", percent=17, cells=20),
    ListColumn(name="品名 Goods", percent=32, cells=38),
    ListColumn(name="件数 Pieces", percent=10, cells=11, number=True),
    ListColumn(name="", percent=2, cells=1),
    ListColumn(name="HS", percent=11, cells=12),
    ListColumn(name="原产地 Origin", percent=8, cells=8),
    ListColumn(name="", percent=6, cells=4),
    ListColumn(name="按标价 As priced", percent=14, cells=16, number=True),
)


ORDER_FIELDS = (
    "order",
    "repeats",
    "destination",
    "incoterm",
    "tax_code",
    "currency",
    "goods",
    "freight",
    "tax",
    "total",
)


def pdf(proforma: ProformaDocument, lines: Sequence[Sequence[object]]) -> bytes:
    """`lines`: as `queries.invoices.lines_of` gives them."""
    attached = {
        long_lists.ORDERS_CSV: long_lists.build_csv(
            ORDER_FIELDS, map(_order_line_fields, proforma.orders)
        ),
        long_lists.LINES_CSV: long_lists.build_csv(LINE_FIELDS, lines),
    }
    with translation.override("en"):
        page = render_to_string(
            "proformas/proforma.html", _template_context(proforma) | {"files": sorted(attached)}
        )
    files = [
        Attachment(string=data, name=name, relationship="Data") for name, data in attached.items()
    ]
    return pdf_module.render_pdf(page, attachments=files)


def _order_line_fields(order: ProformaOrder) -> Sequence[str]:
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


def _template_context(proforma: ProformaDocument) -> dict:
    return {
        "paper": proforma,
        "printed": long_lists.PRINTED_ROWS,
        "orders": long_lists.printed_blocks(
            ORDERS, [_order_cells(order) for order in proforma.orders]
        ),
        "order_columns": ORDERS,
        "goods": long_lists.printed_blocks(GOODS, [_goods_cells(each) for each in proforma.goods]),
        "goods_columns": GOODS,
    }


def _order_cells(order: ProformaOrder) -> Sequence[str]:
    of = order.amounts
    money = [
        plain(minor, order.currency) for minor in (of.goods_net, of.freight_net, of.tax, of.total)
    ]
    return (order.ref, order.repeats, order.destination, order.currency, *money)


def _goods_cells(each: ProformaGoods) -> Sequence[str]:
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
