"""A repeat order: lines then and now, every fee with its formula, what happened to it."""

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from marketplace import clock
from marketplace.access import Capability
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
from repurchase.portal.decorators import has_capability, member_required

UNLOCKED = {OrderStatus.PENDING, OrderStatus.PLANNED, OrderStatus.EXCLUDED, OrderStatus.FAILED}


@require_GET
@member_required()
def order(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    now = clock.now(membership.store)
    detail = orders.order_detail(membership.store, ref, now=now)
    context = {
        "active": "batches",
        "detail": detail,
        "sheet": drift.order_sheet(detail.order, now=now),
        "standing": batch_of_past_order.batches_by_past_order(
            membership.store, [detail.past_order.pk], now=now
        ).get(detail.past_order.pk),
        "repeated": prior_repeats.find_prior_repeats(
            membership.store, [detail.past_order.pk], besides=detail.order.batch
        ).get(detail.past_order.pk),
        "order": detail.order,
        "past": detail.past_order,
        "keeps": _seller_net_amount(detail.order),
        "fee_parts": _group_fees_by_part(detail.fees),
        "carrier": carrier_charges.carrier_charge_totals(detail.order),
        "explanation": screening_explanation.explain_screening(detail.order),
        **_order_fulfilment_context(detail.order),
        "store_id": membership.store_id,
        "may_settle": has_capability(membership, Capability.SETTLE),
        "is_locked": detail.order.state not in UNLOCKED,
    }
    return render(request, "orders/page.html", context)


def _order_fulfilment_context(order: RepeatOrder) -> dict:
    """Payments, release and the ERP's answers: three queries, once the order was confirmed."""
    if order.proforma_id is None:
        return {}
    release = Release.objects.filter(order=order).select_related("erp__product").first()
    responses = list(order.erp_responses.order_by("received_at", "pk")) if release else []
    return {"account": balances.order_account(order), "release": release, "responses": responses}


def _seller_net_amount(order: RepeatOrder) -> Money:
    return Money(order.total_minor - order.tax_minor - order.fees_minor, order.currency)


def _group_fees_by_part(fees: list[OrderFee]) -> list[tuple[str, Money, list[OrderFee]]]:
    """The four parts in their order, each with its sum and its lines (R-68)."""
    parts = [(part, list(lines)) for part, lines in groupby(fees, key=lambda fee: fee.part)]
    return [
        (part, Money(sum(fee.amount_minor for fee in lines), lines[0].currency), lines)
        for part, lines in parts
    ]
