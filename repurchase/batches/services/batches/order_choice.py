"""Which past orders a batch is of: named by their numbers, or all of a filter but some."""

import datetime as dt
from collections.abc import Sequence

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.gc_control import pause_garbage_collector
from marketplace.models import Buyer, PastOrder, Store
from repurchase.batches.queries.selections import selected_order_ids as ids_of
from repurchase.batches.services import selections
from repurchase.batches.services.selections import SelectionFilter

MAX_ORDERS_SHOWN = 20
"""At most so many rows are named in a refusal."""


def choose_orders(
    *,
    store: Store,
    numbers: Sequence[str],
    buyer_external_id: str | None,
    ticked: SelectionFilter | None,
    limit: int,
    now: dt.datetime,
) -> tuple[Buyer, list[int]]:
    """The one buyer and the ids of past orders, by numbers or by a filter with exceptions; `limit`
    is the most orders of a batch at `now`.

    Raises BATCH_EMPTY, BATCH_TOO_LARGE, ORDER_UNKNOWN, MIXED_BUYERS, NOT_FOUND for an unknown
    buyer.
    """
    if ticked is None:
        return _orders_by_number(
            store=store, numbers=numbers, buyer_external_id=buyer_external_id, limit=limit
        )
    selection = selections.build_from_filter(
        store=store, buyer_external_id=buyer_external_id or "", ticked=ticked
    )
    order_ids = ids_of(selection, now=now)
    check_size(len(order_ids), limit)
    return selection.buyer, order_ids


@pause_garbage_collector()
def _orders_by_number(
    *, store: Store, numbers: Sequence[str], buyer_external_id: str | None, limit: int
) -> tuple[Buyer, list[int]]:
    numbers = list(dict.fromkeys(numbers))
    check_size(len(numbers), limit)
    rows = {
        number: (pk, buyer_id, external_id)
        for pk, number, buyer_id, external_id in PastOrder.objects.filter(
            store=store, number__in=numbers
        ).values_list("id", "number", "buyer_id", "buyer__external_id")
    }
    if unknown := [number for number in numbers if number not in rows]:
        raise Problem(Code.ORDER_UNKNOWN, orders=unknown[:MAX_ORDERS_SHOWN])
    wanted = buyer_external_id or rows[numbers[0]][2]
    if others := [number for number in numbers if rows[number][2] != wanted]:
        raise Problem(Code.MIXED_BUYERS, orders=others[:MAX_ORDERS_SHOWN])
    return Buyer.objects.get(pk=rows[numbers[0]][1]), [rows[number][0] for number in numbers]


def check_size(n: int, limit: int) -> None:
    if not n:
        raise Problem(Code.BATCH_EMPTY)
    if n > limit:
        raise Problem(Code.BATCH_TOO_LARGE, value=n, limit=limit)
