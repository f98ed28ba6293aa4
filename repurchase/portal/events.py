"""The portal's own stream: what happens in the store that a page shows, for as long as the page is
open."""

from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET

from marketplace.access import memberships_of
from repurchase.integration import event_stream
from repurchase.portal.parsing import parse_whole_number


@require_GET
@login_required
def stream(request: HttpRequest) -> HttpResponse:
    """`store` is the page's: another window may stand in another store meanwhile."""
    mine = memberships_of(request.user).filter(
        store_id=parse_whole_number(request.GET.get("store", ""))
    )
    store_id = get_object_or_404(mine).store_id
    session, user_id = request.session, request.user.pk

    def may_go_on() -> bool:
        """Signed in, active and a member still."""
        active = get_user_model().objects.filter(
            pk=user_id, is_active=True, memberships__store=store_id
        )
        return session.exists(session.session_key) and active.exists()

    return event_stream.open_response(
        request,
        store_id=store_id,
        owner=f"user:{user_id}",
        may_go_on=may_go_on,
        after=request.GET.get("after", ""),
        progress=True,
    )
