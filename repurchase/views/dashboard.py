"""The workbench: what waits for somebody, soonest first."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from marketplace import clock
from marketplace.models import Membership
from pricing.models import Lock
from repurchase import queries
from repurchase.batching import BatchStatus
from repurchase.queries.radar import radar_of
from repurchase.views.doors import for_members

SHOWN = 8


@for_members()
def dashboard(request: HttpRequest, membership: Membership) -> HttpResponse:
    store = membership.store
    now = clock.now(store)
    batches = queries.batches(store, now=now)
    context = {
        "active": "dashboard",
        "radar": radar_of(store, now=now),
        "freshness": queries.freshness(store, now=now),
        "locks": _ending_soon(store, now),
        "waiting": batches.filter(status__in=[BatchStatus.SCREENING, BatchStatus.PLANNED])[:SHOWN],
        "latest": batches[:SHOWN],
    }
    return render(request, "dashboard.html", context)


def _ending_soon(store, now: dt.datetime) -> list[tuple[Lock, int]]:
    locks = Lock.objects.of(store).open_at(now).select_related("buyer").order_by("expires_at")[:SHOWN]
    return [(lock, int((lock.expires_at - now).total_seconds())) for lock in locks]
