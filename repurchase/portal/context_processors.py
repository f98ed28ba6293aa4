"""What every page knows: the store one stands in and the stores one may change to."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from marketplace import clock
from marketplace.access import SESSION_KEY, Capability, has_capability, memberships_of
from outbox import events
from repurchase.confirmation.queries.renegotiation_page import count_live_renegotiations


def site(request: HttpRequest) -> dict:
    return {
        "memberships": SimpleLazyObject(lambda: _user_memberships(request)),
        "membership": SimpleLazyObject(lambda: _current_membership(request)),
        "may_see_developers": SimpleLazyObject(lambda: _may_see_developers(request)),
        "events_head": SimpleLazyObject(lambda: _events_head(request)),
        "renegotiations_waiting": SimpleLazyObject(lambda: _count_waiting(request)),
        "embedded": settings.EMBEDDED,
        "languages": settings.LANGUAGES,
        "platform_verification_url": settings.PLATFORM_VERIFICATION_URL,
    }


def _user_memberships(request: HttpRequest) -> list:
    if not hasattr(request, "_memberships"):
        user = getattr(request, "user", None)
        request._memberships = list(memberships_of(user)) if user and user.is_authenticated else []
    return request._memberships


def _may_see_developers(request: HttpRequest) -> bool:
    membership = _current_membership(request)
    return membership is not None and (
        has_capability(membership, Capability.MANAGE_KEYS)
        or has_capability(membership, Capability.GRANT_KEYS)
    )


def _events_head(request: HttpRequest) -> int:
    """As of which the page was made: what happened while it was being made comes by the stream
    (`views.doors`)."""
    head = getattr(request, "events_head", None)
    return events.latest_number(_current_membership(request).store_id) if head is None else head


def _count_waiting(request: HttpRequest) -> int:
    store = _current_membership(request).store
    return count_live_renegotiations(store.pk, clock.now(store))


def _current_membership(request: HttpRequest):
    memberships = _user_memberships(request)
    chosen = request.session.get(SESSION_KEY)
    return next(
        (m for m in memberships if m.store_id == chosen), memberships[0] if memberships else None
    )
