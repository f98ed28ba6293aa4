"""Every failure of the API as RFC 9457 problem JSON, never as HTML."""

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import set_rollback

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code
from diagnostics.problem import Problem
from repurchase.integration.api import request_id
from repurchase.integration.api.auth import CHALLENGE
from repurchase.site.database_outage import is_database_outage, with_retry_after

log = structlog.get_logger(__name__)
ProblemErrors = list[dict[str, str]]
MAX_SHOWN_ERRORS = 20
"""At most so many places are named in a refusal."""


def as_problem_json(exception: Exception, context: dict[str, Any]) -> JsonResponse:
    """DRF's exception handler. What nobody expected is logged in full and told as INTERNAL_ERROR
    only."""
    set_rollback()
    request: Request = context["request"]
    if isinstance(exception, Problem):
        return _problem_response(
            request, exception, errors=list(_problem_error_rows(context.get("view"), exception))
        )
    if isinstance(exception, exceptions.ValidationError):
        return _validation_response(request, exception)
    if isinstance(
        exception, RequestDataTooBig
    ):  # without the server's edge, which refuses it first
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        said = _("What is sent to this address may have {limit} bytes.").format(limit=limit)
        return _problem_response(request, Problem(Code.INPUT_INVALID, detail=said), 413)
    if isinstance(exception, exceptions.Throttled):
        return _throttled_response(request, exception)
    if isinstance(exception, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return _problem_response(request, Problem(Code.KEY_INVALID))
    if isinstance(exception, Http404 | PermissionDenied | exceptions.NotFound):
        return _problem_response(request, Problem(Code.NOT_FOUND))
    if isinstance(exception, exceptions.APIException) and exception.status_code < 500:
        return _problem_response(
            request,
            Problem(Code.INPUT_INVALID, detail=str(exception.detail)),
            exception.status_code,
        )
    if is_database_outage(exception):
        log.warning("database_unreachable", path=request.path)
        return _problem_response(request, Problem(Code.DATABASE_UNAVAILABLE))
    log.exception("api_failed", path=request.path)
    return _problem_response(request, Problem(Code.INTERNAL_ERROR, id=request_id.of(request)))


def _problem_response(
    request: Request, problem: Problem, status: int = 0, errors: ProblemErrors | None = None
) -> JsonResponse:
    said = problem_texts.describe(problem.code, problem.evidence)
    response = problem_json(
        request,
        code=problem.code,
        status=status or CATALOGUE[problem.code].status,
        title=said.title,
        detail=f"{said.cause} {said.fix}",
        errors=errors or [],
    )
    if problem.code is Code.TOO_MANY_REQUESTS:
        response["Retry-After"] = str(problem.evidence["value"])
    return response


def _problem_error_rows(view: Any, problem: Problem) -> Iterator[dict[str, str]]:
    """The places in the body that a refusal names, or of the orders it names; a body that nobody
    took is not read."""
    for found in problem.evidence.get("rows", ()):
        yield {"code": str(problem.code), **found}
    named = problem.evidence.get("orders")
    if not named or isinstance(named, int) or "rows" in problem.evidence:  # an int: how many
        return
    places: dict[Any, int] = {}
    for place, number in enumerate(getattr(view, "taken", {}).get("order_ids") or []):
        places.setdefault(number, place)
    for number in named:
        if number in places:
            yield {
                "pointer": f"#/order_ids/{places[number]}",
                "code": str(problem.code),
                "detail": number,
            }


def _validation_response(request: Request, exception: exceptions.ValidationError) -> JsonResponse:
    wrong = list(_iter_error_pointers(exception.detail, "#"))
    said = _("{count} of the values sent can't be taken; each is named in “errors”.")
    if len(wrong) > MAX_SHOWN_ERRORS:
        said = _(
            "{count} of the values sent can't be taken; the first {shown} are named in “errors”."
        )
    detail = said.format(count=len(wrong), shown=MAX_SHOWN_ERRORS)
    errors = [
        {"pointer": pointer, "code": str(Code.INPUT_INVALID), "detail": str(said)}
        for pointer, said in wrong[:MAX_SHOWN_ERRORS]
    ]
    return _problem_response(request, Problem(Code.INPUT_INVALID, detail=detail), errors=errors)


def _iter_error_pointers(detail: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """DRF's nested details, each with its JSON pointer (RFC 6901, as a URI fragment)."""
    if isinstance(detail, Mapping | list):
        for name, below in _named_error_details(detail):
            here = (
                pointer
                if name in (None, "non_field_errors")
                else f"{pointer}/{escape_json_pointer(str(name))}"
            )
            yield from _iter_error_pointers(below, here)
    else:
        yield pointer, detail


def _named_error_details(detail: Mapping | list) -> Iterable[tuple[Any, Any]]:
    """What is wrong with a list's rows stands by their number; several things wrong with one
    value, by no name."""
    if isinstance(detail, Mapping):
        return detail.items()
    return ((n if isinstance(below, Mapping) else None, below) for n, below in enumerate(detail))


def escape_json_pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _throttled_response(request: Request, exception: exceptions.Throttled) -> JsonResponse:
    seconds = max(1, ceil(exception.wait or 1))
    return _problem_response(request, Problem(Code.TOO_MANY_REQUESTS, value=seconds))


def problem_json(
    request: Request | HttpRequest,
    *,
    code: Code,
    status: int,
    title: str,
    detail: str,
    errors: ProblemErrors,
) -> JsonResponse:
    body = {
        "type": request.build_absolute_uri(reverse("code", args=[code])),
        "title": title,
        "status": status,
        "detail": detail,
        "code": str(code),
        "errors": errors,
        "request_id": request_id.of(request),
    }
    response = JsonResponse(body, status=status, content_type="application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = CHALLENGE
    return with_retry_after(response)
