"""成长中心 → 权益中心 → 立即开通 → documents: a store on its way to bulk repeat orders (R-27 to
R-30)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from eligibility.services import open_benefit
from marketplace.access import Capability, require_capability
from marketplace.models import Membership
from repurchase.portal import qualification_documents
from repurchase.portal.decorators import has_capability, member_required
from repurchase.reporting.queries import opening


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def benefits(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The benefit's card; POST is 立即开通."""
    return (
        _open_store(request, membership)
        if request.method == "POST"
        else _render_benefit_card(request, membership)
    )


def _render_benefit_card(request: HttpRequest, membership: Membership) -> HttpResponse:
    context = {
        "opening": opening.store_opening(membership.store),
        "may_open": has_capability(membership, Capability.OPEN),
    }
    return render(request, "opening/benefits.html", _shared_context(membership) | context)


def _open_store(request: HttpRequest, membership: Membership) -> HttpResponse:
    require_capability(membership, Capability.OPEN)
    gates = open_benefit(store=membership.store, by=f"user:{request.user.pk}")
    if not all(gate.passed for gate in gates):
        messages.warning(
            request, _("The check was not passed. Nothing was opened; the reasons stand below.")
        )
        return redirect("benefits")
    messages.success(request, _("The check was passed. These documents come next."))
    return redirect("qualification")


@require_GET
@member_required()
def qualification(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Where the store stands, and which documents it shows."""
    return render(
        request,
        "opening/qualification.html",
        _shared_context(membership) | qualification_documents.documents_context(membership),
    )


def _shared_context(membership: Membership) -> dict:
    return {"active": "benefits", "store_id": membership.store_id}
