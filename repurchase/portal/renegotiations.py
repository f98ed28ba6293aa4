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
from marketplace.access import Can, require
from marketplace.models import Membership
from pricing.models import Renegotiation
from pricing.renegotiation import Asked, Side, percent
from pricing.signing import PRICE_CHANGE
from repurchase.batches.queries.totals import orders_held
from repurchase.confirmation.queries import agreements
from repurchase.confirmation.queries import renegotiation_page as queries
from repurchase.confirmation.services import renegotiation as renegotiation_services
from repurchase.portal.buyer import evidence
from repurchase.portal.decorators import for_members, may
from repurchase.portal.parsing import whole

A_PAGE = 50
MANY_PRICES = 5000


@require_GET
@for_members()
def renegotiations(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Newest first; the cursor is the place of the last one shown."""
    start, now = whole(request.GET.get("cursor", "")), clock.now(membership.store)
    found = list(queries.of_store(membership.store)[start : start + A_PAGE + 1])
    held = orders_held([each.lock for each in found[:A_PAGE]])
    rows = [
        {"found": each, "state": state, "left": left, "orders": held[each.lock_id]}
        for each in found[:A_PAGE]
        for state, left in [queries.state_of(each, now)]
    ]
    context = {
        "active": "renegotiations",
        "rows": rows,
        "next_cursor": str(start + A_PAGE) if len(found) > A_PAGE else "",
    }
    return render(request, "renegotiations/list.html", context)


@require_GET
@for_members()
def alert(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The dialog of what waits for an answer now; nothing while nothing does."""
    now = clock.now(membership.store)
    waiting = [
        {"found": each, "left": queries.state_of(each, now)[1]}
        for each in queries.live(membership.store, now)
    ]
    return (
        render(request, "renegotiations/alert.html", {"waiting": waiting})
        if waiting
        else HttpResponse()
    )


@require_http_methods(["GET", "HEAD", "POST"])
@for_members()
def renegotiation(request: HttpRequest, membership: Membership, pk: UUID) -> HttpResponse:
    found = queries.renegotiation(membership.store, pk)
    if request.method != "POST":
        return _page(request, membership, found)
    act = request.POST.get("act", "")
    if act not in ACTS:
        raise Problem(Code.INPUT_INVALID, detail=f"act: {act[:40]}")
    require(membership, Can.PLAN if act == "comment" else Can.LOCK)
    try:
        return ACTS[act](request, found)
    except Problem as problem:
        return _page(request, membership, found, problem=problem)


def _page(
    request: HttpRequest,
    membership: Membership,
    found: Renegotiation,
    *,
    problem: Problem | None = None,
) -> HttpResponse:
    """The present state, with what a form of it ran into beside it: nothing that was typed is
    lost."""
    found = queries.renegotiation(membership.store, found.pk)
    now = clock.now(membership.store)
    talks = queries.talks(found, now=now, side=Side.SELLER, all_skus=bool(request.GET.get("skus")))
    context = {
        "active": "renegotiations",
        "talks": talks,
        "asked": queries.services_of(found, talks),
        "found": found,
        "chart": queries.chart(found),
        "may_sign": may(membership, Can.LOCK),
        "may_comment": may(membership, Can.PLAN),
        "me": f"user:{request.user.pk}",
        "store_id": membership.store_id,
        "consent_version": PRICE_CHANGE,
        "undelivered": queries.undelivered(membership.store_id, queries.grant_of(talks.batch)),
        "papers": agreements.papers(membership.store, found.lock.subject),
        "band": percent(renegotiation_services.band_of(talks.batch)),
        "typed": request.POST if problem else {},
        "refused": problem_texts.of(problem.code, problem.evidence) if problem else None,
    }
    status = CATALOGUE[problem.code].status if problem else 200
    return render(request, "renegotiations/page.html", context, status=status)


def _offer(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    made = renegotiation_services.offer(
        renegotiation=found,
        actor=renegotiation_services.seller(request.user),
        asked=asked(request),
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
    return _back(found)


def _comment(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    renegotiation_services.remark(
        renegotiation=found,
        actor=renegotiation_services.seller(request.user),
        text=request.POST.get("text", ""),
    )
    messages.success(request, _("Your comment is sent to the buyer."))
    return _back(found)


def _decline(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    renegotiation_services.decline(
        renegotiation=found,
        actor=renegotiation_services.seller(request.user),
        reason=request.POST.get("reason", ""),
    )
    messages.success(
        request,
        _("You have declined. The orders of this lot are ended; the rest of the batch lives on."),
    )
    return _back(found)


def _approve(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    renegotiation_services.approve(
        renegotiation=found, digest=request.POST.get("digest", ""), by=f"user:{request.user.pk}"
    )
    messages.success(request, _("The offer is approved."))
    return _back(found)


def _sign(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    _check_password(request)
    both = renegotiation_services.sign_by_member(
        renegotiation=found,
        user=request.user,
        digest=request.POST.get("digest", ""),
        name=request.POST.get("name", ""),
        consent=request.POST.get("consent") == "yes",
        evidence=evidence(request),
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
    return _back(found)


def _check_password(request: HttpRequest) -> None:
    """Who signs proves who they are; wrong ones are counted as at the sign-in."""
    password = request.POST.get("password", "")
    if authenticate(request, username=request.user.email, password=password) != request.user:
        raise Problem(Code.PASSWORD_WRONG)


def _quote(request: HttpRequest, found: Renegotiation) -> HttpResponse:
    batch = renegotiation_services.fresh_quote(renegotiation=found, user=request.user)
    return redirect("batch", ref=batch.ref)


ACTS = {
    "offer": _offer, "comment": _comment, "decline": _decline, "approve": _approve, "sign": _sign, "quote": _quote,
}  # fmt: skip


def asked(request: HttpRequest) -> Asked:
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
    return Asked(
        rule=request.POST.get("rule", ""),
        percent=request.POST.get("percent", "")[:20],
        prices=prices,
    )


def _back(found: Renegotiation) -> HttpResponse:
    return redirect("renegotiation", pk=found.pk)
