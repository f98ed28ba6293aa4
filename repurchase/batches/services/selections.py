"""What a member has ticked, kept on the server (R-01): a filter with exceptions, or single
orders."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import policy
from marketplace.models import Buyer, PastOrder, Store, User
from repurchase.models import Batch, Selection

MAX_ORDERS_SHOWN = 20


def tick_buyer(
    *,
    store: Store,
    user: User,
    buyer_id: int,
    q: str = "",
    with_repeated: bool = False,
    now: dt.datetime,
) -> Selection:
    """Takes all repeatable orders of a buyer under the filter: the newest, up to the limit of a
    batch.

    What was repeated already is taken only `with_repeated`: a second repeat is a choice, not an
    accident.
    """
    with transaction.atomic():
        selection = _get_for_update(store, user)
        buyer = Buyer.objects.filter(store=store, pk=buyer_id).first()
        if buyer is None:
            raise Problem(Code.NOT_FOUND)
        _require_same_buyer(selection, buyer.pk, [buyer.name])
        selection.buyer, selection.everything, selection.search = buyer, True, q
        selection.with_repeated = with_repeated
        selection.included, selection.excluded, selection.made = [], [], None
        selection.save()
    return selection


def tick_orders(
    *, store: Store, user: User, order_ids: Sequence[int], now: dt.datetime
) -> Selection:
    with transaction.atomic():
        selection = _get_for_update(store, user)
        rows = list(
            PastOrder.objects.filter(store=store, pk__in=order_ids).values_list(
                "pk", "buyer_id", "number"
            )
        )
        if not rows:
            raise Problem(
                Code.ORDER_UNKNOWN, orders=[str(pk) for pk in order_ids[:MAX_ORDERS_SHOWN]]
            )
        buyer_id = selection.buyer_id or rows[0][1]
        _require_same_buyer(selection, buyer_id, [n for _, b, n in rows if b != buyer_id])
        if others := [number for _, b, number in rows if b != buyer_id]:
            raise Problem(Code.MIXED_BUYERS, orders=others[:MAX_ORDERS_SHOWN])
        ticked = {pk: None for pk, _, _ in rows}
        selection.buyer_id, selection.made = buyer_id, None
        selection.excluded = [pk for pk in selection.excluded if pk not in ticked]
        selection.included = list(dict.fromkeys([*selection.included, *ticked]))
        _require_within_limit(len(selection.included), now)
        selection.save()
    return selection


def untick_orders(
    *, store: Store, user: User, order_ids: Sequence[int], now: dt.datetime
) -> Selection:
    with transaction.atomic():
        selection = _get_for_update(store, user)
        gone = set(order_ids)
        selection.included = [pk for pk in selection.included if pk not in gone]
        if selection.everything:
            mine = PastOrder.objects.filter(store=store, buyer=selection.buyer_id, pk__in=gone)
            selection.excluded = sorted({*selection.excluded, *mine.values_list("pk", flat=True)})
        if not selection.everything and not selection.included:
            selection.buyer = None
        selection.save()
    return selection


@dataclass(frozen=True, kw_only=True, slots=True)
class SelectionFilter:
    """A selection as a program names it: all repeatable orders of a buyer under a filter, but
    some."""

    q: str = ""
    with_repeated: bool = False
    besides: Sequence[str] = ()  # numbers of past orders


def build_from_filter(
    *, store: Store, buyer_external_id: str, ticked: SelectionFilter
) -> Selection:
    """A selection that is not kept. NOT_FOUND for a buyer, ORDER_UNKNOWN for exceptions that
    aren't the buyer's."""
    buyer = Buyer.objects.filter(store=store, external_id=buyer_external_id).first()
    if buyer is None:
        raise Problem(Code.NOT_FOUND)
    mine = PastOrder.objects.filter(store=store, buyer=buyer, number__in=ticked.besides)
    excluded = dict(mine.values_list("number", "pk"))
    if unknown := [number for number in ticked.besides if number not in excluded]:
        raise Problem(Code.ORDER_UNKNOWN, orders=unknown[:MAX_ORDERS_SHOWN])
    return Selection(
        store=store,
        buyer=buyer,
        everything=True,
        search=ticked.q,
        with_repeated=ticked.with_repeated,
        excluded=list(excluded.values()),
    )


def mark_used(selection: Selection, batch: Batch) -> None:
    """Nothing is ticked any more, and what became of it is remembered."""
    selection.buyer, selection.everything, selection.search, selection.made = None, False, "", batch
    selection.included, selection.excluded, selection.with_repeated = [], [], False
    selection.save()


def clear(*, store: Store, user: User) -> None:
    Selection.objects.filter(store=store, user=user).delete()


def _get_for_update(store: Store, user: User) -> Selection:
    Selection.objects.bulk_create([Selection(store=store, user=user)], ignore_conflicts=True)
    return Selection.objects.select_for_update().get(store=store, user=user)


def _require_same_buyer(selection: Selection, buyer_id: int, others: list[str]) -> None:
    """A second buyer explains itself and leaves the selection as it is (R-05)."""
    if selection.buyer_id not in (None, buyer_id):
        raise Problem(Code.MIXED_BUYERS, orders=others[:MAX_ORDERS_SHOWN])


def _require_within_limit(n: int, now: dt.datetime) -> None:
    limit = policy.in_force(now)["batch_max_orders"]
    if n > limit:
        raise Problem(Code.BATCH_TOO_LARGE, value=n, limit=limit)
