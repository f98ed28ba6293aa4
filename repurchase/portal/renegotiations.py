"""The seller's side of a renegotiation: the list, the page with its forms, and the alert that pops
up on any page."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.access import Capability, require_capability
from marketplace.models import Membership
from pricing.models import Renegotiation
from pricing.renegotiation import ProposalInput, Side, format_percent
from pricing.signing import PRICE_CHANGE
from repurchase.batches.queries.totals import count_orders_by_lock
from repurchase.confirmation.queries import agreements
from repurchase.confirmation.queries import renegotiation_page as queries
from repurchase.confirmation.services import renegotiation as renegotiation_services
from repurchase.portal.buyer import signature_evidence
from repurchase.portal.decorators import has_capability, member_required
from repurchase.portal.parsing import parse_whole_number

RENEGOTIATIONS_PER_PAGE = 50
MANY_PRICES = 5000


@require_GET
@member_required()
def renegotiations(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Newest first; the cursor is the place of the last one shown."""
    start, now = parse_whole_number(request.GET.get("cursor", "")), clock.now(membership.store)
    found = list(queries.of_store(membership.store)[start : start + RENEGOTIATIONS_PER_PAGE + 1])
    held = count_orders_by_lock([each.lock for each in found[:RENEGOTIATIONS_PER_PAGE]])
    rows = [
        {"found": each, "state": state, "left": left, "orders": held[each.lock_id]}
        for each in found[:RENEGOTIATIONS_PER_PAGE]
        for state, left in [queries.status_and_seconds_left(each, now)]
    ]
    context = {
        "active": "renegotiations",
        "rows": rows,
        "next_cursor": str(start + RENEGOTIATIONS_PER_PAGE)
        if len(found) > RENEGOTIATIONS_PER_PAGE
        else "",
    }
    return render(request, "renegotiations/list.html", context)


