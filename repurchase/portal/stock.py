"""库存同步: which SKUs are in sync, which are not and what they hold up (R-70)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from marketplace import clock
from marketplace.models import Membership
from repurchase.batches.queries import stock as stock_queries
from repurchase.portal.decorators import member_required


@require_GET
@member_required()
def stock(request: HttpRequest, membership: Membership) -> HttpResponse:
    store = membership.store
    now = clock.now(store)
    page = stock_queries.stock_page(store, now=now, cursor=request.GET.get("cursor", ""))
    context = {
        "active": "stock",
        "freshness": stock_queries.freshness(store, now=now),
        "rows": page.rows,
        "next_cursor": page.next_cursor,
    }
    return render(request, "stock/page.html", context)
