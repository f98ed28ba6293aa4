"""The order history: buyers as groups, their orders, and what is ticked (R-01)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import access, clock
from marketplace.access import Capability
from marketplace.models import Buyer, Membership
from repurchase.batches.queries import past_orders
from repurchase.batches.queries import selections as selection_queries
from repurchase.batches.services import selections
from repurchase.portal.decorators import has_capability, member_required
from repurchase.portal.parsing import parse_search_text, parse_whole_number

GROUPS_A_PAGE = 50

TICKS_AT_ONCE = 1000


@require_GET
@member_required()
def history(request: HttpRequest, membership: Membership) -> HttpResponse:
    store = membership.store
    now = clock.now(store)
    tab, q, offset = (
        _selected_tab(request),
        _search_query(request),
        parse_whole_number(request.GET.get("offset", "")),
    )
    groups = past_orders.buyer_groups(
        store, now=now, repeatable=tab == "repeatable", q=q, offset=offset
    )
    context = _history_context(request, membership, now) | {
        "groups": groups,
        "offset": offset,
        "next_offset": offset + GROUPS_A_PAGE if len(groups) == GROUPS_A_PAGE else None,
    }
    return render(request, "history/page.html", context)


@require_GET
@member_required()
def orders_of_buyer(request: HttpRequest, membership: Membership, buyer_id: int) -> HttpResponse:
    """A buyer's orders, 50 a page: within the group's row, or as a page of its own where no script
    runs."""
    store = membership.store
    now = clock.now(store)
    buyer = access.get_store_object(store, Buyer, pk=buyer_id)
    page = past_orders.past_order_page(
        store,
        now=now,
        buyer=buyer,
        repeatable=True if _selected_tab(request) == "repeatable" else None,
        q=_search_query(request),
        cursor=request.GET.get("cursor", ""),
    )
    context = _history_context(request, membership, now)
    has = context["selection"].has
    context |= {
        "buyer": buyer,
        "rows": [(row, has(row.order.pk)) for row in page.rows],
        "next_cursor": page.next_cursor,
    }
    return render(request, "history/orders.html" if request.htmx else "history/buyer.html", context)


@require_POST
@member_required(Capability.PLAN)
def select(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Ticks and unticks; the server keeps the selection and answers with the bar."""
    store, user = membership.store, request.user
    now = clock.now(store)
    action = request.POST.get("action", "")
    if action == "tick-buyer":
        buyer_id, q = (
            parse_whole_number(request.POST.get("buyer", "")),
            parse_search_text(request.POST.get("q", "")),
        )
        again = request.POST.get("repeated") == "yes"
        selections.tick_buyer(
            store=store, user=user, buyer_id=buyer_id, q=q, with_repeated=again, now=now
        )
    elif action == "tick":
        selections.tick_orders(store=store, user=user, order_ids=_parse_order_ids(request), now=now)
    elif action == "untick":
        selections.untick_orders(
            store=store, user=user, order_ids=_parse_order_ids(request), now=now
        )
    elif action == "clear":
        selections.clear(store=store, user=user)
    else:
        raise Problem(Code.INPUT_INVALID, detail=f"action: {action[:40]}")
    if not request.htmx:
        return redirect("history")
    return render(request, "history/bar.html", _selection_context(membership, user, now))


def _history_context(request: HttpRequest, membership: Membership, now) -> dict:
    return _selection_context(membership, request.user, now) | {
        "active": "history",
        "tab": _selected_tab(request),
        "q": _search_query(request),
        "filter": urlencode({"tab": _selected_tab(request), "q": _search_query(request)}),
    }


def _selection_context(membership: Membership, user, now) -> dict:
    return {
        "selection": selection_queries.selection_summary(membership.store, user=user, now=now),
        "may_plan": has_capability(membership, Capability.PLAN),
        "store_id": membership.store_id,
    }


def _selected_tab(request: HttpRequest) -> str:
    return "all" if request.GET.get("tab") == "all" else "repeatable"


def _search_query(request: HttpRequest) -> str:
    return parse_search_text(request.GET.get("q", ""))


def _parse_order_ids(request: HttpRequest) -> list[int]:
    sent = request.POST.getlist("orders")
    if len(sent) > TICKS_AT_ONCE:
        raise Problem(Code.INPUT_INVALID, detail=f"orders: {len(sent)} > {TICKS_AT_ONCE}")
    return [parse_whole_number(text) for text in sent]
