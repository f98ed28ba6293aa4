"""Who may do what: roles as sets of capabilities, and every query begun from a store.

A stranger gets the same 404 for what is not theirs as for what is not there.
"""

import datetime as dt
import hashlib
import secrets
from enum import StrEnum

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Greatest, Now
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import ApiKey, Membership, Role, Store, User

SESSION_KEY = "store"
OVERLAP = dt.timedelta(hours=24)
"""A rotated key works for so long beside its successor."""


class Can(StrEnum):
    VIEW = "view"
    PLAN = "plan"  # tick, screen, make a batch
    LOCK = "lock"  # lock prices, invite the buyer, cancel, sign
    SETTLE = "settle"  # record payments, release, agree on how a buyer pays
    OPEN = "open"  # open the benefit of bulk repeat orders
    MANAGE_KEYS = "manage_keys"  # API keys and webhooks


CAPABILITIES: dict[str, frozenset[Can]] = {
    Role.OWNER: frozenset(Can),
    Role.MANAGER: frozenset({Can.VIEW, Can.PLAN, Can.LOCK, Can.SETTLE, Can.OPEN}),
    Role.OPERATOR: frozenset({Can.VIEW, Can.PLAN}),
    Role.VIEWER: frozenset({Can.VIEW}),
    Role.DEVELOPER: frozenset({Can.VIEW, Can.MANAGE_KEYS}),
}


def memberships_of(user: User) -> models.QuerySet[Membership]:
    return Membership.objects.filter(user=user).select_related("store").order_by("store__name", "store_id")


def current_membership(request: HttpRequest) -> Membership:
    """The membership the session stands in; the first one when none was chosen. Http404 for a stranger."""
    memberships = list(memberships_of(request.user))
    chosen = request.session.get(SESSION_KEY)
    for membership in memberships:
        if membership.store_id == chosen:
            return membership
    if not memberships:
        raise Http404
    return memberships[0]


def require(membership: Membership, can: Can) -> None:
    """A member without the right is told so (403): they know that the store exists."""
    if can not in CAPABILITIES[membership.role]:
        raise Problem(Code.NOT_PERMITTED, role=membership.role, needs=str(can))


def of(store: Store, model: type[models.Model] | models.QuerySet, **lookup):
    """The store's own row, or 404."""
    return get_object_or_404(model, store=store, **lookup)


def new_api_key(*, store: Store, name: str, scopes: list[str], by: User | None) -> str:
    """Makes a key and returns its text, the only time it can be read."""
    text = f"bro_{secrets.token_urlsafe(32)}"
    ApiKey.objects.create(
        store=store, name=name, scopes=scopes, prefix=text[:12], digest=digest_of(text), created_by=by
    )
    return text


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def api_key_of(text: str) -> ApiKey | None:
    return live_keys().filter(digest=digest_of(text)).select_related("store").first()


def live_keys() -> models.QuerySet[ApiKey]:
    return ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)


@transaction.atomic
def rotate_api_key(key: ApiKey, *, by: User | None) -> str:
    """A new key with the same name and scopes; the old one works for another 24 hours. NOT_FOUND for a dead one."""
    old = live_keys().select_for_update().filter(pk=key.pk, expires_at=None).first()
    if old is None:
        raise Problem(Code.NOT_FOUND)
    ApiKey.objects.filter(pk=old.pk).update(expires_at=Now() + OVERLAP)
    return new_api_key(store=old.store, name=old.name, scopes=old.scopes, by=by)


def revoke_api_key(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Greatest(Now(), "created_at"))
