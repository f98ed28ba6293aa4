"""The order history: buyers as groups, their orders, and what is ticked (R-01)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import access, clock
from marketplace.access import Can
from marketplace.models import Buyer, Membership
from repurchase.batches.queries import past_orders
from repurchase.batches.queries import selections as selection_queries
from repurchase.batches.services import selections
from repurchase.portal.decorators import for_members, may
from repurchase.portal.parsing import sought, whole

GROUPS_A_PAGE = 50

TICKS_AT_ONCE = 1000


@require_GET
@for_members()
def history(request: HttpRequest, membership: Membership) -> HttpResponse:
    store = membership.store
    now = clock.now(store)
    tab, q, offset = _tab(request), _q(request), whole(request.GET.get("offset", ""))
    groups = past_orders.buyer_groups(
        store, now=now, repeatable=tab == "repeatable", q=q, offset=offset
    )
    context = _shown(request, membership, now) | {
        "groups": groups,
        "offset": offset,
        "next_offset": offset + GROUPS_A_PAGE if len(groups) == GROUPS_A_PAGE else None,
    }
    return render(request, "history/page.html", context)


@require_GET
@for_members()
def orders_of_buyer(request: HttpRequest, membership: Membership, buyer_id: int) -> HttpResponse:
    """A buyer's orders, 50 a page: within the group's row, or as a page of its own where no script
    runs."""
    store = membership.store
    now = clock.now(store)
    buyer = access.of(store, Buyer, pk=buyer_id)
    page = past_orders.past_orders(
        store,
        now=now,
        buyer=buyer,
        repeatable=True if _tab(request) == "repeatable" else None,
        q=_q(request),
        cursor=request.GET.get("cursor", ""),
    )
    context = _shown(request, membership, now)
    has = context["selection"].has
    context |= {
        "buyer": buyer,
        "rows": [(row, has(row.order.pk)) for row in page.rows],
        "next_cursor": page.next_cursor,
    }
    return render(request, "history/orders.html" if request.htmx else "history/buyer.html", context)


@require_POST
@for_members(Can.PLAN)
def select(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ticks and unticks; the server keeps the selection and answers with the bar."""
    store, user = membership.store, request.user
    now = clock.now(store)
    action = request.POST.get("action", "")
    if action == "tick-buyer":
        buyer_id, q = whole(request.POST.get("buyer", "")), sought(request.POST.get("q", ""))
        again = request.POST.get("repeated") == "yes"
        selections.tick_buyer(
            store=store, user=user, buyer_id=buyer_id, q=q, with_repeated=again, now=now
        )
    elif action == "tick":
        selections.tick_orders(store=store, user=user, order_ids=_ids(request), now=now)
    elif action == "untick":
        selections.untick_orders(store=store, user=user, order_ids=_ids(request), now=now)
    elif action == "clear":
        selections.clear(store=store, user=user)
    else:
        raise Problem(Code.INPUT_INVALID, detail=f"action: {action[:40]}")
    if not request.htmx:
        return redirect("history")
    return render(request, "history/bar.html", _selection(membership, user, now))


def _shown(request: HttpRequest, membership: Membership, now) -> dict:
    return _selection(membership, request.user, now) | {
        "active": "history",
        "tab": _tab(request),
        "q": _q(request),
        "filter": urlencode({"tab": _tab(request), "q": _q(request)}),
    }


def _selection(membership: Membership, user, now) -> dict:
    return {
        "selection": selection_queries.selection_summary(membership.store, user=user, now=now),
        "may_plan": may(membership, Can.PLAN),
        "store_id": membership.store_id,
    }


def _tab(request: HttpRequest) -> str:
    return "all" if request.GET.get("tab") == "all" else "repeatable"


def _q(request: HttpRequest) -> str:
    return sought(request.GET.get("q", ""))


def _ids(request: HttpRequest) -> list[int]:
    sent = request.POST.getlist("orders")
    if len(sent) > TICKS_AT_ONCE:
        raise Problem(Code.INPUT_INVALID, detail=f"orders: {len(sent)} > {TICKS_AT_ONCE}")
    return [whole(text) for text in sent]
