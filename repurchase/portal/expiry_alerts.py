"""The renewal radar: what lapses or changes before a planned lock or a promised delivery (B-9)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from marketplace import clock
from marketplace.models import Membership
from repurchase.portal.decorators import member_required
from repurchase.reporting.queries.expiry_alerts import expiry_alerts_of_store


@require_GET
@member_required()
def radar(request: HttpRequest, membership: Membership) -> HttpResponse:
    found = expiry_alerts_of_store(membership.store, now=clock.now(membership.store))
    return render(request, "radar/page.html", {"active": "dashboard", "found": found})
