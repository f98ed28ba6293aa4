"""成长中心 → 权益中心 → 立即开通 → documents: a store on its way to bulk repeat orders (R-27 to
R-30)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from eligibility.services import open_benefit
from marketplace.access import Can, require
from marketplace.models import Membership
from repurchase.portal import qualification_documents
from repurchase.portal.decorators import for_members, may
from repurchase.reporting.queries import opening


@require_http_methods(["GET", "HEAD", "POST"])
@for_members()
def benefits(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The benefit's card; POST is 立即开通."""
    return _open(request, membership) if request.method == "POST" else _card(request, membership)


def _card(request: HttpRequest, membership: Membership) -> HttpResponse:
    context = {"opening": opening.opening(membership.store), "may_open": may(membership, Can.OPEN)}
    return render(request, "opening/benefits.html", _shared(membership) | context)


def _open(request: HttpRequest, membership: Membership) -> HttpResponse:
    require(membership, Can.OPEN)
    gates = open_benefit(store=membership.store, by=f"user:{request.user.pk}")
    if not all(gate.passed for gate in gates):
        messages.warning(
            request, _("The check was not passed. Nothing was opened; the reasons stand below.")
        )
        return redirect("benefits")
    messages.success(request, _("The check was passed. These documents come next."))
    return redirect("qualification")


@require_GET
@for_members()
def qualification(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Where the store stands, and which documents it shows."""
    return render(
        request,
        "opening/qualification.html",
        _shared(membership) | qualification_documents.of_papers(membership),
    )


def _shared(membership: Membership) -> dict:
    return {"active": "benefits", "store_id": membership.store_id}
