"""The buyer's side of a renegotiation, on the page of their link: counter, comment, decline, code,
signature.

Only a POST does anything (reliability 8): mail scanners open links.
"""

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from diagnostics.codes import Code
from diagnostics.problem import Problem
from pricing import signing
from pricing.models import Grant, Renegotiation
from repurchase.confirmation.queries.buyer_page import offer
from repurchase.confirmation.queries.order_totals import NO_TICKS
from repurchase.confirmation.queries.renegotiation_page import of_subject
from repurchase.confirmation.services import renegotiation
from repurchase.portal import buyer
from repurchase.portal.buyer import evidence, no_referrer
from repurchase.portal.language import speak
from repurchase.portal.renegotiations import asked


@require_POST
def act(request: HttpRequest, token: str, pk: UUID) -> HttpResponse:
    speak(request)
    grant = signing.grant_of(token)
    speak(request, grant.buyer.language)
    found = next(
        (each for each in of_subject(grant.store_id, grant.subject) if each.pk == pk), None
    )
    if found is None or found.lock.buyer_id != grant.buyer_id:
        raise Http404
    name = request.POST.get("act", "")
    if name == "total":
        return buyer.page(request, offer(token), token, ticks=buyer.ticks_in(request), form_of=pk)
    if name not in ACTS:
        raise Problem(Code.INPUT_INVALID, detail=f"act: {name[:40]}")
    try:
        ACTS[name](request, grant, found)
    except Problem as problem:
        ticks = buyer.ticks_in(request) if name == "sign" else NO_TICKS
        return buyer.page(request, offer(token), token, ticks=ticks, problem=problem, form_of=pk)
    return _back(request, token, found)


def _counter(request: HttpRequest, grant: Grant, found: Renegotiation) -> None:
    renegotiation.offer(
        renegotiation=found,
        actor=renegotiation.buyer(grant),
        asked=asked(request),
        note=request.POST.get("note", ""),
    )


def _comment(request: HttpRequest, grant: Grant, found: Renegotiation) -> None:
    renegotiation.remark(
        renegotiation=found, actor=renegotiation.buyer(grant), text=request.POST.get("text", "")
    )


def _decline(request: HttpRequest, grant: Grant, found: Renegotiation) -> None:
    renegotiation.decline(
        renegotiation=found, actor=renegotiation.buyer(grant), reason=request.POST.get("reason", "")
    )


def _code(request: HttpRequest, grant: Grant, found: Renegotiation) -> None:
    renegotiation.send_code(renegotiation=found, grant=grant, **_seen(request))


def _sign(request: HttpRequest, grant: Grant, found: Renegotiation) -> None:
    renegotiation.sign_by_link(
        renegotiation=found,
        grant=grant,
        code=request.POST.get("code", "")[:20],
        name=request.POST.get("name", ""),
        evidence=evidence(request),
        ticks=buyer.ticks_in(request),
        shown=request.POST.get("shown", "")[:64],
        **_seen(request),
    )


def _seen(request: HttpRequest) -> dict:
    return {
        "digest": request.POST.get("digest", "")[:64],
        "consent": request.POST.get("consent") == "yes",
    }


ACTS = {"counter": _counter, "comment": _comment, "decline": _decline, "code": _code, "sign": _sign}


def _back(request: HttpRequest, token: str, found: Renegotiation) -> HttpResponse:
    lang = request.GET.get("lang", "")
    query = f"?lang={lang}" if lang in dict(settings.LANGUAGES) else ""
    return no_referrer(redirect(f"{reverse('answer', args=[token])}{query}#r-{found.pk}"))
