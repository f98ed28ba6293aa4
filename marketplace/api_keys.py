"""API keys: asked for, granted by a member who so becomes its principal, taken over, rotated,
ended.

A key acts for its principal and never does more than they may at that moment; without one it does
nothing.
"""

import datetime as dt
import hashlib
import re
import secrets

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now

from diagnostics import ledger
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.access import Capability, has_capability, require_capability
from marketplace.models import ApiKey, Membership, User

OVERLAP = dt.timedelta(hours=24)
"""A rotated key works for so long beside its successor."""

SCOPES = ("read", "write")
"""What a key may do of what its principal may: look, and all else."""


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def person_of(actor: str) -> int | None:
    """Whom an actor of the ledger is or acts for: 7 for “user:7” and for “key:3/user:7”."""
    found = re.fullmatch(r"(?:key:[0-9]+/)?user:([0-9]{1,18})", actor, re.ASCII)
    return int(found[1]) if found else None


def is_same_person(one: str, other: str) -> bool:
    """Whether two actors are or act for one person; actors that name none are the same when they
    are equal."""
    return one == other or (person_of(one) is not None and person_of(one) == person_of(other))


def list_valid_keys() -> models.QuerySet[ApiKey]:
    """Neither refused, revoked nor run out: those asked for, those that act, those whose principal
    has left."""
    rows = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)
    return rows.select_related("store", "principal__user", "created_by")


def list_active_keys() -> models.QuerySet[ApiKey]:
    """Those that act for a member of their store who may sign in."""
    return list_valid_keys().filter(principal__store=F("store"), principal__user__is_active=True)


def find_key_by_text(text: str) -> ApiKey | None:
    """The key that acts, or the one that was asked for and waits; None for any other text."""
    waiting = Q(granted_at=None)
    live = Q(principal__store=F("store"), principal__user__is_active=True)
    return list_valid_keys().filter(waiting | live, digest=digest_of(text)).first()


def require_key_permission(key: ApiKey, *, needs: Capability, scope: str) -> None:
    """KEY_NOT_GRANTED, SCOPE_MISSING, or NOT_PERMITTED where its principal may not do it either
    (403)."""
    if key.principal is None:
        raise Problem(Code.KEY_NOT_GRANTED)
    if scope not in key.scopes:
        raise Problem(Code.SCOPE_MISSING, needs=scope)
    require_capability(key.principal, needs)


@transaction.atomic
def request_key(*, member: Membership, name: str, scopes: list[str]) -> str:
    """Makes a key and returns its text, the only time it can be read.

    It waits until somebody grants it; who may do so grants it to himself by asking.
    """
    require_capability(member, Capability.MANAGE_KEYS, Capability.GRANT_KEYS)
    text, key = _create_key(member, name=name, scopes=scopes)
    _record_key_event(key, "key.requested", by=member.user)
    if has_capability(member, Capability.GRANT_KEYS):
        _grant_key(key, member, "key.granted")
    return text


def _create_key(member: Membership, *, name: str, scopes: list[str]) -> tuple[str, ApiKey]:
    text = f"bro_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        store=member.store,
        name=name,
        scopes=scopes,
        prefix=text[:12],
        digest=digest_of(text),
        created_by=member.user,
    )
    return text, key


@transaction.atomic
def grant(key: ApiKey, *, by: Membership) -> None:
    """The key acts for `by` from now on. STATE_CONFLICT for one that is granted or refused
    already."""
    _grant_key(_lock_key_in_state(key, by, "grant", "requested"), by, "key.granted")


@transaction.atomic
def take_over(key: ApiKey, *, by: Membership) -> str:
    """A key of the same name and scopes that acts for `by`: its text, which nobody else has seen.

    The old text works for another 24 hours and for its own principal, so that it ends when they
    leave. STATE_CONFLICT for one's own key, one that is replaced already, and one that has ended:
    it stays so.
    """
    held = _lock_key_in_state(key, by, "take over", "granted", "ended")
    if held.principal is None or held.principal_id == by.pk or held.expires_at:
        raise Problem(Code.STATE_CONFLICT, state=held.state, event="take over")
    text, new = _replace_key(held, by)
    _grant_key(new, by, "key.taken_over", before=held.pk, was=_user_actor(held.principal.user_id))
    return text


