"""The store's own figures: cycle, accuracy, steps, entries, and failures by cause and week (R-57,
R-76, R-85 to R-88)."""

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from marketplace import clock
from marketplace.models import Membership
from repurchase.portal.decorators import member_required
from repurchase.reporting.queries.kpis import key_figures_of_store
from repurchase.templatetags.figures import DEFINITIONS

SPANS = (7, 30, 90, 365)


@require_GET
@member_required()
def figures(request: HttpRequest, membership: Membership) -> HttpResponse:
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdecimal() and int(asked) in SPANS else 30
    until = clock.now(membership.store)
    found = key_figures_of_store(
        membership.store, since=until - dt.timedelta(days=days), until=until
    )
    shown = [{"figure": figure, "words": DEFINITIONS[figure.name]} for figure in found.figures]
    context = {"active": "dashboard", "found": found, "shown": shown, "spans": SPANS, "days": days}
    return render(request, "figures/page.html", context)
