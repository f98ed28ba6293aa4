"""The database is away: how that is told from a fault of the request, and when to come back."""

from typing import TypeVar

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse

RETRY_SECONDS = 5
"""A database that was restarted is back by then."""

Response = TypeVar("Response", bound=HttpResponse)


def is_database_outage(error: BaseException | None) -> bool:
    """It can't be reached, was lost on the way, or gave up: no fault of the request, and time
    cures it."""
    return isinstance(error, OperationalError | InterfaceError)


def with_retry_after(response: Response) -> Response:
    """A 503 says when to come back."""
    if response.status_code == 503:
        response.headers.setdefault("Retry-After", str(RETRY_SECONDS))
    return response
