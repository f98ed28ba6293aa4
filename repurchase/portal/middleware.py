"""What is judged before any view, and what became of it: hosts, bodies, expected failures; pages
are never cached."""

import ipaddress
import re
from collections.abc import Callable

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from diagnostics.problem import Problem
from repurchase.portal import errors, health
from repurchase.site import body_limit

GetResponse = Callable[[HttpRequest], HttpResponse]
PROBE_VIEWS = {"/healthz": health.alive, "/readyz": health.ready}


class HostMiddleware:
    """A host that is not ours is told so (400). Probes call health by address: there an IP address
    will do."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
        except DisallowedHost:
            if request.path in PROBE_VIEWS and _is_ip_address(request.META.get("HTTP_HOST", "")):
                return PROBE_VIEWS[request.path](request)
            with translation.override(translation.get_language_from_request(request)):
                return errors.foreign_host(request)
        return self.get_response(request)


def _is_ip_address(host: str) -> bool:
    """Such as 10.1.2.3:8000 or [fd00::1]:8000; a missing one too."""
    in_brackets = re.fullmatch(r"\[(.+)\](?::[0-9]{1,5})?", host)
    try:
        ipaddress.ip_address(in_brackets[1] if in_brackets else host.partition(":")[0])
    except ValueError:
        return not host
    return True


class ProblemMiddleware:
    """An expected failure in a page becomes words here, and nowhere else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = _refuse_large_body(request) or self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return errors.problem_page(request, exception) if isinstance(exception, Problem) else None


def _refuse_large_body(request: HttpRequest) -> HttpResponse | None:
    """A body that is larger than it may be; what is still on its way is not waited for."""
    limit = getattr(request, "scope", {}).get(body_limit.TOO_LARGE_KEY)
    if limit is None:
        return None
    response = errors.too_large(request, limit)
    response["Connection"] = "close"
    return response
