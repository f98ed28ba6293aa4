"""A repeat order: lines then and now, every fee with its formula, what happened to it."""

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from marketplace import clock
from marketplace.models import Membership
from marketplace.money import Money
from repurchase import queries
from repurchase.lifecycle import OrderStatus
from repurchase.models import OrderFee
from repurchase.views.doors import for_members

UNLOCKED = {OrderStatus.PENDING, OrderStatus.PLANNED, OrderStatus.EXCLUDED, OrderStatus.FAILED}


@require_GET
@for_members()
def order(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    now = clock.now(membership.store)
    detail = queries.order(membership.store, ref, now=now)
    context = {
        "active": "batches",
        "detail": detail,
        "sheet": queries.order_sheet(detail.order, now=now),
        "standing": queries.standings(membership.store, [detail.past_order.pk], now=now).get(
            detail.past_order.pk
        ),
        "repeated": queries.repeated(
            membership.store, [detail.past_order.pk], besides=detail.order.batch
        ).get(detail.past_order.pk),
        "order": detail.order,
        "past": detail.past_order,
        "fee_parts": _by_part(detail.fees),
        "carrier": queries.charges(detail.order),
        "explanation": queries.explained(detail.order),
        "is_locked": detail.order.state not in UNLOCKED,
    }
    return render(request, "orders/page.html", context)


def _by_part(fees: list[OrderFee]) -> list[tuple[str, Money, list[OrderFee]]]:
    """The four parts in their order, each with its sum and its lines (R-68)."""
    parts = [(part, list(lines)) for part, lines in groupby(fees, key=lambda fee: fee.part)]
    return [
        (part, Money(sum(fee.amount_minor for fee in lines), lines[0].currency), lines)
        for part, lines in parts
    ]
