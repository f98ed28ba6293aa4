"""Who may enter a seller's page: a signed-in member, who stands in one of their stores."""

import functools
from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import access
from marketplace.access import Can
from marketplace.models import Membership
from outbox import events


def for_members(*rights: Can) -> Callable:
    """The view gets the membership; a stranger is sent to sign in, a member with none of the
    rights gets 403."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @login_required
        @functools.wraps(view)
        def entered(request: HttpRequest, **kwargs) -> HttpResponse:
            membership = access.current_membership(request)
            _same_store(request, membership)
            access.require(membership, *(rights or (Can.VIEW,)))
            if request.method == "GET" and "HX-Request" not in request.headers:
                request.events_head = events.head_of(
                    membership.store_id
                )  # before anything that the page shows
            return view(request, membership, **kwargs)

        return entered

    return decorate


def _same_store(request: HttpRequest, membership: Membership) -> None:
    """A form opened in another store than the session now stands in does nothing (409)."""
    echoed = request.POST.get("store", "") if request.method == "POST" else ""
    if echoed and echoed != str(membership.store_id):
        raise Problem(Code.STORE_MISMATCH)


def may(membership: Membership, can: Can) -> bool:
    return access.can(membership, can)
