"""/developers/: a store's API keys and webhooks. A secret is shown on the answer that made it, and nowhere else."""

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
from marketplace import access, clock
from marketplace.access import Can
from marketplace.models import ApiKey, Membership
from outbox import events, webhooks
from outbox.models import Webhook
from repurchase import happenings, queries
from repurchase.views.doors import for_members

SCOPES = ("read", "write")
KEPT = {"active": "developers"}


@require_http_methods(["GET", "HEAD", "POST"])
@for_members(Can.MANAGE_KEYS)
def developers(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The page; a POST makes an API key."""
    if request.method == "POST":
        return _page(request, membership, key=_new_key(request, membership))
    return _page(request, membership)


def _new_key(request: HttpRequest, membership: Membership) -> str:
    name = request.POST.get("name", "").replace("\0", "").strip()[:80]
    scopes = [scope for scope in SCOPES if scope in request.POST.getlist("scopes")]
    if not name or not scopes:
        raise Problem(Code.INPUT_INVALID, detail=_("A key has a name and at least one scope."))
    return access.new_api_key(store=membership.store, name=name, scopes=scopes, by=request.user)


@require_POST
@for_members(Can.MANAGE_KEYS)
def rotate_key(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    key = access.of(membership.store, ApiKey, pk=key_id)
    return _page(request, membership, key=access.rotate_api_key(key, by=request.user))


@require_POST
@for_members(Can.MANAGE_KEYS)
def revoke_key(request: HttpRequest, membership: Membership, key_id: int) -> HttpResponse:
    access.revoke_api_key(access.of(membership.store, ApiKey, pk=key_id))
    messages.success(request, _("The key is revoked: calls with it are refused from now on."))
    return redirect("developers")


@require_POST
@for_members(Can.MANAGE_KEYS)
def new_webhook(request: HttpRequest, membership: Membership) -> HttpResponse:
    kinds = [kind for kind in happenings.STATES if kind in request.POST.getlist("kinds")]
    url = request.POST.get("url", "").strip()[:500]
    webhooks.judge(url, loopback=settings.WEBHOOKS_TO_LOOPBACK)
    made, secret = webhooks.create(
        store_id=membership.store_id,
        url=url,
        types=[] if len(kinds) == len(happenings.STATES) else [f"{kind}.*" for kind in kinds],
        loopback=settings.WEBHOOKS_TO_LOOPBACK,
    )
    return _webhook_page(request, queries.webhook(membership.store, made.pk), secret=secret)


@require_http_methods(["GET", "HEAD"])
@for_members(Can.MANAGE_KEYS)
def webhook(request: HttpRequest, membership: Membership, webhook_id: UUID) -> HttpResponse:
    return _webhook_page(request, queries.webhook(membership.store, webhook_id))


@require_POST
@for_members(Can.MANAGE_KEYS)
def change_webhook(request: HttpRequest, membership: Membership, webhook_id: UUID, verb: str) -> HttpResponse:
    found = queries.webhook(membership.store, webhook_id)
    match verb:
        case "rotate":
            secret = webhooks.rotate(found, now=clock.now())
            return _webhook_page(request, queries.webhook(membership.store, webhook_id), secret=secret)
        case "on" | "off":
            webhooks.switch(found, on=verb == "on")
        case "replay":
            messages.success(request, _replayed(found, request.POST.get("after", "")))
        case "remove":
            webhooks.remove(found)
            messages.success(request, _("The webhook is removed."))
            return redirect("developers")
    return redirect("developers-webhook", webhook_id=webhook_id)


def _replayed(found: Webhook, after: str) -> str:
    if not after.isdecimal() or len(after) > 18:
        raise Problem(Code.INPUT_INVALID, detail=_("the number of an event"))
    n = webhooks.replay(found, after=int(after))
    return ngettext("%(n)s event is sent again.", "%(n)s events are sent again.", n) % {"n": n}


def _page(request: HttpRequest, membership: Membership, key: str = "") -> HttpResponse:
    store = membership.store
    context = {
        "store_id": store.pk,
        "keys": access.live_keys().filter(store=store).select_related("created_by").order_by("name", "pk"),
        "webhooks": queries.webhooks(store),
        "kinds": list(happenings.STATES),
        "scopes": SCOPES,
        "key": key,
        "head": events.head_of(store.pk),
    }
    return render(request, "developers/page.html", KEPT | context)


def _webhook_page(request: HttpRequest, found: Webhook, secret: str = "") -> HttpResponse:
    page = queries.deliveries(found, cursor=request.GET.get("cursor", ""))
    context = {
        "store_id": found.store_id,
        "webhook": found,
        "secret": secret,
        "rows": page.rows,
        "next_cursor": page.next_cursor,
        "head": events.head_of(found.store_id),
    }
    return render(request, "developers/webhook.html", KEPT | context)
