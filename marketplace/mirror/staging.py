"""An import's temporary tables and the SQL that moves them into the mirror: set by set, in one
transaction.

The tables are filled before it, while the file is read, and belong to the connection.

Everything is keyed by the store and the order's number, so an import that is repeated finds
nothing new.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from marketplace.mirror.bulk_copy import CopyBuffer

QUANTITY_BREAKS = (1, 6, 12, 24, 48, 96, 192, 480)
"""Quantities from which another list price may hold: the packs that the wholesaler sells by
(R-47)."""

TABLES: Mapping[str, Mapping[str, str]] = {
    "stage_order": {
        "number": "text PRIMARY KEY",
        "customer": "text",
        "country": "text",
        "country_assumed": "boolean",
        "city": "text",
        "street": "text",
        "postal_code": "text",
        "ordered_at": "timestamptz",
        "goods_minor": "bigint",
        "freight_minor": "bigint",
        "line_count": "int",
        "rating": "numeric",
        "repeated": "int",
        "duplicate": "int",
        "carriage": "int",
    },
    "stage_line": {
        "number": "text",
        "line_no": "int",
        "sku": "text",
        "quantity": "int",
        "unit_price": "numeric",
        "total_minor": "bigint",
        "stars": "int",
    },
    "stage_carriage": {"number": "text", "sku": "text", "quantity": "int", "unit_price": "numeric"},
    "stage_cancelled": {"customer": "text", "sku": "text", "unit_price": "numeric"},
    "stage_refund": {"number": "text", "minor": "bigint"},
    "stage_new": {"number": "text PRIMARY KEY"},
}


def create() -> None:
    for table, columns in TABLES.items():
        kinds = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        run(f"DROP TABLE IF EXISTS pg_temp.{table}; CREATE TEMP TABLE {table} ({kinds})")


def drop() -> None:
    run("; ".join(f"DROP TABLE IF EXISTS pg_temp.{table}" for table in TABLES))


def copy_buffer_for(table: str) -> CopyBuffer:
    return CopyBuffer(table, list(TABLES[table]))


def run(sql: str, **values: Any) -> Sequence[tuple]:
    """One statement; the rows it returns, if any. Values are always passed apart from the text."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


def count(sql: str, **values: Any) -> int:
    """One statement; how many rows it wrote."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


FIND_NEW = """
INSERT INTO stage_new
SELECT number FROM stage_order s
 WHERE NOT EXISTS (SELECT FROM marketplace_pastorder p WHERE p.store_id = %(store)s AND p.number = s.number)
"""

ADD_ORDERS = """
INSERT INTO marketplace_pastorder (
    store_id, buyer_id, number, status, currency, ordered_at, paid_at, completed_at, rating, goods_minor,
    freight_minor, tax_minor, paid_minor, refunded_minor, prices_include_tax, incoterm, importer_of_record,
    line_count, promise_days, special_clearance, local_return, note, consignee, country, region, city, street,
    postal_code, source, mirrored_at, assumed)
SELECT %(store)s, b.id, s.number, 'completed', %(currency)s, s.ordered_at + %(shift)s, s.ordered_at + %(shift)s,
       s.ordered_at + %(shift)s, s.rating, s.goods_minor, s.freight_minor, 0, s.goods_minor + s.freight_minor, 0,
       false, %(incoterm)s, %(importer)s, s.line_count, %(promise_days)s, false, false, '', b.name, s.country, '',
       coalesce(s.city, ''), coalesce(s.street, ''), coalesce(s.postal_code, ''), %(source)s, %(at)s,
       %(assumed)s::varchar[] || CASE WHEN s.country_assumed THEN ARRAY['country'] ELSE '{}' END
  FROM stage_order s
  JOIN stage_new USING (number)
  JOIN marketplace_buyer b ON b.store_id = %(store)s AND b.external_id = s.customer
 ORDER BY s.ordered_at, s.number
