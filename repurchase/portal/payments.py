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
from marketplace.access import Capability
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
from repurchase.fulfilment.services.payments import PaymentReceipt
from repurchase.models import Payment, PaymentKind, PaymentSource, Proforma
from repurchase.portal.decorators import has_capability, member_required
from repurchase.portal.parsing import parse_whole_number

BUYERS_SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
@member_required()
def payments(request: HttpRequest, membership: Membership) -> HttpResponse:
    """The page; a POST takes a file of payments."""
    found = None
    if request.method == "POST":
        access.require_capability(membership, Capability.SETTLE)
        found = _import_uploaded_file(request, membership)
    page = balances.list_payments(membership.store, cursor=request.GET.get("cursor", ""))
    context = {
        "active": "payments",
        "store_id": membership.store_id,
        "store": membership.store,
        "may_settle": has_capability(membership, Capability.SETTLE),
        "owed": balances.list_outstanding_amounts(membership.store),
        "overpaid": balances.list_overpaid_orders(membership.store),
        "rows": page.rows,
        "next_cursor": page.next_cursor,
        "buyers": balances.buyers_with_payment_terms(membership.store)[:BUYERS_SHOWN],
        "imported": found,
    }
    return render(request, "payments/page.html", context)


def _import_uploaded_file(
    request: HttpRequest, membership: Membership
) -> payment_import.PaymentImportResult:
    file = request.FILES.get("file")
    if file is None:
        raise Problem(Code.INPUT_INVALID, detail=_("Choose a file."))
    data = file.read(payment_import.MAX_BYTES + 1)
    return payment_import.import_file(
        store=membership.store, data=data, name=file.name or "", by=_acting_member(request)
    )


@require_POST
@member_required(Capability.SETTLE)
def record(request: HttpRequest, membership: Membership, pk: UUID) -> HttpResponse:
    """One transfer for what a proforma still asks for in a currency."""
    found = access.get_store_object(membership.store, Proforma, pk=pk)
    report = payment_services.record_all(
        store=membership.store,
        proforma=found,
        currency=request.POST.get("currency", ""),
        amount=_parse_typed_amount(request),
        reference=_parse_reference(request),
        received_at=payment_import.parse_received_at(request.POST.get("received_on", "").strip()),
        by=_acting_member(request),
        difference=request.POST.get("difference", ""),
    )
    n = len(report.paid)
    messages.success(
        request,
        ngettext("%(n)s order is paid.", "%(n)s orders are paid.", n) % {"n": n}
        + " "
        + _("They are released in a few minutes; until then the payment can be taken back here."),
    )
    return _redirect_back(request)


@require_POST
@member_required(Capability.SETTLE)
def call_off(request: HttpRequest, membership: Membership, pk: UUID) -> HttpResponse:
    """The unpaid orders of a proforma end."""
    found = access.get_store_object(membership.store, Proforma, pk=pk)
    n = unpaid_cancellation.cancel_orders(
        store=membership.store,
        proforma=found,
        why=request.POST.get("why", ""),
        by=_acting_member(request),
    )
    messages.success(
        request,
        ngettext("%(n)s order is called off.", "%(n)s orders are called off.", n) % {"n": n},
    )
    return redirect("payments")


@require_POST
@member_required(Capability.SETTLE)
def record_one(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    """A payment for one order, in part or whole."""
    order = carrier_charges.get_store_order(membership.store, ref)
    receipt = PaymentReceipt(
        key="",
        order=order.ref,
        reference=_parse_reference(request),
        amount=_parse_typed_amount(request),
        currency=order.currency,
        received_at=payment_import.parse_received_at(request.POST.get("received_on", "").strip()),
    )
    payment_services.record(
        store=membership.store,
        receipts=[receipt],
        source=PaymentSource.MEMBER,
        by=_acting_member(request),
        whole=True,
    )
    messages.success(request, _("The payment is recorded."))
    return redirect("order", ref=ref)


@require_POST
@member_required(Capability.SETTLE)
def settle_difference(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    """What is still open will not come, such as a bank's fee."""
    payment_services.settle_difference(
        store=membership.store,
        order=carrier_charges.get_store_order(membership.store, ref),
        amount=_parse_typed_amount(request),
        reason=request.POST.get("reason", ""),
        source=PaymentSource.MEMBER,
        by=_acting_member(request),
    )
    messages.success(request, _("The difference is settled; the order is paid."))
    return redirect("order", ref=ref)


@require_POST
@member_required(Capability.SETTLE)
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
            by=_acting_member(request),
        )
    else:
        payment_services.reverse(
            store=membership.store, payment_id=pk, why=why, by=_acting_member(request)
        )
    messages.success(request, _("The payment is taken back; its orders await payment again."))
    return _redirect_back(request)


@require_POST
@member_required(Capability.SETTLE)
def release(request: HttpRequest, membership: Membership, ref: str) -> HttpResponse:
    releases.release_one(
        store=membership.store,
        order=carrier_charges.get_store_order(membership.store, ref),
        by=_acting_member(request),
    )
    messages.success(request, _("The order is released."))
    return redirect("order", ref=ref)


@require_POST
@member_required(Capability.SETTLE)
def terms(request: HttpRequest, membership: Membership) -> HttpResponse:
    """How a buyer pays, from now on; or what stands on proformas about how to pay."""
    if "pay_to" in request.POST:
        payment_terms.set_pay_to(
            store=membership.store, text=request.POST["pay_to"], by=_acting_member(request)
        )
        messages.success(request, _("It stands on every proforma that is made from now on."))
    else:
        buyer = access.get_store_object(
            membership.store, Buyer, pk=parse_whole_number(request.POST.get("buyer", ""))
        )
        payment_terms.set_terms(
            buyer=buyer,
            open_account_from_now=request.POST.get("open_account") == "yes",
            reason=request.POST.get("reason", ""),
            by=_acting_member(request),
        )
        messages.success(request, _("The terms hold for what is confirmed from now on."))
    return redirect("payments")


@require_GET
@member_required()
def proforma(request: HttpRequest, membership: Membership, ref: str, pk: UUID) -> HttpResponse:
    found = proforma_invoices.get_proforma(membership.store, ref, pk)
    response = HttpResponse(
        proforma_invoice_services.read_pdf(found), content_type="application/pdf"
    )
    response["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _parse_typed_amount(request: HttpRequest) -> str:
    """Typed by a person: blanks and thousands commas are not meant to be refused."""
    return request.POST.get("amount", "").replace(",", "").strip()[:40]


def _parse_reference(request: HttpRequest) -> str:
    reference = request.POST.get("reference", "").replace("\0", "").strip()
    if not reference or len(reference) > 64:
        raise Problem(
            Code.INPUT_INVALID, detail=_("A payment has a reference of at most 64 characters.")
        )
    return reference


def _redirect_back(request: HttpRequest) -> HttpResponse:
    """To the page that the form stood on."""
    to = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(to, allowed_hosts=None):
        return redirect(to)
    return redirect("payments")


def _acting_member(request: HttpRequest) -> str:
    return f"user:{request.user.pk}"
