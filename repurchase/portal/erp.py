"""ERP: what the store is connected to, what was released to it, and its answers that a person
decides on."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from marketplace import access
from marketplace.access import Capability
from marketplace.models import Membership
from repurchase.fulfilment.queries import releases
from repurchase.fulfilment.services import erp_connection, erp_responses
from repurchase.models import ErpResponse
from repurchase.portal.decorators import has_capability, member_required


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def erp(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The page; a POST connects or disconnects."""
    if request.method == "POST":
        access.require_capability(membership, Capability.SETTLE)
        _change_connection(request, membership)
        return redirect("erp")
    state = request.GET.get("state", "all")
    state = state if state in releases.STATES else "all"
    page = releases.list_page(membership.store, state=state, cursor=request.GET.get("cursor", ""))
    context = {
        "active": "erp",
        "store_id": membership.store_id,
        "may_settle": has_capability(membership, Capability.SETTLE),
        "connection": releases.connection_summary(membership.store),
        "undecided": releases.list_undecided_responses(membership.store)[:50],
        "state": state,
        "states": list(releases.STATES),
        "rows": page.rows,
        "next_cursor": page.next_cursor,
    }
    return render(request, "erp/page.html", context)


def _change_connection(request: HttpRequest, membership: Membership) -> None:
    by = f"user:{request.user.pk}"
    if request.POST.get("act") == "disconnect":
        erp_connection.disconnect(store=membership.store, by=by)
        messages.success(request, _("The ERP is disconnected. What was released stays with it."))
        return
    made = erp_connection.connect(
        store=membership.store,
        name=request.POST.get("erp", "")[:80],
        version=request.POST.get("version", "")[:20],
        by=by,
    )
    messages.success(request, _("%(erp)s is connected.") % {"erp": made})


@require_POST
@member_required(Capability.SETTLE)
def decide(request: HttpRequest, membership: Membership, pk: UUID) -> HttpResponse:
    """What becomes of an answer that changes or refuses lines. The confirmed price stays what it
    is."""
    found = access.get_store_object(membership.store, ErpResponse, pk=pk)
    erp_responses.decide(
        response=found,
        decision=request.POST.get("decision", ""),
        why=request.POST.get("why", ""),
        by=f"user:{request.user.pk}",
    )
    messages.success(request, _("The ERP is told what you decided."))
    return redirect("order", ref=found.order.ref)
