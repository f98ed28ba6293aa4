"""Agreed prices are written: the orders of a renegotiated lot move from locked to confirmed together with them.

A fixed number of statements for any number of orders. The database lets the prices through only where both signatures
stand for exactly these terms (repurchase migration “signed_prices”).
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import connection

from pricing.fees import Priced
from repurchase import copying
from repurchase.models import OrderFee
from repurchase.queries.changing import LotOrders, Worked

MONEY = ("goods_minor", "freight_minor", "tax_minor", "total_minor", "fees_minor")

ORDERS = """
    UPDATE repurchase_repeatorder o
    SET goods_minor = v.goods, freight_minor = v.freight, tax_minor = v.tax, total_minor = v.total,
        fees_minor = v.fees, status = 'confirmed', changed_at = %s
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
        AS v(id, goods, freight, tax, total, fees)
    WHERE o.id = v.id AND o.lock_id = %s AND o.status = 'locked'
"""
LINES = """
    UPDATE repurchase_repeatline l SET total_minor = v.total
    FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, total)
    WHERE l.id = v.id AND l.store_id = %s AND l.outcome = 'planned'
"""


def confirm_at_agreed_prices(lot: LotOrders, worked: Worked, *, at: dt.datetime) -> None:
    """The caller holds the lock's row and has confirmed it; both signatures are in."""
    _orders(lot, worked.priced, at)
    _update(LINES, [*_columns(list(worked.totals.items())), lot.lock.store_id], expected=len(worked.totals))
    OrderFee.objects.filter(order__in=lot.orders).delete()
    copying.write_fees(lot.lock.store_id, {pk: priced.fees for pk, priced in worked.priced.items()})


def _orders(lot: LotOrders, priced: Mapping[int, Priced], at: dt.datetime) -> None:
    rows = [(pk, *[getattr(p, name) for name in MONEY]) for pk, p in priced.items()]
    _update(ORDERS, [at, *_columns(rows), lot.lock.pk], expected=len(rows))


def _columns(rows: Sequence[tuple]) -> list[list]:
    return [list(column) for column in zip(*rows, strict=True)]


def _update(statement: str, values: Sequence, *, expected: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        if cursor.rowcount != expected:
            raise ValueError(f"{cursor.rowcount} of {expected} rows could be priced")
