"""Who may do what: roles as sets of capabilities, and every query begun from a store.

A stranger gets the same 404 for what is not theirs as for what is not there.
"""

from enum import StrEnum

from django.db import models
from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import Membership, Role, Store, User

SESSION_KEY = "store"


class Capability(StrEnum):
    VIEW = "view"
    PLAN = "plan"  # tick, screen, make a batch
    LOCK = "lock"  # lock prices, invite the buyer, cancel, sign
    SETTLE = "settle"  # record payments, release, agree on how a buyer pays
    OPEN = "open"  # open the benefit of bulk repeat orders
    MANAGE_KEYS = "manage_keys"  # ask for API keys; webhooks, the sandbox
    GRANT_KEYS = "grant_keys"  # let an API key act for oneself


ROLE_CAPABILITIES: dict[str, frozenset[Capability]] = {
    Role.OWNER: frozenset(Capability),
    Role.MANAGER: frozenset(
        {
            Capability.VIEW,
            Capability.PLAN,
            Capability.LOCK,
            Capability.SETTLE,
            Capability.OPEN,
            Capability.GRANT_KEYS,
        }
    ),
    Role.OPERATOR: frozenset({Capability.VIEW, Capability.PLAN}),
    Role.VIEWER: frozenset({Capability.VIEW}),
    Role.DEVELOPER: frozenset({Capability.VIEW, Capability.MANAGE_KEYS}),
}


def memberships_of(user: User) -> models.QuerySet[Membership]:
    return (
        Membership.objects.filter(user=user)
        .select_related("store")
        .order_by("store__name", "store_id")
    )


def current_membership(request: HttpRequest) -> Membership:
    """The membership the session stands in; the first one when none was chosen. Http404 for a
    stranger."""
    memberships = list(memberships_of(request.user))
    chosen = request.session.get(SESSION_KEY)
    for membership in memberships:
        if membership.store_id == chosen:
            return membership
    if not memberships:
        raise Http404
    return memberships[0]


def has_capability(membership: Membership, right: Capability) -> bool:
    """What a role may do is asked at each call: a changed role counts at once."""
    return right in ROLE_CAPABILITIES[membership.role]


def require_capability(membership: Membership, *rights: Capability) -> None:
    """A member with none of the rights is told so (403): they know that the store exists."""
    if not any(has_capability(membership, right) for right in rights):
        raise Problem(Code.NOT_PERMITTED, role=membership.role, needs=str(rights[0]))


def get_store_object(store: Store, model: type[models.Model] | models.QuerySet, **lookup):
    """The store's own row, or 404."""
    return get_object_or_404(model, store=store, **lookup)