@require_GET
@member_required()
def alert(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The dialog of what waits for an answer now; nothing while nothing does."""
    now = clock.now(membership.store)
    waiting = [
        {"found": each, "left": queries.status_and_seconds_left(each, now)[1]}
        for each in queries.list_live_renegotiations(membership.store, now)
    ]
    return (
        render(request, "renegotiations/alert.html", {"waiting": waiting})
        if waiting
        else HttpResponse()
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def renegotiation(request: HttpRequest, membership: Membership, pk: UUID) -> HttpResponse:
    found = queries.get_renegotiation(membership.store, pk)
    if request.method != "POST":
        return _render_renegotiation(request, membership, found)
    act = request.POST.get("act", "")
    if act not in ACTS:
        raise Problem(Code.INPUT_INVALID, detail=f"act: {act[:40]}")
    require_capability(membership, Capability.PLAN if act == "comment" else Capability.LOCK)
    try:
        return ACTS[act](request, found)
    except Problem as problem:
        return _render_renegotiation(request, membership, found, problem=problem)


def _render_renegotiation(
    request: HttpRequest,
    membership: Membership,
    found: Renegotiation,
    *,
    problem: Problem | None = None,
) -> HttpResponse:
    """The present state, with what a form of it ran into beside it: nothing that was typed is
    lost."""
    found = queries.get_renegotiation(membership.store, found.pk)
    now = clock.now(membership.store)
    talks = queries.build_renegotiation_page(
        found, now=now, side=Side.SELLER, all_skus=bool(request.GET.get("skus"))
    )
    context = {
        "active": "renegotiations",
        "talks": talks,
        "asked": queries.services_for_signature(found, talks),
        "found": found,
        "chart": queries.rate_chart_of(found),
        "may_sign": has_capability(membership, Capability.LOCK),
        "may_comment": has_capability(membership, Capability.PLAN),
        "me": f"user:{request.user.pk}",
        "store_id": membership.store_id,
        "consent_version": PRICE_CHANGE,
        "undelivered": queries.list_undelivered_emails(
            membership.store_id, queries.buyer_grant_id(talks.batch)
        ),
        "papers": agreements.get_batch_documents(membership.store, found.lock.subject),
        "band": format_percent(renegotiation_services.approval_band(talks.batch)),
        "typed": request.POST if problem else {},
        "refused": problem_texts.describe(problem.code, problem.evidence) if problem else None,
    }
    status = CATALOGUE[problem.code].status if problem else 200
    return render(request, "renegotiations/page.html", context, status=status)


def _make_offer(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    made = renegotiation_services.offer(
        renegotiation=found,
        actor=renegotiation_services.seller_actor(request.user),
        asked=proposal_from_request(request),
        note=request.POST.get("note", ""),
    )
    if made.beyond_band:
        messages.warning(
            request,
            _(
                "The offer waits for a second member of the store to approve it; the buyer does not see it yet."
            ),
        )
    else:
        messages.success(
            request,
            _("The offer is sent to the buyer. Sign it, so that their signature settles it."),
        )
    return _redirect_to_renegotiation(found)


def _add_comment(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    renegotiation_services.remark(
        renegotiation=found,
        actor=renegotiation_services.seller_actor(request.user),
        text=request.POST.get("text", ""),
    )
    messages.success(request, _("Your comment is sent to the buyer."))
    return _redirect_to_renegotiation(found)


def _decline_offer(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    renegotiation_services.decline(
        renegotiation=found,
        actor=renegotiation_services.seller_actor(request.user),
        reason=request.POST.get("reason", ""),
    )
    messages.success(
        request,
        _("You have declined. The orders of this lot are ended; the rest of the batch lives on."),
    )
    return _redirect_to_renegotiation(found)


def _approve_offer(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    renegotiation_services.approve(
        renegotiation=found, digest=request.POST.get("digest", ""), by=f"user:{request.user.pk}"
    )
    messages.success(request, _("The offer is approved."))
    return _redirect_to_renegotiation(found)


def _sign_offer(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    _check_password(request)
    both = renegotiation_services.sign_by_member(
        renegotiation=found,
        user=request.user,
        digest=request.POST.get("digest", ""),
        name=request.POST.get("name", ""),
        consent=request.POST.get("consent") == "yes",
        evidence=signature_evidence(request),
    )
    if both:
        messages.success(
            request, _("Both have signed: the orders are confirmed at the new prices.")
        )
    else:
        messages.success(
            request,
            _("Your signature is recorded. The buyer is told; it counts once they sign too."),
        )
    return _redirect_to_renegotiation(found)


def _check_password(request: HttpRequest) -> None:
    """Who signs proves who they are; wrong ones are counted as at the sign-in."""
    password = request.POST.get("password", "")
    if authenticate(request, username=request.user.email, password=password) != request.user:
        raise Problem(Code.PASSWORD_WRONG)


def _start_fresh_quote(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    batch = renegotiation_services.start_fresh_quote(renegotiation=found, user=request.user)
    return redirect("batch", ref=batch.ref)


ACTS = {
    "offer": _make_offer,
    "comment": _add_comment,
    "decline": _decline_offer,
    "approve": _approve_offer,
    "sign": _sign_offer,
    "quote": _start_fresh_quote,
}


def proposal_from_request(request: HttpRequest) -> ProposalInput:
    """Of the offer form: a price a SKU in a field of its own, or in lines of “SKU price”.
    INPUT_INVALID."""
    prices = {
        name.removeprefix("price:"): text
        for name, text in request.POST.items()
        if name.startswith("price:")
    }
    typed = request.POST.get("more_prices", "").splitlines()
    if len(typed) > MANY_PRICES:  # none of them is passed over in silence
        raise Problem(Code.INPUT_INVALID, detail=f"more_prices: {len(typed)} > {MANY_PRICES}")
    for line in typed:
        sku, _space, price = line.strip().replace(";", " ").replace("\t", " ").rpartition(" ")
        if line.strip() and not sku:
            raise Problem(Code.INPUT_INVALID, detail=f"more_prices: {line[:40]}")
        if sku:
            prices[sku.strip()] = price
    return ProposalInput(
        rule=request.POST.get("rule", ""),
        percent=request.POST.get("percent", "")[:20],
        prices=prices,
    )


def _redirect_to_renegotiation(found: Renegotiation) -> HttpResponse:
    return redirect("renegotiation", pk=found.pk)
