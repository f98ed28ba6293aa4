"""X-Request-Id on every answer: the caller's own where it sent a usable one, so both sides' logs
can be joined."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

USABLE = re.compile(r"[A-Za-z0-9._:-]{8,64}")
META = "HTTP_X_REQUEST_ID"


class RequestIdMiddleware:
    """The outermost: django_structlog reads the id that it leaves in the request, and logs by
    it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get(META, "")
        request.META[META] = given if USABLE.fullmatch(given) else str(uuid.uuid4())
        response = self.get_response(request)
        response["X-Request-Id"] = request.META[META]
        return response


def of(request: HttpRequest) -> str:
    return request.META.get(META, "")
