"""收款: what awaits payment, recording it, taking a wrong record back; the terms with buyers; the
proforma's file."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import access
from marketplace.access import Can
from marketplace.models import Buyer, Membership
from repurchase.fulfilment.queries import balances, carrier_charges, proforma_invoices
from repurchase.fulfilment.services import (
    payment_import,
    payment_terms,
    releases,
    unpaid_cancellation,
)
from repurchase.fulfilment.services import payments as payment_services
from repurchase.fulfilment.services import proforma_invoices as proforma_invoice_services
from repurchase.fulfilment.services.payments import Receipt
from repurchase.models import Payment, PaymentKind, PaymentSource, Proforma
from repurchase.portal.decorators import for_members, may
from repurchase.portal.parsing import whole

BUYERS_SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
@for_members()
def payments(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The page; a POST takes a file of payments."""
    found = None
    if request.method == "POST":
        access.require(membership, Can.SETTLE)
        found = _imported(request, membership)
    page = balances.payments(membership.store, cursor=request.GET.get("cursor", ""))
    context = {
        "active": "payments",
        "store_id": membership.store_id,
        "store": membership.store,
        "may_settle": may(membership, Can.SETTLE),
        "owed": balances.owed(membership.store),
        "overpaid": balances.overpaid(membership.store),
        "rows": page.rows,
        "next_cursor": page.next_cursor,
        "buyers": balances.terms_of(membership.store)[:BUYERS_SHOWN],
        "imported": found,
    }
    return render(request, "payments/page.html", context)


def _imported(request: HttpRequest, membership: Membership) -> payment_import.Imported:
    file = request.FILES.get("file")
    if file is None:
        raise Problem(Code.INPUT_INVALID, detail=_("Choose a file."))
    data = file.read(payment_import.MAX_BYTES + 1)
    return payment_import.payments(
        store=membership.store, data=data, name=file.name or "", by=_by(request)
    )


@require_POST
@for_members(Can.SETTLE)
def record(request: HttpRequest, membership: Membership, pk: UUID) -> HttpResponse:
    """One transfer for what a proforma still asks for in a currency."""
    found = access.of(membership.store, Proforma, pk=pk)
    report = payment_services.record_all(
        store=membership.store,
        proforma=found,
        currency=request.POST.get("currency", ""),
        amount=_amount(request),
        reference=_reference(request),
        received_at=payment_import.instant(request.POST.get("received_on", "").strip()),
        by=_by(request),
        difference=request.POST.get("difference", ""),
    )
    n = len(report.paid)
    messages.success(
        request,
        ngettext("%(n)s order is paid.", "%(n)s orders are paid.", n) % {"n": n}
        + " "
        + _("They are released in a few minutes; until then the payment can be taken back here."),
    )
    return _back(request)


@require_POST
@for_members(Can.SETTLE)
def call_off(request: HttpRequest, membership: Membership, pk: UUID) -> HttpResponse:
    """The unpaid orders of a proforma end."""
    found = access.of(membership.store, Proforma, pk=pk)
    n = unpaid_cancellation.call_off(
        store=membership.store, proforma=found, why=request.POST.get("why", ""), by=_by(request)
    )
    messages.success(
        request,
        ngettext("%(n)s order is called off.", "%(n)s orders are called off.", n) % {"n": n},
    )
    return redirect("payments")


@require_POST
@for_members(Can.SETTLE)
def record_one(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    """A payment for one order, in part or whole."""
    order = carrier_charges.order_row(membership.store, ref)
    receipt = Receipt(
        key="",
        order=order.ref,
        reference=_reference(request),
        amount=_amount(request),
        currency=order.currency,
        received_at=payment_import.instant(request.POST.get("received_on", "").strip()),
    )
    payment_services.record(
        store=membership.store,
        receipts=[receipt],
        source=PaymentSource.MEMBER,
        by=_by(request),
        whole=True,
    )
    messages.success(request, _("The payment is recorded."))
    return redirect("order", ref=ref)


@require_POST
@for_members(Can.SETTLE)
def settle_difference(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    """What is still open will not come, such as a bank's fee."""
    payment_services.settle_difference(
        store=membership.store,
        order=carrier_charges.order_row(membership.store, ref),
        amount=_amount(request),
        reason=request.POST.get("reason", ""),
        source=PaymentSource.MEMBER,
        by=_by(request),
    )
    messages.success(request, _("The difference is settled; the order is paid."))
    return redirect("order", ref=ref)


@require_POST
@for_members(Can.SETTLE)
def reverse(request: HttpRequest, membership: Membership, pk: UUID) -> HttpResponse:
    """Takes a payment back; with `transfer` every payment of its proforma under the same reference.

    A difference has no reference: it is taken back alone.
    """
    found = get_object_or_404(
        Payment.objects.select_related("order__proforma"), store=membership.store, pk=pk
    )
    why = request.POST.get("why", "")
    if request.POST.get("transfer") == "yes" and found.kind == PaymentKind.RECEIVED:
        payment_services.reverse_transfer(
            store=membership.store,
            proforma=found.order.proforma,
            reference=found.reference,
            why=why,
            by=_by(request),
        )
    else:
        payment_services.reverse(store=membership.store, payment_id=pk, why=why, by=_by(request))
    messages.success(request, _("The payment is taken back; its orders await payment again."))
    return _back(request)


@require_POST
@for_members(Can.SETTLE)
def release(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    releases.release_one(
        store=membership.store,
        order=carrier_charges.order_row(membership.store, ref),
        by=_by(request),
    )
    messages.success(request, _("The order is released."))
    return redirect("order", ref=ref)


@require_POST
@for_members(Can.SETTLE)
def terms(request: HttpRequest, membership: Membership) -> HttpResponse:
    """How a buyer pays, from now on; or what stands on proformas about how to pay."""
    if "pay_to" in request.POST:
        payment_terms.set_pay_to(
            store=membership.store, text=request.POST["pay_to"], by=_by(request)
        )
        messages.success(request, _("It stands on every proforma that is made from now on."))
    else:
        buyer = access.of(membership.store, Buyer, pk=whole(request.POST.get("buyer", "")))
        payment_terms.set_terms(
            buyer=buyer,
            open_account_from_now=request.POST.get("open_account") == "yes",
            reason=request.POST.get("reason", ""),
            by=_by(request),
        )
        messages.success(request, _("The terms hold for what is confirmed from now on."))
    return redirect("payments")


@require_GET
@for_members()
def proforma(request: HttpRequest, membership: Membership, ref: str, pk: UUID) -> HttpResponse:
    found = proforma_invoices.proforma(membership.store, ref, pk)
    response = HttpResponse(
        proforma_invoice_services.content_of(found), content_type="application/pdf"
    )
    response["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _amount(request: HttpRequest) -> str:
    """Typed by a person: blanks and thousands commas are not meant to be refused."""
    return request.POST.get("amount", "").replace(",", "").strip()[:40]


def _reference(request: HttpRequest) -> str:
    reference = request.POST.get("reference", "").replace("\0", "").strip()
    if not reference or len(reference) > 64:
        raise Problem(
            Code.INPUT_INVALID, detail=_("A payment has a reference of at most 64 characters.")
        )
    return reference


def _back(request: HttpRequest) -> HttpResponse:
    """To the page that the form stood on."""
    to = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(to, allowed_hosts=None):
        return redirect(to)
    return redirect("payments")


def _by(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"