"""

ADD_LINES = """
INSERT INTO marketplace_pastorderline (
    store_id, order_id, line_no, sku_id, quantity, unit_price, discount_minor, total_minor, rating)
SELECT %(store)s, o.id, l.line_no, k.id, l.quantity, l.unit_price, 0, l.total_minor, l.stars
  FROM stage_line l
  JOIN stage_new USING (number)
  JOIN marketplace_pastorder o ON o.store_id = %(store)s AND o.number = l.number
  JOIN marketplace_sku k ON k.store_id = %(store)s AND k.code = l.sku
"""

ADD_PRICES = """
INSERT INTO marketplace_pricelistentry (
    store_id, sku_id, min_quantity, amount, currency, valid_from, source, mirrored_at, assumed)
SELECT DISTINCT ON (k.id, band.min_quantity)
       %(store)s, k.id, band.min_quantity, l.unit_price, %(currency)s,
       ((s.ordered_at + %(shift)s) AT TIME ZONE 'UTC')::date, %(source)s, %(at)s, %(assumed)s::varchar[]
  FROM stage_line l
  JOIN stage_new USING (number)
  JOIN stage_order s USING (number)
  JOIN marketplace_sku k ON k.store_id = %(store)s AND k.code = l.sku
 CROSS JOIN LATERAL (
       SELECT (%(bands)s::int[])[width_bucket(l.quantity, %(bands)s::int[])] AS min_quantity) band
 ORDER BY k.id, band.min_quantity, s.ordered_at DESC, l.number DESC, l.line_no DESC
ON CONFLICT DO NOTHING
"""

SALES_TO_MATCH = """
SELECT s.customer, x.sku, x.unit_price, s.ordered_at, s.number, x.quantity
  FROM (SELECT number, sku, unit_price, quantity FROM stage_line
        UNION ALL SELECT number, sku, unit_price, quantity FROM stage_carriage) x
  JOIN stage_order s USING (number)
 WHERE (s.customer, x.sku, x.unit_price) IN (SELECT customer, sku, unit_price FROM stage_cancelled)
 ORDER BY s.ordered_at, s.number
"""

APPLY_REFUNDS = """
UPDATE marketplace_pastorder p
   SET refunded_minor = least(r.minor, p.paid_minor),
       status = CASE WHEN r.minor >= p.paid_minor THEN 'cancelled' ELSE p.status END,
       completed_at = CASE WHEN r.minor >= p.paid_minor THEN NULL ELSE p.completed_at END
  FROM stage_refund r
 WHERE p.store_id = %(store)s AND p.number = r.number AND p.refunded_minor < least(r.minor, p.paid_minor)
"""

COUNT_ROWS = """
SELECT (n.number IS NOT NULL), sum(s.line_count), sum(s.repeated), sum(s.duplicate), sum(s.carriage)
  FROM stage_order s LEFT JOIN stage_new n USING (number) GROUP BY 1
"""

COUNT_REPEATABLE = """
WITH price AS (
    SELECT DISTINCT ON (e.sku_id, e.min_quantity) k.code AS sku, e.min_quantity, e.amount
      FROM marketplace_pricelistentry e JOIN marketplace_sku k ON k.id = e.sku_id
     WHERE e.store_id = %(store)s ORDER BY e.sku_id, e.min_quantity, e.valid_from DESC)
SELECT count(*) FILTER (WHERE abs(p.amount * l.quantity * 100 - l.total_minor) <= %(band)s * l.total_minor),
       count(*)
  FROM stage_line l
  JOIN stage_order s USING (number)
  JOIN marketplace_pastorder o ON o.store_id = %(store)s AND o.number = s.number AND o.status = 'completed'
  JOIN price p ON p.sku = l.sku
   AND p.min_quantity = (%(bands)s::int[])[width_bucket(l.quantity, %(bands)s::int[])]
 WHERE s.ordered_at >= %(since)s
"""
