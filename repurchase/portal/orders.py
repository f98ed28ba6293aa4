"""A repeat order: lines then and now, every fee with its formula, what happened to it."""

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from marketplace import clock
from marketplace.access import Can
from marketplace.models import Membership
from marketplace.money import Money
from repurchase.batches.queries import (
    batch_of_past_order,
    drift,
    orders,
    prior_repeats,
    screening_explanation,
)
from repurchase.fulfilment.queries import balances, carrier_charges
from repurchase.models import OrderFee, Release, RepeatOrder
from repurchase.models.order_states import OrderStatus
from repurchase.portal.decorators import for_members, may

UNLOCKED = {OrderStatus.PENDING, OrderStatus.PLANNED, OrderStatus.EXCLUDED, OrderStatus.FAILED}


@require_GET
@for_members()
def order(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    now = clock.now(membership.store)
    detail = orders.order(membership.store, ref, now=now)
    context = {
        "active": "batches",
        "detail": detail,
        "sheet": drift.order_sheet(detail.order, now=now),
        "standing": batch_of_past_order.standings(
            membership.store, [detail.past_order.pk], now=now
        ).get(detail.past_order.pk),
        "repeated": prior_repeats.repeated(
            membership.store, [detail.past_order.pk], besides=detail.order.batch
        ).get(detail.past_order.pk),
        "order": detail.order,
        "past": detail.past_order,
        "keeps": _keeps(detail.order),
        "fee_parts": _by_part(detail.fees),
        "carrier": carrier_charges.charges(detail.order),
        "explanation": screening_explanation.explained(detail.order),
        **_fulfilment(detail.order),
        "store_id": membership.store_id,
        "may_settle": may(membership, Can.SETTLE),
        "is_locked": detail.order.state not in UNLOCKED,
    }
    return render(request, "orders/page.html", context)


def _fulfilment(order: RepeatOrder) -> dict:
    """Payments, release and the ERP's answers: three queries, once the order was confirmed."""
    if order.proforma_id is None:
        return {}
    release = Release.objects.filter(order=order).select_related("erp__product").first()
    responses = list(order.erp_responses.order_by("received_at", "pk")) if release else []
    return {"account": balances.account(order), "release": release, "responses": responses}


def _keeps(order: RepeatOrder) -> Money:
    return Money(order.total_minor - order.tax_minor - order.fees_minor, order.currency)


def _by_part(fees: list[OrderFee]) -> list[tuple[str, Money, list[OrderFee]]]:
    """The four parts in their order, each with its sum and its lines (R-68)."""
    parts = [(part, list(lines)) for part, lines in groupby(fees, key=lambda fee: fee.part)]
    return [
        (part, Money(sum(fee.amount_minor for fee in lines), lines[0].currency), lines)
        for part, lines in parts
    ]
