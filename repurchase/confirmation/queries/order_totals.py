"""What a buyer's answer comes to before it is given: services ticked, orders left out, the totals
(R-15).

The page shows it, and the confirmation is bound to it by its digest: the same function weighs both.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.gc_control import pause_garbage_collector
from pricing.fees import PricedOrder
from pricing.models import Grant, Lock
from pricing.totals import (
    CurrencyTotals,
    TotalsGroup,
    TotalsRow,
    amounts_of,
    build_amounts,
    totals_by_currency,
)
from repurchase.batches.queries.customisations import CustomisationView, customisations_to_confirm
from repurchase.batches.queries.partial_repricing import reprice_without_lines
from repurchase.confirmation.queries.offer_amounts import LotOrders, PricedProposal
from repurchase.models import Batch, RepeatOrder
from repurchase.models.order_states import OrderStatus

TOTAL_PARTS = ("goods", "freight", "tax", "total")
TOTAL_PARTS_MINOR = [f"{name}_minor" for name in TOTAL_PARTS]
WholeOrder = tuple
"""(order id, reference, currency, whether tax is included, goods, freight, tax, total in minor
units)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuyerSelection:
    """What the buyer ticked: services by id, or all of them; orders to leave out by reference."""

    services: Collection[int] = ()
    every_service: bool = False
    left_out: Collection[str] = ()


EMPTY_SELECTION = BuyerSelection()


@dataclass(frozen=True, kw_only=True, slots=True)
class SelectionTotals:
    """`reduced`: orders that lose lines, by id, as they come out; `gone`: those that lose every
    line."""

    confirmed: Sequence[CustomisationView] = ()
    unconfirmed: Sequence[CustomisationView] = ()
    dropped: Mapping[int, Sequence[str]] = field(
        default_factory=dict
    )  # line id → texts of its services
    reduced: Mapping[int, PricedOrder] = field(default_factory=dict)
    gone: Collection[int] = frozenset()
    orders: int = 0
    sums: Sequence[CurrencyTotals] = ()  # of what is confirmed
    digest: str = ""

    @property
    def asked(self) -> int:
        return len(self.confirmed) + len(self.unconfirmed)

    @property
    def leaving(self) -> int:
        return len(self.dropped)


@pause_garbage_collector()
def total_selection(
    *, grant: Grant, lock_ids: Collection[UUID], ticks: BuyerSelection
) -> SelectionTotals:
    """Eleven queries at most, for any number of services and orders. INPUT_INVALID for a tick of
    what isn't asked.

    Where no service is asked it is empty: nothing can leave but whole orders, as the buyer left
    them out.
    """
    batch = Batch.objects.select_related("store").get(store=grant.store_id, ref=grant.subject)
    asked = [view for view in customisations_to_confirm(batch) if view.order.lock_id in lock_ids]
    return (
        _build_selection_totals(batch, asked, ticks, lambda: _locked_whole_orders(batch, lock_ids))
        if asked
        else SelectionTotals()
    )


@pause_garbage_collector()
def total_offered_selection(
    lot: LotOrders, worked: PricedProposal, ticks: BuyerSelection
) -> SelectionTotals:
    """The same for a renegotiated lot at the prices that are offered: what the buyer's signature
    comes to (R-15, R-54)."""
    asked = services_asked_for_lot(lot.batch, lot.lock)
    return (
        _build_selection_totals(
            lot.batch, asked, ticks, lambda: _offered_whole_orders(lot, worked), worked.totals
        )
        if asked
        else SelectionTotals()
    )


def services_asked_for_lot(batch: Batch, lock: Lock) -> list[CustomisationView]:
    """The services that the buyer is asked to confirm with one lot."""
    return [view for view in customisations_to_confirm(batch) if view.order.lock_id == lock.pk]


def _build_selection_totals(
    batch: Batch,
    asked: Sequence[CustomisationView],
    ticks: BuyerSelection,
    whole: Callable[[], Iterable[WholeOrder]],
    line_totals: Mapping[int, int] | None = None,
) -> SelectionTotals:
    left_out = set(ticks.left_out)
    _refuse_unknown_ids(ticks, asked)
    counted = [view for view in asked if view.order.ref not in left_out]
    confirmed = [view for view in counted if ticks.every_service or view.id in ticks.services]
    unconfirmed = [
        view for view in counted if not ticks.every_service and view.id not in ticks.services
    ]
    dropped = _dropped_lines_by_order(unconfirmed)
    priced = reprice_without_lines(
        batch, {view.order.pk: view.order for view in unconfirmed}, dropped, line_totals
    )
    reduced = {pk: left for pk, left in priced.items() if left}
    gone = frozenset(pk for pk, left in priced.items() if not left)
    orders, sums = _sum_by_currency(whole(), left_out, gone, reduced)
    return SelectionTotals(
        confirmed=confirmed,
        unconfirmed=unconfirmed,
        dropped=dropped,
        reduced=reduced,
        gone=gone,
        orders=orders,
        sums=sums,
        digest=_selection_digest(confirmed, left_out, sums),
    )


def _refuse_unknown_ids(ticks: BuyerSelection, asked: Sequence[CustomisationView]) -> None:
    if unknown := sorted(set(ticks.services) - {view.id for view in asked}):
        raise Problem(Code.INPUT_INVALID, detail=f"services: {', '.join(map(str, unknown[:20]))}")


def _dropped_lines_by_order(unconfirmed: Sequence[CustomisationView]) -> dict[int, list[str]]:
    dropped: dict[int, list[str]] = defaultdict(list)
    for view in unconfirmed:
        for line in view.lines:
            dropped[line.pk].append(view.text)
    return dict(dropped)


def _locked_whole_orders(batch: Batch, lock_ids: Collection[UUID]) -> Iterable[WholeOrder]:
    rows = RepeatOrder.objects.filter(batch=batch, lock__in=lock_ids, status=OrderStatus.LOCKED)
    return rows.values_list("id", "ref", "currency", "prices_include_tax", *TOTAL_PARTS_MINOR)


def _offered_whole_orders(lot: LotOrders, worked: PricedProposal) -> Iterable[WholeOrder]:
    for pk, priced in worked.priced.items():
        order = lot.orders[pk]
        minor = (getattr(priced, name) for name in TOTAL_PARTS_MINOR)
        yield pk, order.ref, lot.lock.currency, order.prices_include_tax, *minor


def _sum_by_currency(
    whole: Iterable[WholeOrder],
    left_out: Collection[str],
    gone: Collection[int],
    reduced: Mapping[int, PricedOrder],
) -> tuple[int, list[CurrencyTotals]]:
    """(orders that are confirmed, what they come to by currency): sums of orders, each rounded
    once (pitfall 5)."""
    rows = [
        TotalsRow(
            group=TotalsGroup.OFFERED,
            currency=currency,
            orders=1,
            prices_include_tax=included,
            amounts=amounts_of(reduced[pk]) if pk in reduced else build_amounts(*minor),
        )
        for pk, ref, currency, included, *minor in whole
        if ref not in left_out and pk not in gone
    ]
    return len(rows), totals_by_currency(rows)


def _selection_digest(
    confirmed: Sequence[CustomisationView],
    left_out: Collection[str],
    sums: Sequence[CurrencyTotals],
) -> str:
    """SHA-256 over what would be confirmed: the services, the orders left out, the sums to the
    cent."""
    money = [[s.currency, *(getattr(s, name).minor for name in TOTAL_PARTS)] for s in sums]
    content = [sorted(view.id for view in confirmed), sorted(left_out), money]
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
