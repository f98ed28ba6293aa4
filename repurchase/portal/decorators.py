"""Who may enter a seller's page: a signed-in member, who stands in one of their stores."""

import functools
from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import access
from marketplace.access import Capability
from marketplace.models import Membership
from outbox import events


def member_required(*rights: Capability) -> Callable:
    """The view gets the membership; a stranger is sent to sign in, a member with none of the
    rights gets 403."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @login_required
        @functools.wraps(view)
        def entered(request: HttpRequest, **kwargs) -> HttpResponse:
            membership = access.current_membership(request)
            _require_same_store(request, membership)
            access.require_capability(membership, *(rights or (Capability.VIEW,)))
            if request.method == "GET" and "HX-Request" not in request.headers:
                request.events_head = events.latest_number(
                    membership.store_id
                )  # before anything that the page shows
            return view(request, membership, **kwargs)

        return entered

    return decorate


def _require_same_store(request: HttpRequest, membership: Membership) -> None:
    """A form opened in another store than the session now stands in does nothing (409)."""
    echoed = request.POST.get("store", "") if request.method == "POST" else ""
    if echoed and echoed != str(membership.store_id):
        raise Problem(Code.STORE_MISMATCH)


def has_capability(membership: Membership, can: Capability) -> bool:
    return access.has_capability(membership, can)
