"""Signing in, and changing the store one stands in."""

from collections.abc import Mapping

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from marketplace.access import SESSION_KEY, memberships_of
from repurchase.portal.parsing import parse_whole_number

NAME_MAX = 255


def account_named(request: HttpRequest, credentials: Mapping | None) -> str:
    """Whose failures are counted: an email in capitals is the same account, not ten more tries.

    A name that is longer than the row of a failure has room for is nobody's: it is counted by its
    beginning.
    """
    return str((credentials or request.POST).get("username") or "").strip().lower()[:NAME_MAX]


class SignIn(LoginView):
    template_name = "sign_in.html"
    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        """Reviewers have no store: their desk is the administration."""
        user = self.request.user
        if user.is_staff and not memberships_of(user).exists():
            return reverse("admin:index")
        return super().get_default_redirect_url()


@require_POST
@login_required
def switch_store(request: HttpRequest) -> HttpResponse:
    to = request.POST.get("to", "")
    membership = get_object_or_404(memberships_of(request.user), store_id=parse_whole_number(to))
    request.session[SESSION_KEY] = membership.store_id
    return redirect("dashboard")
