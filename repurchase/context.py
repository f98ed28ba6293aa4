"""What every page knows: the store one stands in and the stores one may change to."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from marketplace.access import SESSION_KEY, memberships_of


def site(request: HttpRequest) -> dict:
    return {
        "memberships": SimpleLazyObject(lambda: _memberships(request)),
        "membership": SimpleLazyObject(lambda: _current(request)),
        "embedded": settings.EMBEDDED,
        "languages": settings.LANGUAGES,
        "platform_verification_url": settings.PLATFORM_VERIFICATION_URL,
    }


def _memberships(request: HttpRequest) -> list:
    if not hasattr(request, "_memberships"):
        user = getattr(request, "user", None)
        request._memberships = list(memberships_of(user)) if user and user.is_authenticated else []
    return request._memberships


def _current(request: HttpRequest):
    memberships = _memberships(request)
    chosen = request.session.get(SESSION_KEY)
    return next((m for m in memberships if m.store_id == chosen), memberships[0] if memberships else None)
