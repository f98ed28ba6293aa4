"""The endpoints from the proforma to the completion: payments, releases, shipments, the connected
ERP."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace import access, clock
from marketplace.access import Capability
from marketplace.money import decimal_text
from repurchase import models
from repurchase.batches.queries import orders
from repurchase.fulfilment.queries import balances, carrier_charges, proforma_invoices, releases
from repurchase.fulfilment.services import erp_connection, payments, shipments
from repurchase.fulfilment.services import proforma_invoices as proforma_invoice_services
from repurchase.fulfilment.services import releases as release_services
from repurchase.integration.api import fulfilment_schemas, serializers
from repurchase.integration.api.base import BulkJSONParser, StoreAPIView
from repurchase.integration.api.idempotency_key import idempotent
from repurchase.integration.api.schema import describe_operation


class PdfRenderer(BaseRenderer):
    """Only names the media type: the file is handed out as it is stored."""

    media_type, format = "application/pdf", "pdf"


class ProformasView(StoreAPIView):
    @describe_operation("list_proformas", fulfilment_schemas.ProformaListSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """The proforma invoices of a batch: one for each answer of the buyer, with what is to be
        paid by currency."""
        self.batch(ref)
        found, now = proforma_invoices.proformas_of(self.store, ref), clock.now(self.store)
        return Response(
            fulfilment_schemas.ProformaListSerializer(
                {"results": [_proforma_payload(each, ref, now) for each in found]}
            ).data
        )


def _proforma_payload(found: models.Proforma, ref: str, now: dt.datetime) -> dict[str, Any]:
    return {
        "pk": found.pk,
        "number": found.number,
        "open_account": found.open_account,
        "issued_at": found.issued_at,
        "totals": [
            _proforma_total_payload(total)
            for total in proforma_invoices.outstanding_by_currency(found, now=now)
        ],
        "pdf": reverse("api:proforma-pdf", args=[ref, found.pk]) if found.issued_at else "",
    }


def _proforma_total_payload(kept: dict[str, Any]) -> dict[str, Any]:
    currency = kept["currency"]
    parts = {
        name: {"amount": decimal_text(kept[f"{name}_minor"], currency), "currency": currency}
        for name in ("goods", "freight", "goods_net", "freight_net", "tax", "total")
        if f"{name}_minor" in kept
    }
    return {"currency": currency, "orders": kept["orders"], **parts}


class ProformaPdfView(StoreAPIView):
    renderer_classes = [PdfRenderer]

    @describe_operation("get_proforma_pdf", OpenApiTypes.BINARY, media_type="application/pdf")
    def get(self, request: Request, ref: str, pk: UUID) -> HttpResponse:
        """The proforma invoice as it was sent to the buyer."""
        found = proforma_invoices.get_proforma(self.store, ref, pk)
        response = HttpResponse(
            proforma_invoice_services.read_pdf(found), content_type="application/pdf"
        )
        response["Content-Disposition"] = f'attachment; filename="{found.number}.pdf"'
        return response


class OrderPaymentsView(StoreAPIView):
    @describe_operation("get_order_payments", fulfilment_schemas.AccountSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """What an order owes, what has come, and every payment with its fate."""
        return Response(
            fulfilment_schemas.AccountSerializer(
                balances.order_account(carrier_charges.get_store_order(self.store, ref))
            ).data
        )


class PaymentsView(StoreAPIView):
    needs = Capability.SETTLE
    parser_classes = [BulkJSONParser]

    @describe_operation(
        "record_payments",
        fulfilment_schemas.PaymentsTakenSerializer,
        body=fulfilment_schemas.PaymentsSerializer,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Records what buyers paid, up to 5000 rows. An order is paid once nothing of it is open.

        A row that can't be taken is named in `errors` and stops no other; the same row again
        changes nothing.
        """
        rows = fulfilment_schemas.build_rows(
            self.sent(fulfilment_schemas.PaymentsSerializer), payments.PaymentReceipt
        )
        report = payments.record(
            store=self.store, receipts=rows, source=models.PaymentSource.API, by=self.by
        )
        errors = [fulfilment_schemas.refused_row_payload(each) for each in report.refused]
        told = {"recorded": report.recorded, "known": report.known, "paid": report.paid}
        return Response(told | {"overpaid": report.overpaid, "errors": errors})


