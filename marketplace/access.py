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


class Can(StrEnum):
    VIEW = "view"
    PLAN = "plan"  # tick, screen, make a batch
    LOCK = "lock"  # lock prices, invite the buyer, cancel, sign
    SETTLE = "settle"  # record payments, release, agree on how a buyer pays
    OPEN = "open"  # open the benefit of bulk repeat orders
    MANAGE_KEYS = "manage_keys"  # ask for API keys; webhooks, the sandbox
    GRANT_KEYS = "grant_keys"  # let an API key act for oneself


CAPABILITIES: dict[str, frozenset[Can]] = {
    Role.OWNER: frozenset(Can),
    Role.MANAGER: frozenset({Can.VIEW, Can.PLAN, Can.LOCK, Can.SETTLE, Can.OPEN, Can.GRANT_KEYS}),
    Role.OPERATOR: frozenset({Can.VIEW, Can.PLAN}),
    Role.VIEWER: frozenset({Can.VIEW}),
    Role.DEVELOPER: frozenset({Can.VIEW, Can.MANAGE_KEYS}),
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


def can(membership: Membership, right: Can) -> bool:
    """What a role may do is asked at each call: a changed role counts at once."""
    return right in CAPABILITIES[membership.role]


def require(membership: Membership, *rights: Can) -> None:
    """A member with none of the rights is told so (403): they know that the store exists."""
    if not any(can(membership, right) for right in rights):
        raise Problem(Code.NOT_PERMITTED, role=membership.role, needs=str(rights[0]))


def of(store: Store, model: type[models.Model] | models.QuerySet, **lookup):
    """The store's own row, or 404."""
    return get_object_or_404(model, store=store, **lookup)
