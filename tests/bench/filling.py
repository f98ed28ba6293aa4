"""Many past orders, made by one statement each table."""

from django.db import connection

from marketplace import clock
from marketplace.models import Buyer, Sku, Store

ORDERS = """
INSERT INTO marketplace_pastorder (
    store_id, buyer_id, number, status, currency, ordered_at, paid_at, completed_at, rating, goods_minor,
    freight_minor, tax_minor, paid_minor, refunded_minor, prices_include_tax, incoterm, importer_of_record, line_count,
    promise_days, special_clearance, local_return, note, consignee, country, region, city, street, postal_code,
    source, mirrored_at, assumed)
SELECT %(store)s, %(buyer)s, %(prefix)s || n, 'completed', 'USD', at, at, at, 5, %(lines)s * 10000, 2500, 0,
    %(lines)s * 10000 + 2500, 0, false, 'DAP', 'buyer', %(lines)s, 30, false, false, '', 'c', %(country)s, '', 'x', 'y', 'z',
    'bench', %(now)s, '{}'
FROM (SELECT n, %(now)s - (n %% %(days)s) * interval '1 day' - interval '1 hour' AS at
      FROM generate_series(1, %(orders)s) n) made
"""
LINES = """
INSERT INTO marketplace_pastorderline (store_id, order_id, line_no, sku_id, quantity, unit_price, discount_minor, total_minor, rating)
SELECT o.store_id, o.id, l, (%(skus)s)[1 + (o.id + l * 7) %% %(n_skus)s], 10, 10, 0, 10000, 5
FROM marketplace_pastorder o CROSS JOIN generate_series(1, %(lines)s) l
WHERE o.store_id = %(store)s AND o.buyer_id = %(buyer)s AND o.number LIKE %(prefix)s || '%%'
"""


def orders_of(
    store: Store,
    buyer: Buyer,
    skus: list[Sku],
    *,
    orders: int,
    lines: int,
    days: int = 80,
    with_lines: bool = True,
) -> None:
    """`orders` completed orders of USD 100.00 a line, spread evenly over the `days` days before
    the store's now."""
    values = {
        "store": store.pk,
        "buyer": buyer.pk,
        "prefix": f"B{buyer.pk}-",
        "country": buyer.country,
        "orders": orders,
        "now": clock.now(store),
        "lines": lines,
        "days": days,
        "skus": [sku.pk for sku in skus],
        "n_skus": len(skus),
    }
    with connection.cursor() as cursor:
        cursor.execute(ORDERS, values)
        if with_lines:
            cursor.execute(LINES, values)
