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
from repurchase.confirmation.queries.buyer_page import get_buyer_offer
from repurchase.confirmation.queries.order_totals import EMPTY_SELECTION
from repurchase.confirmation.queries.renegotiation_page import renegotiations_of_batch
from repurchase.confirmation.services import renegotiation
from repurchase.portal import buyer
from repurchase.portal.buyer import signature_evidence, with_referrer_policy
from repurchase.portal.language import activate_language
from repurchase.portal.renegotiations import proposal_from_request


@require_POST
def act(request: HttpRequest, token: str, pk: UUID) -> HttpResponse:
    activate_language(request)
    grant = signing.grant_of(token)
    activate_language(request, grant.buyer.language)
    found = next(
        (each for each in renegotiations_of_batch(grant.store_id, grant.subject) if each.pk == pk),
        None,
    )
    if found is None or found.lock.buyer_id != grant.buyer_id:
        raise Http404
    name = request.POST.get("act", "")
    if name == "total":
        return buyer.render_page(
            request,
            get_buyer_offer(token),
            token,
            ticks=buyer.selection_from_request(request),
            form_of=pk,
        )
    if name not in ACTS:
        raise Problem(Code.INPUT_INVALID, detail=f"act: {name[:40]}")
    try:
        ACTS[name](request, grant, found)
    except Problem as problem:
        ticks = buyer.selection_from_request(request) if name == "sign" else EMPTY_SELECTION
        return buyer.render_page(
            request, get_buyer_offer(token), token, ticks=ticks, problem=problem, form_of=pk
        )
    return _redirect_to_section(request, token, found)


def _make_counter_offer(request: HttpRequest, grant: Grant, found: Renegotiation) -> None:
    renegotiation.offer(
        renegotiation=found,
        actor=renegotiation.buyer_actor(grant),
        asked=proposal_from_request(request),
        note=request.POST.get("note", ""),
    )


def _add_comment(request: HttpRequest, grant: Grant, found: Renegotiation) -> None:
    renegotiation.remark(
        renegotiation=found,
        actor=renegotiation.buyer_actor(grant),
        text=request.POST.get("text", ""),
    )


def _decline_offer(request: HttpRequest, grant: Grant, found: Renegotiation) -> None:
    renegotiation.decline(
        renegotiation=found,
        actor=renegotiation.buyer_actor(grant),
        reason=request.POST.get("reason", ""),
    )


def _send_signing_code(request: HttpRequest, grant: Grant, found: Renegotiation) -> None:
    renegotiation.send_code(renegotiation=found, grant=grant, **_digests_shown(request))


def _sign_offer(request: HttpRequest, grant: Grant, found: Renegotiation) -> None:
    renegotiation.sign_by_link(
        renegotiation=found,
        grant=grant,
        code=request.POST.get("code", "")[:20],
        name=request.POST.get("name", ""),
        evidence=signature_evidence(request),
        ticks=buyer.selection_from_request(request),
        shown=request.POST.get("shown", "")[:64],
        **_digests_shown(request),
    )


def _digests_shown(request: HttpRequest) -> dict:
    return {
        "digest": request.POST.get("digest", "")[:64],
        "consent": request.POST.get("consent") == "yes",
    }


ACTS = {
    "counter": _make_counter_offer,
    "comment": _add_comment,
    "decline": _decline_offer,
    "code": _send_signing_code,
    "sign": _sign_offer,
}


def _redirect_to_section(request: HttpRequest, token: str, found: Renegotiation) -> HttpResponse:
    lang = request.GET.get("lang", "")
    query = f"?lang={lang}" if lang in dict(settings.LANGUAGES) else ""
    return with_referrer_policy(redirect(f"{reverse('answer', args=[token])}{query}#r-{found.pk}"))
