"""Lines whose service was not confirmed leave the scope of their order, in the confirming
transaction (R-15).

One UPDATE moves the orders from locked to their end together with the lower totals, then their
lines and fee lines follow: a fixed number of statements for any number of orders. Nothing here can
raise an amount.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from diagnostics.codes import Code
from pricing.fees import PricedOrder
from repurchase.batches import bulk_insert
from repurchase.confirmation.queries.order_totals import SelectionTotals
from repurchase.models import LineService, OrderFee
from repurchase.models.order_states import OrderStatus

CODE = str(Code.CUSTOM_SERVICE_UNCONFIRMED)
MONEY = ("goods_minor", "freight_minor", "tax_minor", "total_minor", "fees_minor")

# Every amount is at most what was locked: a repricing that came out dearer would match no row.
ORDERS = """
    UPDATE repurchase_repeatorder o
    SET goods_minor = v.goods, freight_minor = v.freight, tax_minor = v.tax, total_minor = v.total,
        fees_minor = v.fees, status = v.status, codes = array_append(o.codes, %s), findings = v.findings::jsonb,
        changed_at = %s
    FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[])
        AS v(id, goods, freight, tax, total, fees, status, findings)
    WHERE o.id = v.id AND o.store_id = %s AND o.status = 'locked'
      AND v.goods <= o.goods_minor AND v.freight <= o.freight_minor AND v.tax <= o.tax_minor
      AND v.total <= o.total_minor
"""
LINES = """
    UPDATE repurchase_repeatline l
    SET outcome = 'excluded', total_minor = 0, codes = array_append(l.codes, %s), findings = v.findings::jsonb
    FROM unnest(%s::bigint[], %s::text[]) AS v(id, findings)
    WHERE l.id = v.id AND l.store_id = %s AND l.outcome = 'planned'
"""


def remove_unconfirmed_lines(weighed: SelectionTotals, *, store_id: int, at: dt.datetime) -> None:
    """Writes what `weigh` found: the caller holds the locks' rows, and has confirmed them."""
    if weighed.dropped:
        _update_reduced_orders(weighed, store_id, at)
        update_removed_lines(weighed, store_id)
        _replace_order_fees(weighed, store_id)
    confirm_services(weighed, at)


def confirm_services(weighed: SelectionTotals, at: dt.datetime) -> None:
    LineService.objects.filter(pk__in=[view.id for view in weighed.confirmed]).update(
        confirmed_at=at
    )


def _update_reduced_orders(weighed: SelectionTotals, store_id: int, at: dt.datetime) -> None:
    rows = reduced_order_rows(weighed)
    bulk_insert.update_rows(
        ORDERS, [CODE, at, *bulk_insert.transpose_rows(rows), store_id], expected=len(rows)
    )


def reduced_order_rows(weighed: SelectionTotals) -> list[tuple]:
    """(id, goods, freight, tax, total, fees, status, findings) of each order that loses lines, or
    all of them."""
    texts = {view.order.pk: view.text for view in weighed.unconfirmed}
    return [
        *(
            (pk, *_amounts_minor(left), OrderStatus.CONFIRMED.value, "[]")
            for pk, left in weighed.reduced.items()
        ),
        *(
            (pk, *[0] * len(MONEY), OrderStatus.DECLINED.value, _findings_as_json([texts[pk]]))
            for pk in weighed.gone
        ),
    ]


def update_removed_lines(weighed: SelectionTotals, store_id: int) -> None:
    if not weighed.dropped:
        return
    rows = [(pk, _findings_as_json(texts)) for pk, texts in weighed.dropped.items()]
    bulk_insert.update_rows(
        LINES, [CODE, *bulk_insert.transpose_rows(rows), store_id], expected=len(rows)
    )


def _replace_order_fees(weighed: SelectionTotals, store_id: int) -> None:
    OrderFee.objects.filter(order__in=[*weighed.reduced, *weighed.gone]).delete()
    bulk_insert.write_fees(store_id, {pk: left.fees for pk, left in weighed.reduced.items()})


def _amounts_minor(priced: PricedOrder) -> Sequence[int]:
    return [getattr(priced, name) for name in MONEY]


def _findings_as_json(texts: Sequence[str]) -> str:
    return bulk_insert.encode_json(
        [{"code": CODE, "evidence": _service_evidence(text)} for text in texts]
    )


def _service_evidence(text: str) -> Mapping[str, str]:
    return {"service": text}
