"""An expected failure in a page becomes words here, and nowhere else; and pages are never cached."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from diagnostics.problem import Problem
from repurchase.views import errors


class ProblemMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return errors.answer(request, exception) if isinstance(exception, Problem) else None
