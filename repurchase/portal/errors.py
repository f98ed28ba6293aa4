"""Failures as pages: what happened, what was kept, what to do; for htmx the same words as a
message."""

import sys

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from diagnostics.problem import Problem
from repurchase.site.database_outage import is_database_outage, with_retry_after


def problem_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The page for a Problem, with its code's HTTP status."""
    said = problem_texts.describe(problem.code, problem.evidence)
    kept = _("Nothing was changed by this request; everything saved before it is still there.")
    where = {
        "held": problem.evidence.get("orders", []),
        "held_by": problem.evidence.get("held_by", []),
    }
    status = CATALOGUE[problem.code].status
    response = _render_error_page(
        request, status, said.title, said.cause, kept, said.fix, said.code, where
    )
    if problem.code is Code.TOO_MANY_REQUESTS:
        response["Retry-After"] = str(problem.evidence["value"])
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem_page(request, Problem(Code.NOT_FOUND))


def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _render_error_page(
        request,
        403,
        _("Not allowed"),
        _("Your account may not see or do this."),
        _("Nothing was changed."),
        _("Go back, or sign in with an account that may."),
    )


def foreign_host(request: HttpRequest) -> HttpResponse:
    """400, without the shell: no address can be built from a host that is not ours."""
    title = _("Another host's name")
    cause = _("The request names a host that this portal does not answer for.")
    if request.path.startswith("/api/"):
        body = {
            "type": "about:blank",
            "title": title,
            "status": 400,
            "detail": cause,
            "code": Code.INPUT_INVALID,
        }
        return JsonResponse(body, status=400, content_type="application/problem+json")
    return HttpResponse(f"{title}. {cause}\n", status=400, content_type="text/plain; charset=utf-8")


def too_large(request: HttpRequest, limit: int) -> HttpResponse:
    return _render_error_page(
        request,
        413,
        _("The body is too large"),
        _("What is sent to this address may have {limit} bytes.").format(limit=limit),
        _("Nothing was changed."),
        _("Send it in parts, or a smaller file."),
    )


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return too_large(request, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    return _render_error_page(
        request,
        400,
        _("The request could not be read"),
        _("Something in the address or the form is not as it should be."),
        _("Nothing was changed."),
        _("Go back, reload the page and try again."),
    )


def failed(request: HttpRequest) -> HttpResponse:
    """500, or 503 where the database is away, whichever layer found that out.

    It draws the page without the shell: what failed may be the database that the shell reads.
    """
    if is_database_outage(sys.exc_info()[1]):
        return _unavailable(request)
    return render(request, "errors/failed.html", {"status": 500}, status=500)


def _unavailable(request: HttpRequest) -> HttpResponse:
    said = problem_texts.describe(Code.DATABASE_UNAVAILABLE, {})
    context = {
        "status": 503,
        "title": said.title,
        "cause": said.cause,
        "fix": said.fix,
        "code": said.code,
    }
    if request.path.startswith("/api/"):
        return _problem_json_response(request, context)
    if getattr(request, "htmx", False):
        response = render(request, "errors/toast.html", context, status=503)
        response["HX-Retarget"], response["HX-Reswap"] = "#toasts", "innerHTML"
    else:
        response = render(request, "errors/unavailable.html", context, status=503)
    return with_retry_after(response)


def _render_error_page(
    request: HttpRequest,
    status: int,
    title: str,
    cause: str,
    kept: str,
    fix: str,
    code: str = "",
    where: dict | None = None,
) -> HttpResponse:
    context = {
        "status": status,
        "title": title,
        "cause": cause,
        "kept": kept,
        "fix": fix,
        "code": code,
    }
    context |= where or {}
    if request.path.startswith("/api/"):
        return _problem_json_response(request, context)
    if getattr(request, "htmx", False):
        response = render(request, "errors/toast.html", context, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#toasts", "innerHTML"
        return with_retry_after(response)
    context |= {"shell": _shell_template(request), "back": _referring_page(request)}
    return with_retry_after(render(request, "errors/problem.html", context, status=status))


def _problem_json_response(request: HttpRequest, context: dict) -> JsonResponse:
    """RFC 9457, for addresses under /api/ that no view answers."""
    code = context["code"] or Code.INPUT_INVALID
    body = {
        "type": request.build_absolute_uri(reverse("code", args=[code])),
        "title": context["title"],
        "status": context["status"],
        "detail": context["cause"],
        "code": code,
        "errors": [],
    }
    return with_retry_after(
        JsonResponse(body, status=context["status"], content_type="application/problem+json")
    )


def _shell_template(request: HttpRequest) -> str:
    return "buyer/base.html" if request.path.startswith(("/b/", "/verify/")) else "shell.html"


def _referring_page(request: HttpRequest) -> str:
    """The page that the form stood on, when it is one of ours; else nothing. A buyer's link sends
    no referrer."""
    if request.path.startswith("/b/"):
        return request.get_full_path() if request.method == "POST" else ""
    referer = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(
        referer, {request.get_host()}, require_https=request.is_secure()
    ):
        return referer
    return ""