@transaction.atomic
def refuse(key: ApiKey, *, by: Membership) -> None:
    """A request that nobody will grant: its text never works."""
    _end_key(_lock_key_in_state(key, by, "refuse", "requested"), "key.refused", by=by.user)


@transaction.atomic
def revoke(key: ApiKey, *, by: Membership) -> None:
    """Refused from now on. Once revoked, again changes nothing."""
    require_capability(by, Capability.MANAGE_KEYS, Capability.GRANT_KEYS)
    held = _lock_key(key)
    if held and not held.revoked_at:
        _end_key(held, "key.revoked", by=by.user)


@transaction.atomic
def rotate(key: ApiKey, *, by: Membership) -> str:
    """A new text under the same name and scopes; the old one works for another 24 hours.

    It acts for its principal when they rotate it, and for another who may grant: that one becomes
    its principal. For anybody else, who asked for it too, it is a new request. NOT_FOUND for a key
    that does not act.
    """
    require_capability(by, Capability.MANAGE_KEYS, Capability.GRANT_KEYS)
    old = _lock_key(key)
    if old is None or old.state != "granted" or old.expires_at:
        raise Problem(Code.NOT_FOUND)
    text, new = _replace_key(old, by)
    _record_key_event(new, "key.rotated", by=by.user, before=old.pk)
    if by.pk == old.principal_id or has_capability(by, Capability.GRANT_KEYS):
        _grant_key(new, by, "key.granted")
    return text


def _replace_key(old: ApiKey, by: Membership) -> tuple[str, ApiKey]:
    """A new one that `by` sees and nobody has granted; the old one runs out."""
    ApiKey.objects.filter(pk=old.pk).update(expires_at=Now() + OVERLAP)
    return _create_key(by, name=old.name, scopes=old.scopes)


@transaction.atomic
def end_keys_of_member(member: Membership, *, by: User) -> None:
    """The keys of a member who leaves: those that act for them and those whose text they saw,
    asked for or granted.

    They act for nobody, and nobody can grant them or take them over.
    """
    theirs = Q(principal=member) | Q(store=member.store_id, created_by=member.user_id)
    for key in list_valid_keys().select_for_update(of=("self",)).filter(theirs).order_by("pk"):
        if key.granted_at is None:
            _end_key(key, "key.ended", by=by)
        elif key.principal is not None:
            _record_key_event(key, "key.ended", by=by)
            ApiKey.objects.filter(pk=key.pk).update(principal=None)


def _lock_key_in_state(key: ApiKey, by: Membership, verb: str, *states: str) -> ApiKey:
    require_capability(by, Capability.GRANT_KEYS)
    held = _lock_key(key)
    if held is None or held.state not in states:
        raise Problem(Code.STATE_CONFLICT, state=held.state if held else "ended", event=verb)
    return held


def _lock_key(key: ApiKey) -> ApiKey | None:
    """As it is now, its row held; None once it has run out."""
    rows = ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), pk=key.pk)
    return rows.select_for_update(of=("self",)).select_related("store", "principal__user").first()


def _grant_key(key: ApiKey, principal: Membership, kind: str, **facts: object) -> None:
    key.principal = principal
    if principal.store_id != key.store_id:
        raise Problem(Code.NOT_FOUND)
    ApiKey.objects.filter(pk=key.pk).update(principal=principal, granted_at=Now())
    _record_key_event(key, kind, by=principal.user, **facts)


def _end_key(key: ApiKey, kind: str, *, by: User) -> None:
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=Greatest(Now(), "created_at"))
    _record_key_event(key, kind, by=by)


def _record_key_event(key: ApiKey, kind: str, *, by: User, **facts: object) -> None:
    """Key, principal and who asked for it: never its text."""
    ledger.record(
        store_id=key.store_id,
        kind=kind,
        subject=f"key:{key.pk}",
        by=_user_actor(by.pk),
        at=clock.now(key.store),
        name=key.name,
        begins_with=key.prefix,
        scopes=key.scopes,
        principal=_user_actor(key.principal.user_id) if key.principal else "",
        requester=_user_actor(key.created_by_id),
        **facts,
    )


def _user_actor(user_id: int | None) -> str:
    return f"user:{user_id}" if user_id else ""
