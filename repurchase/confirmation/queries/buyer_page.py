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
from pricing.services.renegotiation import current
from pricing.totals import CurrencyTotals, Group
from repurchase.batches.queries.batches import LotView, counts_of, lots
from repurchase.batches.queries.customisations import (
    ServiceState,
    ServiceView,
    asked_services,
    rows_of,
    views,
)
from repurchase.batches.queries.held_orders import held_of, wholly_held
from repurchase.batches.queries.pagination import PAGE, Page, decode, encode
from repurchase.batches.queries.totals import LeftOut, left_out, totals_of
from repurchase.confirmation.queries.renegotiation_page import offered_orders
from repurchase.models import Batch, RepeatOrder
from repurchase.models.batch_states import BatchStatus, Counts
from repurchase.models.order_states import ACCEPTED, OrderStatus

TOLD = frozenset({ServiceState.ASKED, ServiceState.CONFIRMED, ServiceState.LEFT_OUT})


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
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
    counts: Counts
    now: dt.datetime
    left_out: Sequence[LeftOut] = ()  # lines of the offered orders that are not repeated
    services: Sequence[ServiceView] = ()  # that the buyer is or was asked to confirm
    held: frozenset[UUID] = (
        frozenset()
    )  # locks of which nothing can be confirmed while the platform checks it
    checked: int = 0  # orders that the platform is checking, by which list is never said

    @property
    def services_left_out(self) -> list[ServiceView]:
        return [view for view in self.services if view.state is ServiceState.LEFT_OUT]

    @property
    def services_confirmed(self) -> list[ServiceView]:
        return [view for view in self.services if view.state is ServiceState.CONFIRMED]

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


def offer(token: str) -> Offer:
    """LINK_INVALID for anything that is not a link of ours."""
    return offer_of(signing.grant_of(token))


def offer_of(grant: Grant) -> Offer:
    now = clock.now(grant.store)
    batch = Batch.objects.select_related("store", "buyer").get(
        store=grant.store_id, ref=grant.subject
    )
    seen = lots(grant.store, grant.subject, now)
    act = grant.acts.order_by("-at").first()
    of_plan = {"store_id": grant.store_id, "subject": grant.subject}
    held = wholly_held(**of_plan)
    state = _state(batch, seen, act, held)
    orders = batch.orders.filter(lock__isnull=False)
    open_ids = {lot.lock.pk for lot in seen if lot.status is LockStatus.OPEN} - held
    group, told = Group.ACCEPTED, orders.filter(status__in=ACCEPTED)
    if state == "open":  # a renegotiated lot has other prices, or will have
        group, told = Group.OFFERED, orders.filter(lock__in=open_ids, status=OrderStatus.LOCKED)
    return Offer(
        grant=grant,
        batch=batch,
        store=batch.store,
        buyer=batch.buyer,
        lots=seen,
        totals=[each for each in totals_of(told, now=now, of=frozenset({group})) if each.orders],
        state=state,
        act=act,
        counts=counts_of(batch, now=now),
        now=now,
        left_out=left_out(told),
        held=held,
        checked=sum(held_of(**of_plan).values()),
        services=[view for view in views(batch, rows_of(batch)) if _is_told(view, open_ids)],
    )


def _is_told(view: ServiceView, open_ids: Collection[UUID]) -> bool:
    """Those of a lot under renegotiation are asked with its signature."""
    return view.state in TOLD and (
        view.state is not ServiceState.ASKED or view.order.lock_id in open_ids
    )


def offer_services(batch: Batch, lock_ids: Collection[UUID], *, cursor: str = "") -> Page:
    """A page of 50 of the services that the buyer is asked to confirm with these locks."""
    mine = [view for view in asked_services(batch) if view.order.lock_id in lock_ids]
    asked = sorted(mine, key=lambda view: (view.order.position, view.line_no or 0, view.id))
    start = decode(cursor, int)[0] if cursor else 0
    more = len(asked) > start + PAGE
    return Page(rows=asked[start : start + PAGE], next_cursor=encode(start + PAGE) if more else "")


def _state(batch: Batch, seen: list[LotView], act: Act | None, held: frozenset[UUID]) -> str:
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


def offer_orders(token: str, *, cursor: str = "") -> Page:
    """A page of 50 of the orders that were offered, by position."""
    grant = signing.grant_of(token)
    orders = (
        RepeatOrder.objects.at(clock.now(grant.store))
        .filter(store=grant.store_id, batch__ref=grant.subject, lock__isnull=False)
        .select_related("past_order", "lock")
    )
    if cursor:
        orders = orders.filter(position__gt=decode(cursor, int)[0])
    found = list(orders.prefetch_related("lines__sku").order_by("position")[: PAGE + 1])
    _price_anew(found[:PAGE])
    return Page(
        rows=found[:PAGE], next_cursor=encode(found[PAGE - 1].position) if len(found) > PAGE else ""
    )


def _price_anew(orders: Sequence[RepeatOrder]) -> None:
    """Orders and lines of a lot under renegotiation get `offered_minor` beside what they were
    locked at."""
    locks = {order.lock_id for order in orders if order.lock.status == LockStatus.RENEGOTIATING}
    offered: dict[str, tuple[int, dict[int, int]]] = {}
    for found in Renegotiation.objects.filter(lock__in=locks):
        offered |= offered_orders(current(found))
    for order in orders:
        if order.ref in offered:
            order.offered_minor, lines = offered[order.ref]
            for line in order.lines.all():
                line.offered_minor = lines.get(line.line_no)
