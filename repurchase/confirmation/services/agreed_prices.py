"""Agreed prices are written: the orders of a renegotiated lot move from locked to confirmed
together with them.

A fixed number of statements for any number of orders. The database lets the prices through only
where both signatures stand for exactly these terms, and lower ones only of orders with a service
that the buyer's signature left unconfirmed (R-15; repurchase/sql/signed_prices.sql).
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import connection

from pricing.fees import PricedOrder
from repurchase.batches import bulk_insert
from repurchase.confirmation.queries.offer_amounts import LotOrders, PricedProposal
from repurchase.confirmation.queries.order_totals import SelectionTotals
from repurchase.confirmation.services import line_removal
from repurchase.models import OrderFee
from repurchase.models.order_states import OrderStatus

CONFIRMED = OrderStatus.CONFIRMED.value
MONEY = ("goods_minor", "freight_minor", "tax_minor", "total_minor", "fees_minor")

ORDERS = """
    UPDATE repurchase_repeatorder o
    SET goods_minor = v.goods, freight_minor = v.freight, tax_minor = v.tax, total_minor = v.total,
        fees_minor = v.fees, status = v.status, changed_at = %s,
        codes = CASE WHEN v.findings IS NULL THEN o.codes ELSE array_append(o.codes, %s) END,
        findings = coalesce(v.findings::jsonb, o.findings)
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])
        AS v(id, goods, freight, tax, total, fees, status, findings)
    WHERE o.id = v.id AND o.lock_id = %s AND o.status = 'locked'
"""
LINES = """
    UPDATE repurchase_repeatline l SET total_minor = v.total
    FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, total)
    WHERE l.id = v.id AND l.store_id = %s AND l.outcome = 'planned'
"""


def confirm_at_agreed_prices(
    lot: LotOrders, worked: PricedProposal, weighed: SelectionTotals, *, at: dt.datetime
) -> None:
    """The caller holds the lock's row and has confirmed it; both signatures are in, `weighed` is
    what they come to."""
    store_id, changed = lot.lock.store_id, {*weighed.reduced, *weighed.gone}
    whole = {pk: priced for pk, priced in worked.priced.items() if pk not in changed}
    _update_agreed_orders(lot, whole, weighed, at)
    totals = {pk: minor for pk, minor in worked.totals.items() if pk not in weighed.dropped}
    _execute_update(LINES, [*_transpose_rows(list(totals.items())), store_id], expected=len(totals))
    line_removal.update_removed_lines(weighed, store_id)
    line_removal.confirm_services(weighed, at)
    OrderFee.objects.filter(order__in=lot.orders).delete()
    bulk_insert.write_fees(
        store_id, {pk: priced.fees for pk, priced in {**whole, **weighed.reduced}.items()}
    )


def _update_agreed_orders(
    lot: LotOrders, whole: Mapping[int, PricedOrder], weighed: SelectionTotals, at: dt.datetime
) -> None:
    rows = [
        *((pk, *[getattr(p, name) for name in MONEY], CONFIRMED, None) for pk, p in whole.items()),
        *line_removal.reduced_order_rows(weighed),
    ]
    _execute_update(
        ORDERS, [at, line_removal.CODE, *_transpose_rows(rows), lot.lock.pk], expected=len(rows)
    )


def _transpose_rows(rows: Sequence[tuple]) -> list[list]:
    return [list(column) for column in zip(*rows, strict=True)] or [[], []]


def _execute_update(statement: str, values: Sequence, *, expected: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        if cursor.rowcount != expected:
            raise ValueError(f"{cursor.rowcount} of {expected} rows could be priced")
