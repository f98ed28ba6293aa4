"""The customised services of a batch: seen, given to a line, dismissed or added until the prices
are locked (R-15)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.access import Capability, require_capability
from marketplace.models import Membership
from repurchase.batches.queries import batches
from repurchase.batches.queries import customisations as customisation_queries
from repurchase.batches.services import customisations
from repurchase.batches.services.customisations import CustomisationRequest
from repurchase.models import Batch
from repurchase.portal.decorators import has_capability, member_required
from repurchase.portal.parsing import parse_whole_number


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def services(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    found = batches.get_batch(membership.store, ref, now=clock.now(membership.store))
    if request.method == "POST":
        require_capability(membership, Capability.PLAN)
        _handle_action(request, found)
        return redirect(request.get_full_path())
    page = customisation_queries.batch_customisations(found, cursor=request.GET.get("cursor", ""))
    context = {
        "active": "batches",
        "batch": found,
        "store_id": membership.store_id,
        "rows": page.rows,
        "next_cursor": page.next_cursor,
        "editable": found.status in customisations.UNLOCKED_STATUSES
        and has_capability(membership, Capability.PLAN),
    }
    return render(request, "batches/services.html", context)


def _handle_action(request: HttpRequest, found: Batch) -> None:
    sent = request.POST
    act, service_id, by = (
        sent.get("act", ""),
        parse_whole_number(sent.get("service", "")),
        f"user:{request.user.pk}",
    )
    if act == "dismiss":
        customisations.dismiss(batch=found, service_id=service_id, why=sent.get("why", ""), by=by)
        return
    line_no, text = _parse_line_number(sent.get("line", "")), sent.get("text", "")
    if act == "change":
        customisations.change(batch=found, service_id=service_id, line_no=line_no, text=text, by=by)
    elif act == "add":
        wanted = CustomisationRequest(
            order=sent.get("order", "").strip()[:64], line_no=line_no, text=text
        )
        customisations.add(batch=found, wanted=wanted, by=by)
    else:
        raise Problem(Code.INPUT_INVALID, detail=f"act: {act[:40]}")


def _parse_line_number(text: str) -> int | None:
    """Nothing typed: the whole order."""
    if not text.strip():
        return None
    if not parse_whole_number(text.strip()):
        raise Problem(Code.INPUT_INVALID, detail=_("The order has no such line."))
    return parse_whole_number(text.strip())
