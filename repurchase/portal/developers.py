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
from marketplace.access import Capability
from marketplace.models import ApiKey, Membership
from outbox import events, webhooks
from outbox.models import Webhook
from repurchase.batches import event_types
from repurchase.integration.queries import webhooks as webhook_queries
from repurchase.integration.services import webhooks as services
from repurchase.portal.decorators import has_capability, member_required

BASE_CONTEXT = {"active": "developers"}
KEY_PERMISSIONS = (Capability.MANAGE_KEYS, Capability.GRANT_KEYS)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(*KEY_PERMISSIONS)
def developers(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The page; a POST asks for an API key."""
    if request.method == "POST":
        return _render_developers_page(
            request, membership, key=_request_new_key(request, membership)
        )
    return _render_developers_page(request, membership)


def _request_new_key(request: HttpRequest, membership: Membership) -> str:
    name = request.POST.get("name", "").replace("\0", "").strip()[:80]
    scopes = [scope for scope in api_keys.SCOPES if scope in request.POST.getlist("scopes")]
    if not name or not scopes:
        raise Problem(Code.INPUT_INVALID, detail=_("A key has a name and at least one scope."))
    return api_keys.request_key(member=membership, name=name, scopes=scopes)


@require_POST
@member_required(*KEY_PERMISSIONS)
def rotate_key(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    key = access.get_store_object(membership.store, ApiKey, pk=key_id)
    return _render_developers_page(request, membership, key=api_keys.rotate(key, by=membership))


@require_POST
@member_required(*KEY_PERMISSIONS)
def revoke_key(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    api_keys.revoke(access.get_store_object(membership.store, ApiKey, pk=key_id), by=membership)
    messages.success(request, _("The key is revoked: calls with it are refused from now on."))
    return redirect("developers")


@require_POST
@member_required(Capability.GRANT_KEYS)
def grant_key(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    api_keys.grant(access.get_store_object(membership.store, ApiKey, pk=key_id), by=membership)
    messages.success(
        request,
        _("The key is granted: it acts for you from now on, and never does more than you may."),
    )
    return redirect("developers")


@require_POST
@member_required(Capability.GRANT_KEYS)
def refuse_key(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    api_keys.refuse(access.get_store_object(membership.store, ApiKey, pk=key_id), by=membership)
    messages.success(request, _("The request is refused: the key will never work."))
    return redirect("developers")


@require_POST
@member_required(Capability.GRANT_KEYS)
def take_key_over(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    key = access.get_store_object(membership.store, ApiKey, pk=key_id)
    return _render_developers_page(request, membership, key=api_keys.take_over(key, by=membership))


@require_POST
@member_required(Capability.MANAGE_KEYS)
def new_webhook(request: HttpRequest, membership: Membership) -> HttpResponse:
    kinds = [kind for kind in event_types.STATES if kind in request.POST.getlist("kinds")]
    url = request.POST.get("url", "").strip()[:500]
    webhooks.check_target(url, loopback=settings.WEBHOOKS_TO_LOOPBACK)
    made, secret = services.add(
        store=membership.store,
        url=url,
        types=[] if len(kinds) == len(event_types.STATES) else [f"{kind}.*" for kind in kinds],
        by=f"user:{request.user.pk}",
    )
    return _render_webhook_page(
        request, webhook_queries.get_webhook(membership.store, made.pk), secret=secret
    )


@require_http_methods(["GET", "HEAD"])
@member_required(Capability.MANAGE_KEYS)
def webhook(request: HttpRequest, membership: Membership, webhook_id: UUID) -> HttpResponse:
    return _render_webhook_page(request, webhook_queries.get_webhook(membership.store, webhook_id))


@require_POST
@member_required(Capability.MANAGE_KEYS)
def change_webhook(
    request: HttpRequest, membership: Membership, webhook_id: UUID, verb: str
) -> HttpResponse:
    found = webhook_queries.get_webhook(membership.store, webhook_id)
    whose = {"store": membership.store, "by": f"user:{request.user.pk}"}
    match verb:
        case "rotate":
            secret = services.rotate(found, **whose)
            return _render_webhook_page(
                request, webhook_queries.get_webhook(membership.store, webhook_id), secret=secret
            )
        case "on" | "off":
            services.switch(found, on=verb == "on", **whose)
        case "replay":
            messages.success(request, _replay_deliveries(found, request.POST.get("after", "")))
        case "remove":
            services.remove(found, **whose)
            messages.success(request, _("The webhook is removed."))
            return redirect("developers")
    return redirect("developers-webhook", webhook_id=webhook_id)


def _replay_deliveries(found: Webhook, after: str) -> str:
    if not after.isdecimal() or len(after) > 18:
        raise Problem(Code.INPUT_INVALID, detail=_("the number of an event"))
    n = webhooks.replay(found, after=int(after))
    return ngettext("%(n)s event is sent again.", "%(n)s events are sent again.", n) % {"n": n}


def _render_developers_page(
    request: HttpRequest, membership: Membership, key: str = ""
) -> HttpResponse:
    store, may_grant = membership.store, has_capability(membership, Capability.GRANT_KEYS)
    context = {
        "store_id": store.pk,
        "mine": membership,
        "may_grant": may_grant,
        "may_manage": has_capability(membership, Capability.MANAGE_KEYS),
        "keys": api_keys.list_valid_keys().filter(store=store).order_by("granted_at", "name", "pk"),
        "scopes": list(api_keys.SCOPES),
        "key": key,
        "waits": bool(key) and not may_grant,
    }
    if context["may_manage"]:
        context |= {
            "webhooks": webhook_queries.list_webhooks(store),
            "kinds": list(event_types.STATES),
            "head": events.latest_number(store.pk),
        }
    return render(request, "developers/page.html", BASE_CONTEXT | context)


def _render_webhook_page(request: HttpRequest, found: Webhook, secret: str = "") -> HttpResponse:
    page = webhook_queries.list_deliveries(found, cursor=request.GET.get("cursor", ""))
    context = {
        "store_id": found.store_id,
        "webhook": found,
        "added_by": webhook_queries.webhook_author_name(found),
        "secret": secret,
        "rows": page.rows,
        "next_cursor": page.next_cursor,
        "head": events.latest_number(found.store_id),
    }
    return render(request, "developers/webhook.html", BASE_CONTEXT | context)
