"""The buyer's page: one link, no account, always the current state. Opening it does nothing (reliability 8)."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from diagnostics.codes import Code
from diagnostics.problem import Problem
from pricing.signing import CONSENT_VERSION
from repurchase.queries import agreements
from repurchase.queries.offers import Offer, offer, offer_orders
from repurchase.services import answering
from repurchase.views.language import speak

REFERRER_POLICY = "strict-origin"
"""The token never stands in a Referer. Not `no-referrer`: browsers then post with `Origin: null`, which the
check against forged forms refuses."""


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    speak(request)
    found = offer(token)
    speak(request, found.buyer.language)
    if request.method == "POST":
        _act(request, token)
        return _back(request, token)
    return no_referrer(render(request, "buyer/offer.html", _context(request, found, token)))


def _act(request: HttpRequest, token: str) -> None:
    seen = {"token": token, "digests": _digests(request)} | _evidence(request)
    act = request.POST.get("act", "")
    if act == "decline":
        answering.decline(reason=request.POST.get("reason", "")[:1000], **seen)
    elif act == "confirm":
        consent = request.POST.get("consent") == "yes"
        answering.accept(left_out=_left_out(request), consent=consent, **seen)
    else:
        raise Problem(Code.INPUT_INVALID, detail=f"act: {act[:40]}")


def _context(request: HttpRequest, found: Offer, token: str) -> dict:
    page = offer_orders(token, cursor=request.GET.get("cursor", ""))
    return {
        "offer": found,
        "token": token,
        "open_lots": [lot for lot in found.lots if lot.status == "open"],
        "orders": page.rows,
        "next_cursor": page.next_cursor,
        "consent_version": CONSENT_VERSION,
        "papers": agreements.papers(found.store, found.batch_ref),
    }


def _digests(request: HttpRequest) -> dict[UUID, str]:
    """What the buyer saw: `lock id:terms digest` for each lot."""
    try:
        pairs = [text.split(":") for text in request.POST.getlist("digest")]
        return {UUID(lock): digest for lock, digest in pairs}
    except ValueError:
        raise Problem(Code.INPUT_INVALID, detail="digest") from None


def _left_out(request: HttpRequest) -> list[str]:
    """References of orders: one field of many from the script, or a field a tick without it."""
    return sorted({ref for text in request.POST.getlist("left_out") for ref in text.split()})


def _evidence(request: HttpRequest) -> dict:
    return {
        "ip": request.META.get("REMOTE_ADDR") or None,
        "user_agent": request.headers.get("User-Agent", "")[:300],
    }


def _back(request: HttpRequest, token: str) -> HttpResponse:
    lang = request.GET.get("lang", "")
    query = f"?lang={lang}" if lang in dict(settings.LANGUAGES) else ""
    return no_referrer(redirect(reverse("answer", args=[token]) + query))


def no_referrer(response: HttpResponse) -> HttpResponse:
    response["Referrer-Policy"] = REFERRER_POLICY
    return response
