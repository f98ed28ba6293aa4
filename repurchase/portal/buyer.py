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
from repurchase.confirmation.queries.buyer_page import Offer, offer, offer_orders, offer_services
from repurchase.confirmation.queries.order_totals import NO_TICKS, Ticks, weigh
from repurchase.confirmation.services import buyer_response
from repurchase.portal.language import speak

REFERRER_POLICY = "strict-origin"
"""The token never stands in a Referer. Not `no-referrer`: browsers then post with `Origin: null`,
which the check against forged forms refuses."""


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    speak(request)
    found = offer(token)
    speak(request, found.buyer.language)
    if request.method == "POST" and request.POST.get("act") == "total":
        return _total(request, found, token)
    if request.method == "POST":
        try:
            _act(request, token)
        except Problem as problem:
            if not problem.evidence.get("ticks"):
                raise
            return page(request, found, token, ticks=ticks_in(request), problem=problem)
        return _back(request, token)
    return page(request, found, token)


def page(
    request: HttpRequest,
    found: Offer,
    token: str,
    *,
    ticks: Ticks = NO_TICKS,
    problem: Problem | None = None,
    form_of: UUID | None = None,
) -> HttpResponse:
    """The link's page; with a `problem`, which a form of it ran into, in that one's words and with
    its status.

    `form_of`: the renegotiation that the form and its `ticks` were of: what was typed into it
    stays.
    """
    of_page = NO_TICKS if form_of else ticks
    context = _context(request, found, token, of_page) | (
        {} if form_of and _ticked(problem) else _said(problem)
    )
    for each in context["all_talks"]:
        of_form = each["talks"].renegotiation.pk == form_of
        each["typed"] = request.POST if of_form else {}
        each["changed"] = of_form and _ticked(problem)
        each["asked"] = renegotiation_page.services_of(
            each["talks"].renegotiation,
            each["talks"],
            ticks if of_form and ticks is not NO_TICKS else None,
        )
    status = CATALOGUE[problem.code].status if problem else 200
    return no_referrer(render(request, "buyer/offer.html", context, status=status))


def _ticked(problem: Problem | None) -> bool:
    """What was ticked comes to another total than the one that was shown."""
    return bool(problem and problem.evidence.get("ticks"))


def _said(problem: Problem | None) -> dict:
    if problem is None:
        return {}
    if _ticked(problem):
        return {"changed": True}
    return {"refused": problem_texts.of(problem.code, problem.evidence)}


def _total(request: HttpRequest, found: Offer, token: str) -> HttpResponse:
    """What these ticks come to, before anything is confirmed: a part for the script, else the page
    with its ticks."""
    ticks = ticks_in(request)
    if request.headers.get("HX-Request") != "true":
        return page(request, found, token, ticks=ticks)
    context = {
        "offer": found,
        "weighed": weigh(grant=found.grant, lock_ids=_open_ids(found), ticks=ticks),
    }
    return no_referrer(render(request, "buyer/sum.html", context))


def _act(request: HttpRequest, token: str) -> None:
    seen = {"token": token, "digests": _digests(request)} | _evidence(request)
    act = request.POST.get("act", "")
    if act == "decline":
        buyer_response.decline(reason=request.POST.get("reason", "")[:1000], **seen)
    elif act == "confirm":
        ticks = ticks_in(request)
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


def _context(request: HttpRequest, found: Offer, token: str, ticks: Ticks) -> dict:
    page = offer_orders(token, cursor=request.GET.get("cursor", ""))
    services = offer_services(found.batch, _open_ids(found), cursor=request.GET.get("services", ""))
    return {
        "offer": found,
        "token": token,
        "open_lots": found.open_lots,
        "orders": page.rows,
        "next_cursor": page.next_cursor,
        "services": services.rows,
        "next_services": services.next_cursor,
        "ticks": ticks,
        "kept_ticks": _elsewhere(ticks, services.rows, page.rows),
        "weighed": weigh(grant=found.grant, lock_ids=_open_ids(found), ticks=ticks),
        "consent_version": CONSENT_VERSION,
        "all_talks": _talks(request, found),
        "papers": agreements.papers(found.store, found.batch_ref),
    }


def _talks(request: HttpRequest, found: Offer) -> list[dict]:
    """A section for each renegotiated lot: what changed, what is offered, and what can be done
    about it."""
    wide = bool(request.GET.get("skus"))
    each = renegotiation_page.of_subject(found.store.pk, found.batch_ref)
    return [
        {
            "talks": renegotiation_page.talks(one, now=found.now, side=Side.BUYER, all_skus=wide),
            "chart": renegotiation_page.chart(one),
        }
        for one in each
    ]


def _open_ids(found: Offer) -> list[UUID]:
    return [lot.lock.pk for lot in found.open_lots]


def _elsewhere(ticks: Ticks, services, orders) -> dict[str, list]:
    """Ticks of other pages of the lists: without the script they go along as hidden fields."""
    here = {view.id for view in services}, {order.ref for order in orders}
    return {
        "services": sorted(pk for pk in ticks.services if pk not in here[0]),
        "left_out": sorted(ref for ref in ticks.left_out if ref not in here[1]),
    }


def _digests(request: HttpRequest) -> dict[UUID, str]:
    """What the buyer saw: `lock id:terms digest` for each lot."""
    try:
        pairs = [text.split(":") for text in request.POST.getlist("digest")]
        return {UUID(lock): digest for lock, digest in pairs}
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail="digest") from None


def ticks_in(request: HttpRequest) -> Ticks:
    """References of orders, ids of services: one field of many from the script, or a field a tick
    without it."""
    ids = {text for field in request.POST.getlist("services") for text in field.split()}
    if not all(text.isdecimal() and len(text) < 19 for text in ids):
        raise Problem(Code.INPUT_INVALID, detail="services")
    return Ticks(
        services=frozenset(map(int, ids)),
        every_service=request.POST.get("every_service") == "yes",
        left_out=frozenset(
            ref for text in request.POST.getlist("left_out") for ref in text.split()
        ),
    )


def _evidence(request: HttpRequest) -> dict:
    return {
        "ip": request.META.get("REMOTE_ADDR") or None,
        "user_agent": request.headers.get("User-Agent", "")[:300],
    }


def evidence(request: HttpRequest) -> Evidence:
    return Evidence(**_evidence(request), consent_version=PRICE_CHANGE)


def _back(request: HttpRequest, token: str) -> HttpResponse:
    lang = request.GET.get("lang", "")
    query = f"?lang={lang}" if lang in dict(settings.LANGUAGES) else ""
    return no_referrer(redirect(reverse("answer", args=[token]) + query))


def no_referrer(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = REFERRER_POLICY
    return response
