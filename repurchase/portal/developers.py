"""/developers/: a store's API keys and webhooks. A secret is shown on the answer that made it, and
nowhere else.

Developers ask for keys, owners and managers grant them: a key then acts for who granted it.
"""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import access, api_keys
from marketplace.access import Can
from marketplace.models import ApiKey, Membership
from outbox import events, webhooks
from outbox.models import Webhook
from repurchase.batches import event_types
from repurchase.integration.queries import webhooks as webhook_queries
from repurchase.integration.services import webhooks as services
from repurchase.portal.decorators import for_members, may

KEPT = {"active": "developers"}
OF_KEYS = (Can.MANAGE_KEYS, Can.GRANT_KEYS)


@require_http_methods(["GET", "HEAD", "POST"])
@for_members(*OF_KEYS)
def developers(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The page; a POST asks for an API key."""
    if request.method == "POST":
        return _page(request, membership, key=_new_key(request, membership))
    return _page(request, membership)


def _new_key(request: HttpRequest, membership: Membership) -> str:
    name = request.POST.get("name", "").replace("\0", "").strip()[:80]
    scopes = [scope for scope in api_keys.SCOPES if scope in request.POST.getlist("scopes")]
    if not name or not scopes:
        raise Problem(Code.INPUT_INVALID, detail=_("A key has a name and at least one scope."))
    return api_keys.ask_for(member=membership, name=name, scopes=scopes)


@require_POST
@for_members(*OF_KEYS)
def rotate_key(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    key = access.of(membership.store, ApiKey, pk=key_id)
    return _page(request, membership, key=api_keys.rotate(key, by=membership))


@require_POST
@for_members(*OF_KEYS)
def revoke_key(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    api_keys.revoke(access.of(membership.store, ApiKey, pk=key_id), by=membership)
    messages.success(request, _("The key is revoked: calls with it are refused from now on."))
    return redirect("developers")


@require_POST
@for_members(Can.GRANT_KEYS)
def grant_key(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    api_keys.grant(access.of(membership.store, ApiKey, pk=key_id), by=membership)
    messages.success(
        request,
        _("The key is granted: it acts for you from now on, and never does more than you may."),
    )
    return redirect("developers")


@require_POST
@for_members(Can.GRANT_KEYS)
def refuse_key(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    api_keys.refuse(access.of(membership.store, ApiKey, pk=key_id), by=membership)
    messages.success(request, _("The request is refused: the key will never work."))
    return redirect("developers")


@require_POST
@for_members(Can.GRANT_KEYS)
def take_key_over(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    key = access.of(membership.store, ApiKey, pk=key_id)
    return _page(request, membership, key=api_keys.take_over(key, by=membership))


@require_POST
@for_members(Can.MANAGE_KEYS)
def new_webhook(request: HttpRequest, membership: Membership) -> HttpResponse:
    kinds = [kind for kind in event_types.STATES if kind in request.POST.getlist("kinds")]
    url = request.POST.get("url", "").strip()[:500]
    webhooks.judge(url, loopback=settings.WEBHOOKS_TO_LOOPBACK)
    made, secret = services.add(
        store=membership.store,
        url=url,
        types=[] if len(kinds) == len(event_types.STATES) else [f"{kind}.*" for kind in kinds],
        by=f"user:{request.user.pk}",
    )
    return _webhook_page(request, webhook_queries.webhook(membership.store, made.pk), secret=secret)


@require_http_methods(["GET", "HEAD"])
@for_members(Can.MANAGE_KEYS)
def webhook(request: HttpRequest, membership: Membership, webhook_id: UUID) -> HttpResponse:
    return _webhook_page(request, webhook_queries.webhook(membership.store, webhook_id))


@require_POST
@for_members(Can.MANAGE_KEYS)
def change_webhook(
    request: HttpRequest, membership: Membership, webhook_id: UUID, verb: str
) -> HttpResponse:
    found = webhook_queries.webhook(membership.store, webhook_id)
    whose = {"store": membership.store, "by": f"user:{request.user.pk}"}
    match verb:
        case "rotate":
            secret = services.rotate(found, **whose)
            return _webhook_page(
                request, webhook_queries.webhook(membership.store, webhook_id), secret=secret
            )
        case "on" | "off":
            services.switch(found, on=verb == "on", **whose)
        case "replay":
            messages.success(request, _replayed(found, request.POST.get("after", "")))
        case "remove":
            services.remove(found, **whose)
            messages.success(request, _("The webhook is removed."))
            return redirect("developers")
    return redirect("developers-webhook", webhook_id=webhook_id)


def _replayed(found: Webhook, after: str) -> str:
    if not after.isdecimal() or len(after) > 18:
        raise Problem(Code.INPUT_INVALID, detail=_("the number of an event"))
    n = webhooks.replay(found, after=int(after))
    return ngettext("%(n)s event is sent again.", "%(n)s events are sent again.", n) % {"n": n}


def _page(request: HttpRequest, membership: Membership, key: str = "") -> HttpResponse:
    store, may_grant = membership.store, may(membership, Can.GRANT_KEYS)
    context = {
        "store_id": store.pk,
        "mine": membership,
        "may_grant": may_grant,
        "may_manage": may(membership, Can.MANAGE_KEYS),
        "keys": api_keys.standing().filter(store=store).order_by("granted_at", "name", "pk"),
        "scopes": list(api_keys.SCOPES),
        "key": key,
        "waits": bool(key) and not may_grant,
    }
    if context["may_manage"]:
        context |= {
            "webhooks": webhook_queries.webhooks(store),
            "kinds": list(event_types.STATES),
            "head": events.head_of(store.pk),
        }
    return render(request, "developers/page.html", KEPT | context)


def _webhook_page(request: HttpRequest, found: Webhook, secret: str = "") -> HttpResponse:
    page = webhook_queries.deliveries(found, cursor=request.GET.get("cursor", ""))
    context = {
        "store_id": found.store_id,
        "webhook": found,
        "added_by": webhook_queries.added_by(found),
        "secret": secret,
        "rows": page.rows,
        "next_cursor": page.next_cursor,
        "head": events.head_of(found.store_id),
    }
    return render(request, "developers/webhook.html", KEPT | context)
