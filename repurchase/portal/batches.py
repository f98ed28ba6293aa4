"""Batches: made from what is ticked, watched while they are screened, locked, cancelled."""

import datetime as dt

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRefresh

from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.access import Capability, require_capability
from marketplace.models import Membership
from repurchase.batches.exclusions_download import exclusions_response
from repurchase.batches.queries import advice, capacity, drift, edits
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.queries.edits import latest_edit_task, running_edit_task
from repurchase.batches.services import batches as services
from repurchase.batches.services import price_lock
from repurchase.batches.services.edits import EDITABLE_STATUSES
from repurchase.confirmation.queries import agreements, renegotiation_page
from repurchase.fulfilment.queries import balances, proforma_invoices, releases
from repurchase.models import Batch
from repurchase.models.batch_states import BatchStatus
from repurchase.portal.decorators import has_capability, member_required
from repurchase.portal.parsing import parse_whole_number
from repurchase.templatetags.parts import masked

BATCHES_A_PAGE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def batches(request: HttpRequest, membership: Membership) -> HttpResponse:
    return (
        _create_batch(request, membership)
        if request.method == "POST"
        else _render_batch_list(request, membership)
    )


def _create_batch(request: HttpRequest, membership: Membership) -> HttpResponse:
    require_capability(membership, Capability.PLAN)
    try:
        batch = services.create_from_selection(
            store=membership.store,
            user=request.user,
            policy=request.POST.get("policy", "partial"),
            dry_run=request.POST.get("dry_run") == "yes",
        )
    except Problem as problem:
        if problem.code is not Code.QUALIFICATION_REQUIRED:
            raise
        return _redirect_to_opening(request)
    if not batch.fresh:
        messages.info(
            request, _("This was started a moment ago; here is the batch that came of it.")
        )
    return redirect("batch", ref=batch.ref)


def _redirect_to_opening(request: HttpRequest) -> HttpResponse:
    """The opening path begins here as well (R-27); what was ticked stays ticked."""
    messages.warning(
        request,
        _("The store has to be opened for bulk repeat orders first. What you ticked is kept."),
    )
    return redirect("benefits")


