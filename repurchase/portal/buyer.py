"""The buyer's page: one link, no account, always the current state. Opening it does nothing
(reliability 8)."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from diagnostics.problem import Problem
from pricing.renegotiation import Side
from pricing.signing import CONSENT_VERSION, PRICE_CHANGE, Evidence
from repurchase.confirmation.queries import agreements, renegotiation_page
from repurchase.confirmation.queries.buyer_page import (
    BuyerOffer,
    get_buyer_offer,
    list_offered_orders,
    list_offered_services,
)
from repurchase.confirmation.queries.order_totals import (
    EMPTY_SELECTION,
    BuyerSelection,
    total_selection,
)
from repurchase.confirmation.services import buyer_response
from repurchase.portal.language import activate_language

REFERRER_POLICY = "strict-origin"
"""The token never stands in a Referer. Not `no-referrer`: browsers then post with `Origin: null`,
which the check against forged forms refuses."""


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    activate_language(request)
    found = get_buyer_offer(token)
    activate_language(request, found.buyer.language)
    if request.method == "POST" and request.POST.get("act") == "total":
        return _render_selection_total(request, found, token)
    if request.method == "POST":
        try:
            _handle_response(request, token)
        except Problem as problem:
            if not problem.evidence.get("ticks"):
                raise
            return render_page(
                request, found, token, ticks=selection_from_request(request), problem=problem
            )
        return _redirect_to_buyer_page(request, token)
    return render_page(request, found, token)


def render_page(
    request: HttpRequest,
    found: BuyerOffer,
    token: str,
    *,
    ticks: BuyerSelection = EMPTY_SELECTION,
    problem: Problem | None = None,
    form_of: UUID | None = None,
) -> HttpResponse:
    """The link's page; with a `problem`, which a form of it ran into, in that one's words and with
    its status.

    `form_of`: the renegotiation that the form and its `ticks` were of: what was typed into it
    stays.
    """
    of_page = EMPTY_SELECTION if form_of else ticks
    context = _buyer_page_context(request, found, token, of_page) | (
        {} if form_of and _is_selection_changed(problem) else _problem_context(problem)
    )
    for each in context["all_talks"]:
        of_form = each["talks"].renegotiation.pk == form_of
        each["typed"] = request.POST if of_form else {}
        each["changed"] = of_form and _is_selection_changed(problem)
        each["asked"] = renegotiation_page.services_for_signature(
            each["talks"].renegotiation,
            each["talks"],
            ticks if of_form and ticks is not EMPTY_SELECTION else None,
        )
    status = CATALOGUE[problem.code].status if problem else 200
    return with_referrer_policy(render(request, "buyer/offer.html", context, status=status))


def _is_selection_changed(problem: Problem | None) -> bool:
    """What was ticked comes to another total than the one that was shown."""
    return bool(problem and problem.evidence.get("ticks"))


def _problem_context(problem: Problem | None) -> dict:
    if problem is None:
        return {}
    if _is_selection_changed(problem):
        return {"changed": True}
    return {"refused": problem_texts.describe(problem.code, problem.evidence)}


def _render_selection_total(request: HttpRequest, found: BuyerOffer, token: str) -> HttpResponse:
    """What these ticks come to, before anything is confirmed: a part for the script, else the page
    with its ticks."""
    ticks = selection_from_request(request)
    if request.headers.get("HX-Request") != "true":
        return render_page(request, found, token, ticks=ticks)
    context = {
        "offer": found,
        "weighed": total_selection(grant=found.grant, lock_ids=_open_lock_ids(found), ticks=ticks),
    }
    return with_referrer_policy(render(request, "buyer/sum.html", context))


def _handle_response(request: HttpRequest, token: str) -> None:
    seen = {"token": token, "digests": _digests_by_lock(request)} | _response_evidence(request)
    act = request.POST.get("act", "")
    if act == "decline":
        buyer_response.decline(reason=request.POST.get("reason", "")[:1000], **seen)
    elif act == "confirm":
        ticks = selection_from_request(request)
        buyer_response.accept(
            left_out=sorted(ticks.left_out),
            services=ticks.services,
            every_service=ticks.every_service,
            shown=request.POST.get("shown", "")[:64],
            consent=request.POST.get("consent") == "yes",
            **seen,
        )
    else:
        raise Problem(Code.INPUT_INVALID, detail=f"act: {act[:40]}")


def _buyer_page_context(
    request: HttpRequest, found: BuyerOffer, token: str, ticks: BuyerSelection
) -> dict:
    page = list_offered_orders(token, cursor=request.GET.get("cursor", ""))
    services = list_offered_services(
        found.batch, _open_lock_ids(found), cursor=request.GET.get("services", "")
    )
    return {
        "offer": found,
        "token": token,
        "open_lots": found.open_lots,
        "orders": page.rows,
        "next_cursor": page.next_cursor,
        "services": services.rows,
        "next_services": services.next_cursor,
        "ticks": ticks,
        "kept_ticks": _selection_on_other_pages(ticks, services.rows, page.rows),
        "weighed": total_selection(grant=found.grant, lock_ids=_open_lock_ids(found), ticks=ticks),
        "consent_version": CONSENT_VERSION,
        "all_talks": _renegotiation_sections(request, found),
        "papers": agreements.get_batch_documents(found.store, found.batch_ref),
    }


def _renegotiation_sections(request: HttpRequest, found: BuyerOffer) -> list[dict]:
    """A section for each renegotiated lot: what changed, what is offered, and what can be done
    about it."""
    wide = bool(request.GET.get("skus"))
    each = renegotiation_page.renegotiations_of_batch(found.store.pk, found.batch_ref)
    return [
        {
            "talks": renegotiation_page.build_renegotiation_page(
                one, now=found.now, side=Side.BUYER, all_skus=wide
            ),
            "chart": renegotiation_page.rate_chart_of(one),
        }
        for one in each
    ]


def _open_lock_ids(found: BuyerOffer) -> list[UUID]:
    return [lot.lock.pk for lot in found.open_lots]


def _selection_on_other_pages(ticks: BuyerSelection, services, orders) -> dict[str, list]:
    """Ticks of other pages of the lists: without the script they go along as hidden fields."""
    here = {view.id for view in services}, {order.ref for order in orders}
    return {
        "services": sorted(pk for pk in ticks.services if pk not in here[0]),
        "left_out": sorted(ref for ref in ticks.left_out if ref not in here[1]),
    }


def _digests_by_lock(request: HttpRequest) -> dict[UUID, str]:
    """What the buyer saw: `lock id:terms digest` for each lot."""
    try:
        pairs = [text.split(":") for text in request.POST.getlist("digest")]
        return {UUID(lock): digest for lock, digest in pairs}
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail="digest") from None


def selection_from_request(request: HttpRequest) -> BuyerSelection:
    """References of orders, ids of services: one field of many from the script, or a field a tick
    without it."""
    ids = {text for field in request.POST.getlist("services") for text in field.split()}
    if not all(text.isdecimal() and len(text) < 19 for text in ids):
        raise Problem(Code.INPUT_INVALID, detail="services")
    return BuyerSelection(
        services=frozenset(map(int, ids)),
        every_service=request.POST.get("every_service") == "yes",
        left_out=frozenset(
            ref for text in request.POST.getlist("left_out") for ref in text.split()
        ),
    )


def _response_evidence(request: HttpRequest) -> dict:
    return {
        "ip": request.META.get("REMOTE_ADDR") or None,
        "user_agent": request.headers.get("User-Agent", "")[:300],
    }


def signature_evidence(request: HttpRequest) -> Evidence:
    return Evidence(**_response_evidence(request), consent_version=PRICE_CHANGE)


def _redirect_to_buyer_page(request: HttpRequest, token: str) -> HttpResponse:
    lang = request.GET.get("lang", "")
    query = f"?lang={lang}" if lang in dict(settings.LANGUAGES) else ""
    return with_referrer_policy(redirect(reverse("answer", args=[token]) + query))


def with_referrer_policy(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = REFERRER_POLICY
    return response
