"""Sealed agreements: handed out to the two who made them, and checked for whoever holds one."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import access, clock
from marketplace.access import Capability
from marketplace.models import Membership, Store
from pricing import signing
from pricing.services import agreement_sealing, verification
from pricing.services.verification import VerificationCheck, VerificationVerdict
from repurchase.batches.queries import batches
from repurchase.confirmation.queries import agreements
from repurchase.fulfilment.services import failed_documents
from repurchase.integration.api.throttles import Throttle
from repurchase.portal.buyer import with_referrer_policy
from repurchase.portal.decorators import member_required
from repurchase.portal.language import activate_language

CHECK_MESSAGES = {
    VerificationCheck.READABLE: (
        _("It is a PDF with one seal."),
        _("It is no PDF with exactly one seal, or it can't be read."),
    ),
    VerificationCheck.SEAL: (
        _("The seal's signature is valid for the bytes that it covers."),
        _("The seal's signature does not fit the bytes that it covers: they were changed."),
    ),
    VerificationCheck.WHOLE: (
        _("The seal covers the whole file."),
        _("The seal does not cover the whole file: something was added or cut off."),
    ),
    VerificationCheck.TERMS: (
        _("The attached terms have the digests that the parties agreed to."),
        _("The attached agreement or terms do not have the digests that they should have."),
    ),
    VerificationCheck.KNOWN: (
        _("This very file was sealed here, byte for byte."),
        _("This file is not, byte for byte, one that was sealed here."),
    ),
    VerificationCheck.CERTIFICATE: (
        _("It was sealed with the certificate that our records name."),
        _("Our records name no seal with this certificate for it."),
    ),
    VerificationCheck.IN_FORCE: (
        _("The certificate was in force when it sealed."),
        _("The certificate had ended, or not begun, when it sealed."),
    ),
    VerificationCheck.LEDGER: (
        _("The ledger records the act and the seal, and our records still equal it."),
        _("The ledger and our records do not agree about this file."),
    ),
    VerificationCheck.CHAIN: (
        _("The ledger's hash chain is unbroken."),
        _("The ledger's hash chain is broken."),
    ),
    VerificationCheck.ROWS: (
        _("The records of the lock, its values and its signatures equal the ledger."),
        _("The records of the lock, its values or its signatures differ from the ledger."),
    ),
}


class ReaderThrottle(Throttle):
    """To open a file costs a second of a processor."""

    scope = "verify"
    rate = "20/min"

    def get_cache_key(self, request: HttpRequest, view: object = None) -> str:
        return f"verify:{self.get_ident(request)}"


class AllReadersThrottle(ReaderThrottle):
    rate = "60/min"

    def get_cache_key(self, request: HttpRequest, view: object = None) -> str:
        return "verify"


@require_GET
@member_required()
def of_batch(request: HttpRequest, membership: Membership, ref: str, pk: UUID) -> HttpResponse:
    return _agreement_file_response(membership.store, ref, pk)


@require_GET
def of_link(request: HttpRequest, token: str, pk: UUID) -> HttpResponse:
    grant = signing.grant_of(token)
    return with_referrer_policy(_agreement_file_response(grant.store, grant.subject, pk))


@require_POST
@member_required()
def retry_papers(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    """Has the papers that were tried in vain made at once."""
    found = batches.get_batch(membership.store, ref, now=clock.now(membership.store))
    access.require_capability(membership, Capability.SETTLE)
    if failed_documents.retry(found):
        messages.success(request, _("The papers are being made again."))
    else:
        messages.info(request, _("Every paper is made, or being made."))
    return redirect("batch", ref=ref)


def _agreement_file_response(store: Store, ref: str, pk: UUID) -> HttpResponse:
    sealed = agreements.get_sealed_agreement(store, ref, pk)
    response = HttpResponse(agreement_sealing.content_of(sealed), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{agreements.file_name(sealed)}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Open to all. It writes nothing and keeps nothing of the file."""
    activate_language(request, request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, ""))
    verdict = _verify_upload(request) if request.method == "POST" else None
    context = {"verdict": verdict, "checks": _describe_checks(verdict) if verdict else []}
    return render(request, "verify/page.html", context)


def _verify_upload(request: HttpRequest) -> VerificationVerdict:
    _enforce_throttles(request)
    file = request.FILES.get("file")
    if file is None:
        raise Problem(Code.INPUT_INVALID, detail="file")
    return verification.verify(file.read(verification.MAX_BYTES + 1))


def _enforce_throttles(request: HttpRequest) -> None:
    for throttle in (ReaderThrottle(), AllReadersThrottle()):
        if not throttle.allow_request(request, None):
            raise Problem(Code.TOO_MANY_REQUESTS, value=round(throttle.wait() or 60))


def _describe_checks(verdict: VerificationVerdict) -> list[dict]:
    return [
        {"found": found, "words": CHECK_MESSAGES[found.check][not found.ok]}
        for found in verdict.checks
    ]