def _render_batch_list(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Newest first; the cursor is the place of the last one shown."""
    start = parse_whole_number(request.GET.get("cursor", ""))
    now = clock.now(membership.store)
    rows = list(
        batch_queries.list_batches(membership.store, now=now)[start : start + BATCHES_A_PAGE + 1]
    )
    more = len(rows) > BATCHES_A_PAGE
    context = {
        "active": "batches",
        "rows": rows[:BATCHES_A_PAGE],
        "next_cursor": str(start + BATCHES_A_PAGE) if more else "",
    }
    return render(request, "batches/list.html", context)


@require_GET
@member_required()
def batch(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    now = clock.now(membership.store)
    found = batch_queries.get_batch(membership.store, ref, now=now)
    context = {"active": "batches", "batch": found, "store_id": membership.store_id}
    context["may_settle"] = has_capability(membership, Capability.SETTLE)
    context["may_plan"], context["may_lock"] = (
        has_capability(membership, Capability.PLAN),
        has_capability(membership, Capability.LOCK),
    )
    if found.status == BatchStatus.SCREENING:
        return render(
            request,
            "batches/screening.html",
            context | {"progress": batch_queries.screening_progress(found, now=now)},
        )
    return render(request, "batches/page.html", context | _plan_context(request, found, now))


def _plan_context(request: HttpRequest, found: Batch, now: dt.datetime) -> dict:
    plan = batch_queries.plan_summary(found, now=now)
    tabs = _order_tabs(found, plan.counts)
    tab = request.GET.get("tab", "")
    tab = tab if tab in dict(tabs) else tabs[0][0]
    page = batch_queries.batch_orders(found, now=now, tab=tab, cursor=request.GET.get("cursor", ""))
    return {
        "plan": plan,
        "papers": agreements.get_batch_documents(found.store, found.ref),
        "fulfilment": _fulfilment_context(found) if plan.counts.accepted else None,
        "fresh_quotes": renegotiation_page.list_follow_up_batches(found),
        "undelivered": renegotiation_page.list_undelivered_emails(
            found.store_id, renegotiation_page.buyer_grant_id(found)
        ),
        "drift": drift.plan_drift(found, now=now),
        "tabs": tabs,
        "tab": tab,
        "orders": page.rows,
        "next_cursor": page.next_cursor,
        "advice": advice.batch_advice(found, now=found.screened_at)
        if found.status == BatchStatus.PLANNED
        else (),
        "editing": _edit_panel_context(found, now),
        "held": found.orders.filter(held_at__isnull=False).count(),
        "unreachable": dict(plan.codes).get(Code.LANE_UNREACHABLE, 0),
    }


def _fulfilment_context(found: Batch) -> dict:
    live = releases.connection_summary(found.store)
    return {
        "proformas": list(proforma_invoices.proformas_of(found.store, found.ref)),
        "progress": releases.fulfilment_progress(found),
        "owed": balances.list_outstanding_amounts(found.store, found.ref),
        "simulated": live["simulated"],
    }


def _edit_panel_context(found: Batch, now: dt.datetime) -> dict | None:
    """What the panel of quantities and promises shows; None once they can't be edited."""
    if found.status not in EDITABLE_STATUSES:
        return None
    task = latest_edit_task(found)
    at_work = task is not None and task.done_at is None
    return {
        "at_work": task if at_work else None,
        "refused": task if task and task.code and task.version == found.version else None,
        "applied": list(found.edits.filter(undone_at__isnull=True).order_by("version")),
        "names": edits.selectable_codes(found),
        "overflow": capacity.plan_overflow(found, now=now),
    }


def _order_tabs(found: Batch, counts) -> list[tuple[str, int]]:
    """Before the lock the three verdicts; after it everything, since a state's tab would hide the
    others."""
    if found.status in (BatchStatus.PLANNED, BatchStatus.FAILED):
        return [
            ("planned", counts.planned),
            ("failed", counts.failed),
            ("excluded", counts.excluded),
            ("all", counts.done),
        ]
    return [("all", counts.done), ("failed", counts.failed), ("excluded", counts.excluded)]


@require_GET
@member_required()
def progress(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    """What the page asks for when it is told of progress; once the plan stands, it is told to load
    itself anew."""
    now = clock.now(membership.store)
    found = batch_queries.get_batch(membership.store, ref, now=now)
    if task := running_edit_task(found):
        return render(request, "batches/edit_progress.html", {"batch": found, "task": task})
    if found.status != BatchStatus.SCREENING:
        return HttpResponseClientRefresh()
    return render(
        request,
        "batches/progress.html",
        {"batch": found, "progress": batch_queries.screening_progress(found, now=now)},
    )


@require_POST
@member_required()
def lock(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    found = _get_member_batch(membership, ref)
    require_capability(membership, Capability.LOCK)
    try:
        price_lock.lock_and_invite(
            batch=found,
            by=_acting_member(request),
            asks=True,
            agreed=request.POST.get("agreed", "")[:64],
        )
    except Problem as problem:
        if problem.code is not Code.LOCK_LEAVES_OUT:
            raise
        return _confirm_reduced_lock(request, membership, found, problem)
    to = masked(found.buyer.email)
    messages.success(
        request, _("The prices are locked, and the letter to %(to)s is on its way.") % {"to": to}
    )
    return redirect("batch", ref=ref)


def _confirm_reduced_lock(
    request: HttpRequest, membership: Membership, found: Batch, problem: Problem
) -> HttpResponse:
    """More than the ⚙ share of the money would leave the plan: nobody is invited until this is
    agreed to."""
    context = {
        "active": "batches",
        "batch": found,
        "store_id": membership.store_id,
        "asked": problem.evidence,
        "left": problem.evidence["left"],
    }
    return render(
        request, "batches/lock_again.html", context, status=CATALOGUE[problem.code].status
    )


@require_POST
@member_required()
def rescreen(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    found = _get_member_batch(membership, ref)
    require_capability(membership, Capability.PLAN)
    ticked = (
        request.POST.get("special_clearance") == "yes" if "asks_clearance" in request.POST else None
    )
    services.rescreen(batch=found, by=_acting_member(request), special_clearance=ticked)
    return redirect("batch", ref=ref)


@require_POST
@member_required()
def retry(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    found = _get_member_batch(membership, ref)
    require_capability(membership, Capability.PLAN)
    services.retry(batch=found, by=_acting_member(request))
    return redirect("batch", ref=ref)


@require_POST
@member_required()
def adopt(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    found = _get_member_batch(membership, ref)
    require_capability(membership, Capability.PLAN)
    services.adopt(batch=found, by=_acting_member(request))
    messages.success(request, _("It is a real batch now."))
    return redirect("batch", ref=ref)


@require_GET
@member_required()
def refused(request: HttpRequest, membership: Membership, ref: str, form: str) -> HttpResponseBase:
    """The findings of what is not repeated, as a file."""
    return exclusions_response(_get_member_batch(membership, ref), form)


@require_POST
@member_required()
def cancel(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    found = _get_member_batch(membership, ref)
    require_capability(membership, Capability.LOCK)
    services.cancel(batch=found, by=_acting_member(request))
    messages.success(request, _("The batch is cancelled. Its past orders can be repeated again."))
    return redirect("batch", ref=ref)


def _get_member_batch(membership: Membership, ref: str) -> Batch:
    return batch_queries.get_batch(membership.store, ref, now=clock.now(membership.store))


def _acting_member(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"
