"""Who calls: an API key of one store, which acts for one of its members. No session, no cookie, so
nothing to forge (CSRF)."""

import datetime as dt
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import api_keys
from marketplace.access import Capability
from marketplace.models import ApiKey
from repurchase.integration.api.throttles import Throttle

CHALLENGE = 'Bearer realm="api"'
USE_NOTED_EVERY = dt.timedelta(minutes=1)
"""`last_used_at` is for people who clean up keys: a write a minute is enough."""


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`. `request.auth` is the ApiKey; there is no user."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if not scheme:
            return None
        key = api_keys.find_key_by_text(text.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            raise Problem(Code.KEY_INVALID)
        _note_use(key)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def _note_use(key: ApiKey) -> None:
    before = timezone.now() - USE_NOTED_EVERY
    if key.last_used_at and key.last_used_at > before:
        return
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=before)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now())


def only_reads(request: Request, view: Any) -> bool:
    """A safe method (RFC 9110, 9.2.1), or a POST of a view that says of itself that it
    `only_reads`."""
    return request.method in SAFE_METHODS or getattr(view, "only_reads", False)


class MayAct(BasePermission):
    """What the key's scopes let it do of what its principal may do now.

    Reading takes the scope "read" and the view's `needs_to_read`, everything else "write" and its
    `needs`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is None:
            return False
        if only_reads(request, view):
            api_keys.require_key_permission(
                request.auth, needs=getattr(view, "needs_to_read", Capability.VIEW), scope="read"
            )
        else:
            api_keys.require_key_permission(
                request.auth, needs=getattr(view, "needs", Capability.MANAGE_KEYS), scope="write"
            )
        return True


class KeyThrottle(Throttle):
    """A ceiling on runaway loops: so many calls a key."""

    scope = "key"
    rate = "1200/min"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return f"key:{request.auth.pk}" if request.auth else None
