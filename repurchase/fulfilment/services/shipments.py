"""What comes back after the release: the ERP's acknowledgement, the shipment, the completion
(R-78, R-91).

Each row stands for itself: one that can't be taken is told and stops no other; the same again
changes nothing.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from outbox import events
from pricing.services.stock_dispatch import release_reserved_stock
from repurchase.batches.queries.reserved_stock import reserved_pieces
from repurchase.batches.services import event_publishing
from repurchase.fulfilment.services.payments import FUTURE, RefusedPayment
from repurchase.models import Release, RepeatOrder
from repurchase.models.order_states import OrderStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderAcknowledgement:
    key: str
    order: str
    erp_number: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderShipment:
    key: str
    order: str
    at: dt.datetime
    carrier: str
    tracking: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderCompletion:
    """`as_ordered`: complete, right and undamaged, as who reports it says; None: it does not say
    (R-86)."""

    key: str
    order: str
    at: dt.datetime
    as_ordered: bool | None = None


@dataclass(kw_only=True, slots=True)
class FulfilmentReport:
    taken: int = 0
    known: int = 0
    refused: list[RefusedPayment] = field(default_factory=list)


@transaction.atomic
def acknowledge(*, store: Store, rows: Sequence[OrderAcknowledgement], by: str) -> FulfilmentReport:
    """ORDER_UNKNOWN, and STATE_CONFLICT for an order that was not released or is known under
    another number."""
    releases, now = _lock_releases_by_reference(store, rows), clock.now(store)
    report = FulfilmentReport()
    taken = _apply_to_releases(
        rows, releases, report, lambda row, release: _acknowledge_order(row, release, by, now)
    )
    Release.objects.bulk_update(
        taken, ["acknowledged_at", "acknowledged_by", "erp_number"], batch_size=500
    )
    for batch_ref, some in _group_releases_by_batch(taken):
        refs = [release.order.ref for release in some]
        for i in range(0, len(refs), event_publishing.MAX_ORDERS_AN_EVENT):
            events.publish(
                store_id=store.pk,
                type="release.acknowledged",
                subject=f"batch:{batch_ref}",
                at=now,
                orders=refs[i : i + event_publishing.MAX_ORDERS_AN_EVENT],
            )
        ledger.record(
            store_id=store.pk,
            kind="release.acknowledged",
            subject=f"batch:{batch_ref}",
            by=by,
            at=now,
            orders=[[release.order.ref, release.erp_number] for release in some],
        )
    return report


def _acknowledge_order(
    row: OrderAcknowledgement, release: Release, by: str, now: dt.datetime
) -> bool:
    if release.acknowledged_at:
        if row.erp_number and row.erp_number != release.erp_number:
            raise _state_conflict(f"acknowledged: {release.erp_number or '—'}", "acknowledge")
        return False
    release.acknowledged_at, release.acknowledged_by, release.erp_number = now, by, row.erp_number
    return True


@transaction.atomic
def ship(*, store: Store, rows: Sequence[OrderShipment], by: str) -> FulfilmentReport:
    """released → shipped; the pieces leave the reservation. A correction of carrier or tracking is
    taken too.

    ORDER_UNKNOWN, STATE_CONFLICT, INPUT_INVALID for an instant before the release or in the future.
    """
    releases, now = _lock_releases_by_reference(store, rows), clock.now(store)
    report = FulfilmentReport()
    moved: list[Release] = []
    taken = _apply_to_releases(
        rows, releases, report, lambda row, release: _ship_order(row, release, by, now, moved)
    )
    Release.objects.bulk_update(
        taken, ["shipped_at", "carrier", "tracking", "told_by"], batch_size=500
    )
    _move_order_states(moved, OrderStatus.RELEASED, OrderStatus.SHIPPED, now)
    release_reserved_stock(reserved_pieces([release.order_id for release in moved]), at=now)
    _record_fulfilment(
        store, "order.shipped", taken, by, now, lambda r: [r.order.ref, r.carrier, r.tracking]
    )
    return report


def _ship_order(
    row: OrderShipment, release: Release, by: str, now: dt.datetime, moved: list[Release]
) -> bool:
    if release.shipped_at and (release.shipped_at, release.carrier, release.tracking) == (
        row.at,
        row.carrier,
        row.tracking,
    ):
        return False
    if release.order.status not in (OrderStatus.RELEASED, OrderStatus.SHIPPED):
        raise _state_conflict(release.order.status, "ship")
    _check_report_time(row.at, release.released_at, now)
    if not release.shipped_at:
        moved.append(release)
    release.shipped_at, release.carrier, release.tracking, release.told_by = (
        row.at,
        row.carrier,
        row.tracking,
        by,
    )
    return True


@transaction.atomic
def complete(*, store: Store, rows: Sequence[OrderCompletion], by: str) -> FulfilmentReport:
    """shipped → completed. ORDER_UNKNOWN, STATE_CONFLICT, INPUT_INVALID for an instant before the
    shipment."""
    releases, now = _lock_releases_by_reference(store, rows), clock.now(store)
    report = FulfilmentReport()
    taken = _apply_to_releases(
        rows, releases, report, lambda row, release: _complete_order(row, release, by, now)
    )
    Release.objects.bulk_update(taken, ["completed_at", "as_ordered", "told_by"], batch_size=500)
    _move_order_states(taken, OrderStatus.SHIPPED, OrderStatus.COMPLETED, now)
    _record_fulfilment(
        store, "order.completed", taken, by, now, lambda r: [r.order.ref, r.as_ordered]
    )
    return report


def _complete_order(row: OrderCompletion, release: Release, by: str, now: dt.datetime) -> bool:
    if release.completed_at == row.at and release.as_ordered == row.as_ordered:
        return False
    if release.order.status != OrderStatus.SHIPPED:
        raise _state_conflict(release.order.status, "complete")
    _check_report_time(row.at, release.shipped_at, now)
    release.completed_at, release.as_ordered, release.told_by = row.at, row.as_ordered, by
    return True


FulfilmentRow = OrderAcknowledgement | OrderShipment | OrderCompletion


def _apply_to_releases(
    rows: Sequence,
    releases: Mapping[str, Release],
    report: FulfilmentReport,
    act: Callable[[FulfilmentRow, Release], bool],
) -> list[Release]:
    """The releases that something new was said about, each once."""
    taken: dict[int, Release] = {}
    for index, row in enumerate(rows):
        try:
            if row.order not in releases:
                raise Problem(Code.ORDER_UNKNOWN, orders=[row.order])
            release = releases[row.order]
            if act(row, release):
                report.taken += 1
                taken[release.pk] = release
            else:
                report.known += 1
        except Problem as problem:
            report.refused.append(RefusedPayment(index=index, key=row.key, problem=problem))
    return list(taken.values())


def _lock_releases_by_reference(store: Store, rows: Sequence[FulfilmentRow]) -> dict[str, Release]:
    """The releases of the store's orders by reference, the orders locked before them, in the order
    of their ids."""
    refs = {row.order for row in rows if "\0" not in row.order}
    orders = RepeatOrder.objects.filter(store=store, ref__in=refs)
    ids = list(orders.select_for_update().order_by("pk").values_list("pk", flat=True))
    held = Release.objects.select_for_update(of=("self",)).select_related("order__batch")
    return {
        release.order.ref: release for release in held.filter(order__in=ids).order_by("order_id")
    }


def _check_report_time(at: dt.datetime, earliest: dt.datetime, now: dt.datetime) -> None:
    """Two clocks may differ a little; beyond that the report is wrong and would spoil the figures
    (R-85)."""
    if not earliest - FUTURE <= at <= now + FUTURE:
        raise Problem(Code.INPUT_INVALID, detail=f"at: {at.isoformat()}")


def _state_conflict(state: str, event: str) -> Problem:
    return Problem(Code.STATE_CONFLICT, state=state, event=event)


def _move_order_states(
    moved: Sequence[Release], was: OrderStatus, to: OrderStatus, now: dt.datetime
) -> None:
    ids = [release.order_id for release in moved]
    RepeatOrder.objects.filter(pk__in=ids, status=was).update(status=to, changed_at=now)
    event_publishing.publish_orders(RepeatOrder.objects.filter(pk__in=ids), at=now)


def _group_releases_by_batch(releases: Sequence[Release]) -> list[tuple[str, list[Release]]]:
    grouped: dict[str, list[Release]] = defaultdict(list)
    for release in releases:
        grouped[release.order.batch.ref].append(release)
    return sorted(grouped.items())


def _record_fulfilment(
    store: Store,
    kind: str,
    taken: Sequence[Release],
    by: str,
    now: dt.datetime,
    told: Callable[[Release], list],
) -> None:
    for batch_ref, some in _group_releases_by_batch(taken):
        ledger.record(
            store_id=store.pk,
            kind=kind,
            subject=f"batch:{batch_ref}",
            by=by,
            at=now,
            orders=[told(release) for release in some],
        )
