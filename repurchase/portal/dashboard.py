"""The workbench: what waits for somebody, soonest first."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from marketplace import clock
from marketplace.access import Can
from marketplace.models import Membership, Store
from pricing.models import Lock
from pricing.services import END, seconds_left
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.queries import stock
from repurchase.batches.queries.totals import lot_sums
from repurchase.confirmation.queries import renegotiation_figures
from repurchase.models.batch_states import BatchStatus
from repurchase.portal.decorators import for_members, may
from repurchase.reporting.queries.expiry_alerts import radar_of

SHOWN = 8


@for_members()
def dashboard(request: HttpRequest, membership: Membership) -> HttpResponse:
    store = membership.store
    now = clock.now(store)
    batches = batch_queries.batches(store, now=now)
    context = {
        "active": "dashboard",
        "radar": radar_of(store, now=now),
        "store_id": store.pk,
        "freshness": stock.freshness(store, now=now),
        "locks": _ending_soon(store, now),
        "movable": _movable(store, now) if may(membership, Can.LOCK) else [],
        "renegotiations": renegotiation_figures.renegotiation_figures(store, until=now),
        "waiting": batches.filter(status__in=[BatchStatus.SCREENING, BatchStatus.PLANNED])[:SHOWN],
        "latest": batches[:SHOWN],
    }
    return render(request, "dashboard.html", context)


def _ending_soon(store: Store, now: dt.datetime) -> list[tuple[Lock, int, tuple[int, int]]]:
    """Open locks and those under renegotiation, by the end that runs; with what they hold: orders,
    minor units."""
    locks = list(
        Lock.objects.of(store).live_at(now).select_related("buyer").order_by(END, "pk")[:SHOWN]
    )
    sums = lot_sums(locks, now=now)
    return [(lock, seconds_left(lock, now), sums[lock.pk]) for lock in locks]


def _movable(store: Store, now: dt.datetime) -> list[str]:
    """Currencies of a sandbox store's open locks whose rate the simulator may move."""
    if not store.sandbox:
        return []
    foreign = Lock.objects.of(store).open_at(now).exclude(currency=store.settlement_currency)
    return list(foreign.order_by("currency").values_list("currency", flat=True).distinct())
