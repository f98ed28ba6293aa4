"""The demo's button: the rate of one sandbox store moves, so that a person sees what a trigger
does."""

from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.access import Capability
from marketplace.models import Membership
from repurchase.demo import market
from repurchase.portal.decorators import member_required

PERCENT = {"up": Decimal(3), "down": Decimal(-3)}


@require_POST
@member_required(Capability.LOCK)
def move(request: HttpRequest, membership: Membership) -> HttpResponse:
    percent = PERCENT.get(request.POST.get("direction", ""))
    if percent is None:
        raise Problem(Code.INPUT_INVALID, detail="direction")
    opened = market.move_rate(
        store=membership.store,
        currency=request.POST.get("currency", "")[:3],
        percent=percent,
        by=f"user:{request.user.pk}",
    )
    messages.info(request, _describe_opened(opened))
    return redirect("dashboard")


def _describe_opened(opened: int) -> str:
    if not opened:
        return _("The simulated rate has moved. No open price lock was moved beyond its limit.")
    return ngettext(
        "The simulated rate has moved. %(n)s price lock has to be renegotiated.",
        "The simulated rate has moved. %(n)s price locks have to be renegotiated.",
        opened,
    ) % {"n": opened}
