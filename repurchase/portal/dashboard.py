"""The workbench: what waits for somebody, soonest first."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from marketplace import clock
from marketplace.access import Capability
from marketplace.models import Membership, Store
from pricing.models import Lock
from pricing.services import RUNNING_DEADLINE, seconds_left
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.queries import stock
from repurchase.batches.queries.totals import lot_sums
from repurchase.confirmation.queries import renegotiation_figures
from repurchase.models.batch_states import BatchStatus
from repurchase.portal.decorators import has_capability, member_required
from repurchase.reporting.queries.expiry_alerts import expiry_alerts_of_store

MAX_SHOWN_LOCKS = 8


@member_required()
def dashboard(request: HttpRequest, membership: Membership) -> HttpResponse:
    store = membership.store
    now = clock.now(store)
    batches = batch_queries.list_batches(store, now=now)
    context = {
        "active": "dashboard",
        "radar": expiry_alerts_of_store(store, now=now),
        "store_id": store.pk,
        "freshness": stock.freshness(store, now=now),
        "locks": _locks_ending_soon(store, now),
        "movable": _movable_currencies(store, now)
        if has_capability(membership, Capability.LOCK)
        else [],
        "renegotiations": renegotiation_figures.renegotiation_figures(store, until=now),
        "waiting": batches.filter(status__in=[BatchStatus.SCREENING, BatchStatus.PLANNED])[
            :MAX_SHOWN_LOCKS
        ],
        "latest": batches[:MAX_SHOWN_LOCKS],
    }
    return render(request, "dashboard.html", context)


def _locks_ending_soon(store: Store, now: dt.datetime) -> list[tuple[Lock, int, tuple[int, int]]]:
    """Open locks and those under renegotiation, by the end that runs; with what they hold: orders,
    minor units."""
    locks = list(
        Lock.objects.of(store)
        .live_at(now)
        .select_related("buyer")
        .order_by(RUNNING_DEADLINE, "pk")[:MAX_SHOWN_LOCKS]
    )
    sums = lot_sums(locks, now=now)
    return [(lock, seconds_left(lock, now), sums[lock.pk]) for lock in locks]


def _movable_currencies(store: Store, now: dt.datetime) -> list[str]:
    """Currencies of a sandbox store's open locks whose rate the simulator may move."""
    if not store.sandbox:
        return []
    foreign = Lock.objects.of(store).open_at(now).exclude(currency=store.settlement_currency)
    return list(foreign.order_by("currency").values_list("currency", flat=True).distinct())