class SettleDifferenceView(StoreAPIView):
    needs = Capability.SETTLE

    @describe_operation(
        "settle_difference",
        fulfilment_schemas.AccountSerializer,
        body=fulfilment_schemas.DifferenceSerializer,
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """What is still open of an order that was paid in part will not come, such as a bank's
        fee: the order is paid.

        Up to a limit of the platform's. Reversing a payment of the order reverses it as well.
        """
        order = carrier_charges.get_store_order(self.store, ref)
        payments.settle_difference(
            store=self.store,
            order=order,
            source=models.PaymentSource.API,
            by=self.by,
            **self.sent(fulfilment_schemas.DifferenceSerializer),
        )
        return Response(
            fulfilment_schemas.AccountSerializer(
                balances.order_account(carrier_charges.get_store_order(self.store, ref))
            ).data
        )


class ReversePaymentView(StoreAPIView):
    needs = Capability.SETTLE

    @describe_operation(
        "reverse_payment",
        fulfilment_schemas.PaymentReversedSerializer,
        body=fulfilment_schemas.ReversalSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: UUID) -> Response:
        """Takes a recorded payment back, with a reason, while its order is not released."""
        access.get_store_object(self.store, models.Payment, pk=pk)
        why = self.sent(fulfilment_schemas.ReversalSerializer)["why"]
        return Response(
            fulfilment_schemas.PaymentReversedSerializer(
                payments.reverse(store=self.store, payment_id=pk, why=why, by=self.by)
            ).data
        )


class ReleaseOrderView(StoreAPIView):
    needs = Capability.SETTLE

    @describe_operation("release_order", serializers.OrderDetailSerializer)
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """Releases a paid order at once; otherwise it happens by itself some minutes after the
        payment."""
        order = carrier_charges.get_store_order(self.store, ref)
        release_services.release_one(store=self.store, order=order, by=self.by)
        return Response(
            serializers.OrderDetailSerializer(
                orders.order_detail(self.store, ref, now=self.now)
            ).data
        )


class ReleasesView(StoreAPIView):
    @describe_operation(
        "list_releases",
        fulfilment_schemas.ReleasePageSerializer,
        query=fulfilment_schemas.ReleaseFilterSerializer,
    )
    def get(self, request: Request) -> Response:
        """Released orders, the newest first. `state=open`: what waits for your acknowledgement."""
        sent = self.sent(fulfilment_schemas.ReleaseFilterSerializer)
        page = releases.list_page(self.store, state=sent["state"], cursor=sent["cursor"])
        return Response(fulfilment_schemas.ReleasePageSerializer(page).data)


class AcknowledgementsView(StoreAPIView):
    needs = Capability.SETTLE
    parser_classes = [BulkJSONParser]

    @describe_operation(
        "acknowledge_releases",
        fulfilment_schemas.RowsTakenSerializer,
        body=fulfilment_schemas.AcknowledgementsSerializer,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Says that your ERP has the orders, up to 5000 rows. What is not acknowledged is
        announced again."""
        rows = fulfilment_schemas.build_rows(
            self.sent(fulfilment_schemas.AcknowledgementsSerializer), shipments.OrderAcknowledgement
        )
        return _fulfilment_report_response(
            shipments.acknowledge(store=self.store, rows=rows, by=self.by)
        )


class ShipmentsView(StoreAPIView):
    needs = Capability.SETTLE
    parser_classes = [BulkJSONParser]

    @describe_operation(
        "report_shipments",
        fulfilment_schemas.RowsTakenSerializer,
        body=fulfilment_schemas.ShipmentsSerializer,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Says when released orders were shipped, by whom, under which tracking number;
        corrections are taken."""
        rows = fulfilment_schemas.build_rows(
            self.sent(fulfilment_schemas.ShipmentsSerializer), shipments.OrderShipment
        )
        return _fulfilment_report_response(shipments.ship(store=self.store, rows=rows, by=self.by))


class CompletionsView(StoreAPIView):
    needs = Capability.SETTLE
    parser_classes = [BulkJSONParser]

    @describe_operation(
        "report_completions",
        fulfilment_schemas.RowsTakenSerializer,
        body=fulfilment_schemas.CompletionsSerializer,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Says when shipped orders were completed, and whether they came as ordered."""
        rows = fulfilment_schemas.build_rows(
            self.sent(fulfilment_schemas.CompletionsSerializer), shipments.OrderCompletion
        )
        return _fulfilment_report_response(
            shipments.complete(store=self.store, rows=rows, by=self.by)
        )


def _fulfilment_report_response(report: shipments.FulfilmentReport) -> Response:
    errors = [fulfilment_schemas.refused_row_payload(each) for each in report.refused]
    return Response({"taken": report.taken, "known": report.known, "errors": errors})


class ErpView(StoreAPIView):
    needs = Capability.SETTLE

    @describe_operation("get_erp", fulfilment_schemas.ConnectionSerializer)
    def get(self, request: Request) -> Response:
        """The connected ERP, and those that can be connected with their minimum versions."""
        return Response(
            fulfilment_schemas.ConnectionSerializer(releases.connection_summary(self.store)).data
        )

    @describe_operation(
        "connect_erp",
        fulfilment_schemas.ConnectionSerializer,
        body=fulfilment_schemas.NewConnectionSerializer,
    )
    def put(self, request: Request) -> Response:
        """Connects an ERP in place of the one before. What was released stays with the one that
        got it."""
        erp_connection.connect(
            store=self.store, by=self.by, **self.sent(fulfilment_schemas.NewConnectionSerializer)
        )
        return Response(
            fulfilment_schemas.ConnectionSerializer(releases.connection_summary(self.store)).data
        )
