"""What the buyer's page shows: always the current state, whatever the link was opened for."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from marketplace import clock
from marketplace.models import Buyer, Store
from pricing import signing
from pricing.locks import LockStatus
from pricing.models import Act, Grant, Renegotiation
from pricing.services.renegotiation import current_offer
from pricing.totals import CurrencyTotals, TotalsGroup
from repurchase.batches.queries.batches import LotView, count_batch_orders, list_lots
from repurchase.batches.queries.customisations import (
    CustomisationState,
    CustomisationView,
    customisation_rows,
    customisation_views,
    customisations_to_confirm,
)
from repurchase.batches.queries.held_orders import count_held_by_lock, wholly_held_locks
from repurchase.batches.queries.pagination import (
    PAGE_SIZE,
    CursorPage,
    decode_cursor,
    encode_cursor,
)
from repurchase.batches.queries.totals import (
    LeftOutLines,
    order_totals_by_currency,
    sum_left_out_lines,
)
from repurchase.confirmation.queries.renegotiation_page import offered_totals_by_reference
from repurchase.models import Batch, RepeatOrder
from repurchase.models.batch_states import BatchOrderCounts, BatchStatus
from repurchase.models.order_states import ACCEPTED, OrderStatus

ANNOUNCED_SERVICE_STATES = frozenset(
    {CustomisationState.ASKED, CustomisationState.CONFIRMED, CustomisationState.LEFT_OUT}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuyerOffer:
    grant: Grant
    batch: Batch
    store: Store
    buyer: Buyer
    lots: list[LotView]
    totals: list[CurrencyTotals]  # of what is offered, or of what was accepted
    # open, checked (by the platform), answered, renegotiated (nothing else is left to say),
    # expired, cancelled
    state: str
    act: Act | None
    counts: BatchOrderCounts
    now: dt.datetime
    left_out: Sequence[LeftOutLines] = ()  # lines of the offered orders that are not repeated
    services: Sequence[CustomisationView] = ()  # that the buyer is or was asked to confirm
    held: frozenset[UUID] = (
        frozenset()
    )  # locks of which nothing can be confirmed while the platform checks it
    checked: int = 0  # orders that the platform is checking, by which list is never said

    @property
    def services_left_out(self) -> list[CustomisationView]:
        return [view for view in self.services if view.state is CustomisationState.LEFT_OUT]

    @property
    def services_confirmed(self) -> list[CustomisationView]:
        return [view for view in self.services if view.state is CustomisationState.CONFIRMED]

    @property
    def open_lots(self) -> list[LotView]:
        """Those that can be confirmed as they were locked."""
        return [
            lot
            for lot in self.lots
            if lot.status is LockStatus.OPEN and lot.lock.pk not in self.held
        ]

    @property
    def waiting(self) -> int:
        """Orders that can be confirmed as they were locked."""
        return sum(lot.live_orders for lot in self.open_lots)

    @property
    def lines_left_out(self) -> int:
        return sum(each.lines for each in self.left_out)

    @property
    def batch_ref(self) -> str:
        return self.batch.ref


def get_buyer_offer(token: str) -> BuyerOffer:
    """LINK_INVALID for anything that is not a link of ours."""
    return buyer_offer_of_grant(signing.grant_of(token))


def buyer_offer_of_grant(grant: Grant) -> BuyerOffer:
    now = clock.now(grant.store)
    batch = Batch.objects.select_related("store", "buyer").get(
        store=grant.store_id, ref=grant.subject
    )
    seen = list_lots(grant.store, grant.subject, now)
    act = grant.acts.order_by("-at").first()
    of_plan = {"store_id": grant.store_id, "subject": grant.subject}
    held = wholly_held_locks(**of_plan)
    state = _buyer_order_state(batch, seen, act, held)
    orders = batch.orders.filter(lock__isnull=False)
    open_ids = {lot.lock.pk for lot in seen if lot.status is LockStatus.OPEN} - held
    group, told = TotalsGroup.ACCEPTED, orders.filter(status__in=ACCEPTED)
    if state == "open":  # a renegotiated lot has other prices, or will have
        group, told = (
            TotalsGroup.OFFERED,
            orders.filter(lock__in=open_ids, status=OrderStatus.LOCKED),
        )
    return BuyerOffer(
        grant=grant,
        batch=batch,
        store=batch.store,
        buyer=batch.buyer,
        lots=seen,
        totals=[
            each
            for each in order_totals_by_currency(told, now=now, of=frozenset({group}))
            if each.orders
        ],
        state=state,
        act=act,
        counts=count_batch_orders(batch, now=now),
        now=now,
        left_out=sum_left_out_lines(told),
        held=held,
        checked=sum(count_held_by_lock(**of_plan).values()),
        services=[
            view
            for view in customisation_views(batch, customisation_rows(batch))
            if _is_asked_with_offer(view, open_ids)
        ],
    )


def _is_asked_with_offer(view: CustomisationView, open_ids: Collection[UUID]) -> bool:
    """Those of a lot under renegotiation are asked with its signature."""
    return view.state in ANNOUNCED_SERVICE_STATES and (
        view.state is not CustomisationState.ASKED or view.order.lock_id in open_ids
    )


def list_offered_services(
    batch: Batch, lock_ids: Collection[UUID], *, cursor: str = ""
) -> CursorPage:
    """A page of 50 of the services that the buyer is asked to confirm with these locks."""
    mine = [view for view in customisations_to_confirm(batch) if view.order.lock_id in lock_ids]
    asked = sorted(mine, key=lambda view: (view.order.position, view.line_no or 0, view.id))
    start = decode_cursor(cursor, int)[0] if cursor else 0
    more = len(asked) > start + PAGE_SIZE
    return CursorPage(
        rows=asked[start : start + PAGE_SIZE],
        next_cursor=encode_cursor(start + PAGE_SIZE) if more else "",
    )


def _buyer_order_state(
    batch: Batch, seen: list[LotView], act: Act | None, held: frozenset[UUID]
) -> str:
    if batch.status == BatchStatus.CANCELLED:
        return "cancelled"
    live = [lot.lock.pk for lot in seen if lot.status is LockStatus.OPEN]
    if set(live) - held:
        return "open"  # also what was let go after an answer
    if act:
        return "answered"
    if live:
        return "checked"
    return "renegotiated" if any(lot.lock.renegotiation_deadline for lot in seen) else "expired"


def list_offered_orders(token: str, *, cursor: str = "") -> CursorPage:
    """A page of 50 of the orders that were offered, by position."""
    grant = signing.grant_of(token)
    orders = (
        RepeatOrder.objects.at(clock.now(grant.store))
        .filter(store=grant.store_id, batch__ref=grant.subject, lock__isnull=False)
        .select_related("past_order", "lock")
    )
    if cursor:
        orders = orders.filter(position__gt=decode_cursor(cursor, int)[0])
    found = list(orders.prefetch_related("lines__sku").order_by("position")[: PAGE_SIZE + 1])
    _attach_offered_prices(found[:PAGE_SIZE])
    return CursorPage(
        rows=found[:PAGE_SIZE],
        next_cursor=encode_cursor(found[PAGE_SIZE - 1].position) if len(found) > PAGE_SIZE else "",
    )


def _attach_offered_prices(orders: Sequence[RepeatOrder]) -> None:
    """Orders and lines of a lot under renegotiation get `offered_minor` beside what they were
    locked at."""
    locks = {order.lock_id for order in orders if order.lock.status == LockStatus.RENEGOTIATING}
    offered: dict[str, tuple[int, dict[int, int]]] = {}
    for found in Renegotiation.objects.filter(lock__in=locks):
        offered |= offered_totals_by_reference(current_offer(found))
    for order in orders:
        if order.ref in offered:
            order.offered_minor, lines = offered[order.ref]
            for line in order.lines.all():
                line.offered_minor = lines.get(line.line_no)
