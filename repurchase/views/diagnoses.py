"""Why orders failed: of one order, of a batch (R-69 to R-76)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from marketplace import clock
from marketplace.models import Membership
from repurchase import queries
from repurchase.views.doors import for_members

SHOWN = 50
"""So many failed orders stand on the page of a batch; all of them are in the report."""


@require_GET
@for_members()
def order(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    found = queries.diagnosis(membership.store, ref, now=clock.now(membership.store))
    return render(
        request, "diagnoses/order.html", {"active": "batches", "found": found, "order": found.order}
    )


@require_GET
@for_members()
def batch(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    now = clock.now(membership.store)
    found = queries.batch_diagnosis(queries.batch(membership.store, ref, now=now), now=now)
    context = {"active": "batches", "found": found, "batch": found.batch, "shown": found.cases[:SHOWN]}
    return render(request, "diagnoses/batch.html", context)
