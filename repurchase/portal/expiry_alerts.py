"""The renewal radar: what lapses or changes before a planned lock or a promised delivery (B-9)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from marketplace import clock
from marketplace.models import Membership
from repurchase.portal.decorators import for_members
from repurchase.reporting.queries.expiry_alerts import radar_of


@require_GET
@for_members()
def radar(request: HttpRequest, membership: Membership) -> HttpResponse:
    found = radar_of(membership.store, now=clock.now(membership.store))
    return render(request, "radar/page.html", {"active": "dashboard", "found": found})
