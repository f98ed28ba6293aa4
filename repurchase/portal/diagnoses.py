"""Why orders failed: of one order, of a batch; and the shortest way to cure it (R-69 to R-76,
B-4)."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from diagnostics.fixes import Fix
from diagnostics.problem import Problem
from marketplace import access, clock
from marketplace.access import Capability, require_capability
from marketplace.models import Membership
from repurchase.batches.queries import batches, failures
from repurchase.batches.queries.fixes import find_fixable_orders, is_gate_fix
from repurchase.batches.services import fixes as fixe_services
from repurchase.batches.services.edits import EDITABLE_STATUSES
from repurchase.models import DiagnosisReport, EditTask
from repurchase.portal.decorators import has_capability, member_required
from repurchase.portal.parsing import parse_whole_number
from repurchase.reporting.fix_links import FIX_LINKS
from repurchase.reporting.services import diagnosis_report, order_reports
from repurchase.templatetags.parts import format_digits

MAX_SHOWN_ORDERS = 50
"""So many failed orders stand on the page of a batch; all of them are in the report."""


@require_GET
@member_required()
def order(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    found = failures.order_diagnosis(membership.store, ref, now=clock.now(membership.store))
    return render(
        request, "diagnoses/order.html", {"active": "batches", "found": found, "order": found.order}
    )


@require_GET
@member_required()
def order_report(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    """The PDF once a worker has drawn it; until then a page that asks each second, and then offers
    it."""
    made = order_reports.get_or_request(membership.store, ref)
    context = {"active": "batches", "ref": ref, "made": made}
    if request.htmx:
        return render(request, "diagnoses/order_report.html", context)
    if made is None:
        page = render(request, "diagnoses/order_report_page.html", context, status=202)
        page["Retry-After"] = str(order_reports.RETRY_SECONDS)
        return page
    return pdf_download_response(made, ref)


def pdf_download_response(content: bytes, ref: str) -> HttpResponse:
    """Downloaded, never cached: it is for those who may see the order now."""
    answer = HttpResponse(content, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{ref}-diagnosis.pdf"'
    answer["Cache-Control"] = "no-store"
    return answer


@require_GET
@member_required()
def batch(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    now = clock.now(membership.store)
    found = failures.batch_diagnosis(batches.get_batch(membership.store, ref, now=now), now=now)
    context = {
        "active": "batches",
        "found": found,
        "batch": found.batch,
        "shown": found.cases[:MAX_SHOWN_ORDERS],
    }
    context |= {
        "store_id": membership.store_id,
        "report": found.batch.reports.order_by("pk").last(),
    }
    return render(request, "diagnoses/batch.html", context)


@require_POST
@member_required()
def ask_report(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    found = batches.get_batch(membership.store, ref, now=clock.now(membership.store))
    diagnosis_report.request_report(batch=found, by=f"user:{request.user.pk}")
    return redirect("batch-diagnosis", ref=ref)


@require_GET
@member_required()
def report(request: HttpRequest, membership: Membership, ref: str, report_id: int) -> HttpResponse:
    """How far it is: asked each second until it is finished."""
    found = access.get_store_object(membership.store, DiagnosisReport, batch__ref=ref, pk=report_id)
    return render(request, "diagnoses/report.html", {"report": found, "batch": found.batch})


@require_GET
@member_required()
def report_pdf(
    request: HttpRequest, membership: Membership, ref: str, report_id: int
) -> HttpResponse:
    found = access.get_store_object(
        membership.store,
        DiagnosisReport,
        batch__ref=ref,
        pk=report_id,
        phase=DiagnosisReport.Phase.DONE,
    )
    return pdf_download_response(diagnosis_report.read_pdf(found), ref)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def fixes(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    now = clock.now(membership.store)
    found = batches.get_batch(membership.store, ref, now=now)
    if request.method == "POST":
        return _apply_chosen_fixes(request, membership, found)
    context = {"active": "batches", "batch": found, "store_id": membership.store_id}
    context["may_plan"] = (
        has_capability(membership, Capability.PLAN) and found.status in EDITABLE_STATUSES
    )
    context["panel"] = _fixes_panel_context(found, now)
    return render(
        request, "diagnoses/fixes.html" if request.htmx else "diagnoses/fixes_page.html", context
    )


def _fixes_panel_context(found, now) -> dict:
    can = find_fixable_orders(found, now=now)
    return {
        "cure": can.cure,
        "steps": [
            {
                "step": step,
                "fixes": [_fix_context(fix, len(can.touched[fix])) for fix in step.fixes],
                "touched": len({case.ref for fix in step.fixes for case in can.touched[fix]}),
                "all_again": any(map(is_gate_fix, step.fixes)),
            }
            for step in can.cure.steps
        ],
    }


def _fix_context(fix: Fix, orders: int) -> dict:
    return {
        "fix": fix,
        "value": f"{fix.code}|{fix.subject}",
        "orders": orders,
        "done_here": fix.code in fixe_services.SELF_APPLIED_CODES,
        "place": FIX_LINKS.get(fix.code),
    }


def _apply_chosen_fixes(request: HttpRequest, membership: Membership, found) -> HttpResponse:
    require_capability(membership, Capability.PLAN)
    wanted = {_parse_chosen_fix(value) for value in request.POST.getlist("fix")}
    version = parse_whole_number(request.POST.get("version", ""))
    done = fixe_services.apply(
        batch=found, wanted=wanted, by=f"user:{request.user.pk}", version=version
    )
    if isinstance(done, EditTask):
        messages.info(
            request, _("It is being worked out. You may leave this page: the work goes on.")
        )
    elif done.screening:
        messages.info(request, _("Every order is being screened again."))
    elif done.freed > 0:
        text = ngettext("%(n)s more order is ready.", "%(n)s more orders are ready.", done.freed)
        messages.success(request, text % {"n": format_digits(done.freed)})
    else:
        messages.warning(
            request,
            _(
                "No more orders are ready: what was screened again fails as before. Fix it, then try again."
            ),
        )
    return redirect("batch", ref=found.ref)


def _parse_chosen_fix(value: str) -> Fix:
    """“LANE_UNREACHABLE|Novosibirsk RU”; INPUT_INVALID for anything else."""
    name, _bar, subject = value.partition("|")
    if name not in CATALOGUE:
        raise Problem(Code.INPUT_INVALID, detail=f"fix: {value[:40]}")
    return Fix(Code(name), subject)
