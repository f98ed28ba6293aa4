"""The endpoints: each is one call into a service or a query, of the key's own store."""

from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from diagnostics import problem_texts
from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace import clock, policy
from marketplace.access import Capability
from marketplace.mirror import inventory
from marketplace.mirror.stock_rows import RejectedStockRow
from marketplace.models import Store
from qualification.readings import DocumentKind
from qualification.services import uploads
from repurchase import models
from repurchase.batches import exclusions_export
from repurchase.batches.exclusions_download import exclusions_response
from repurchase.batches.price_guard import refuse_prices
from repurchase.batches.queries import batches as batch_queries
from repurchase.batches.queries import orders
from repurchase.batches.queries.edits import latest_edit_task
from repurchase.batches.services import batches, dry_screening, fee_quotes, price_lock
from repurchase.batches.services import edits as edit_services
from repurchase.batches.services.customisations import CustomisationRequest
from repurchase.fulfilment.queries import carrier_charges as carrier_charge_queries
from repurchase.fulfilment.services import carrier_charges
from repurchase.integration.api import (
    etags,
    pagination,
    quotes,
    requests,
    screening_responses,
    serializers,
)
from repurchase.integration.api.base import (
    AnyRenderer,
    BulkJSONParser,
    StoreAPIView,
    XmlRenderer,
    ZipRenderer,
)
from repurchase.integration.api.exception_handler import escape_json_pointer
from repurchase.integration.api.idempotency_key import idempotent, idempotent_with_files
from repurchase.integration.api.schema import describe_operation
from repurchase.integration.feed.http_response import (
    feed_download_response,
    order_document_response,
)
from repurchase.reporting.queries import opening
from repurchase.reporting.queries.opening import document_to_replace


class PastOrdersView(StoreAPIView):
    @describe_operation(
        "list_past_orders",
        serializers.PastOrderPageSerializer,
        query=requests.HistoryFilterSerializer,
    )
    def get(self, request: Request) -> Response:
        """The history, newest first, each order with today's verdict and its codes."""
        page = pagination.past_orders(
            self.store, now=clock.now(self.store), **self.sent(requests.HistoryFilterSerializer)
        )
        return Response(serializers.PastOrderPageSerializer(page).data)


class InventoryView(StoreAPIView):
    needs = Capability.PLAN
    parser_classes = [BulkJSONParser]

    @describe_operation(
        "put_inventory", serializers.InventoryAnswerSerializer, body=requests.InventorySerializer
    )
    def put(self, request: Request) -> Response:
        """Stock levels. A row that can't be taken is named in `errors` and stops no other."""
        rows = self.sent(requests.InventorySerializer)["rows"]
        limit = int(policy.in_force(clock.now(self.store))["inventory_max_rows"])
        if len(rows) > limit:
            raise ValidationError({"rows": f"{len(rows)} > {limit}"})
        report = inventory.put(store=self.store, rows=rows, source="api")
        return Response(
            {
                "accepted": report.accepted,
                "errors": [_refused_stock_payload(r) for r in report.rejected],
            }
        )


def _refused_stock_payload(row: RejectedStockRow) -> dict[str, str]:
    pointer = f"#/rows/{row.index}" + (f"/{escape_json_pointer(row.name)}" if row.name else "")
    said = problem_texts.describe(row.code, row.evidence).cause
    return {"key": row.key, "pointer": pointer, "code": str(row.code), "detail": said}


class ScreeningsView(StoreAPIView):
    only_reads = True

    @describe_operation(
        "screen", serializers.ScreeningSerializer, body=requests.NewScreeningSerializer
    )
    def post(self, request: Request) -> Response:
        """A dry screening: what a batch of these orders would come to today. Nothing is written."""
        sent = self.sent(requests.NewScreeningSerializer)
        found = dry_screening.screen(
            store=self.store,
            special_clearance=sent["special_clearance"],
            **requests.chosen_orders_from(sent),
        )
        return Response(screening_responses.screening_payload(found))


class BatchesView(StoreAPIView):
    needs = Capability.PLAN

    @describe_operation(
        "list_batches", serializers.BatchPageSerializer, query=requests.PageFilterSerializer
    )
    def get(self, request: Request) -> Response:
        """The batches, newest first."""
        page = pagination.batches(
            self.store, now=clock.now(self.store), **self.sent(requests.PageFilterSerializer)
        )
        return Response(serializers.BatchPageSerializer(page).data)

    @describe_operation(
        "create_batch", serializers.BatchSerializer, code=202, body=requests.NewBatchSerializer
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Plans a repeat of past orders in the background. Nothing is written when it is refused.

        Exactly the same asked for again while it is screened, by whomever, is answered by the
        batch that is there.
        """
        refuse_prices(request.data)
        sent = self.sent(requests.NewBatchSerializer)
        batch = batches.create(
            store=self.store,
            by=self.by,
            **requests.chosen_orders_from(sent),
            once=True,
            policy=sent["policy"],
            dry_run=sent["dry_run"],
            special_clearance=sent["special_clearance"],
            custom_services=[CustomisationRequest(**row) for row in sent["custom_services"]],
            edits=requests.edit_requests_from(sent.get("edits", [])),
        )
        return accepted_response(batch)


class BatchView(StoreAPIView):
    @describe_operation("get_batch", serializers.BatchSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """How far it is, what it comes to, its lots and the gates."""
        answer = batch_payload(self.store, ref)
        self.plan_version = answer["version"]
        return Response(answer)


class BatchOrdersView(StoreAPIView):
    needs = Capability.PLAN

    @describe_operation(
        "list_batch_orders", serializers.OrderPageSerializer, query=requests.OrderFilterSerializer
    )
    def get(self, request: Request, ref: str) -> Response:
        """The orders of a batch by position."""
        sent = self.sent(requests.OrderFilterSerializer)
        now = clock.now(self.store)
        batch = batch_queries.get_batch(self.store, ref, now=now)
        self.plan_version = batch.version
        page = batch_queries.batch_orders(batch, now=now, tab=sent["status"], cursor=sent["cursor"])
        return Response(serializers.OrderPageSerializer(page).data)

    @describe_operation(
        "edit_batch_orders",
        serializers.EditAnswerSerializer,
        body=requests.EditsSerializer,
        later=serializers.BatchSerializer,
    )
    def patch(self, request: Request, ref: str) -> Response:
        """Sets MOQ, quantity or delivery promise of many lines in one action, before the lock; all
        of it or nothing.

        With `preview` nothing is written, and a capacity that would be exceeded is told instead of
        refused. An edit of more than 500 orders goes on in the background: 202, and the batch's
        `edit` tells how far it is.
        """
        batch = self.batch(ref)
        etags.require_match(request, etags.compute_tag(None, version=batch.version))
        refuse_prices(request.data)
        sent = self.sent(requests.EditsSerializer)
        edits = requests.edit_requests_from(sent["edits"])
        if sent["preview"]:
            found = edit_services.preview(batch=batch, asked=edits)
            return Response(
                serializers.EditAnswerSerializer({"applied": False, "preview": found}).data
            )
        guarded = batch.version if "HTTP_IF_MATCH" in request.META else None
        applied = edit_services.apply(
            batch=batch,
            asked=edits,
            by=self.by,
            version=sent["version"] or guarded,
            digest=sent["digest"],
        )
        if isinstance(applied, models.EditTask):
            return accepted_response(batch)
        return Response(
            serializers.EditAnswerSerializer({"applied": True, "preview": applied}).data
        )


class LockBatchView(StoreAPIView):
    needs = Capability.LOCK

    @describe_operation(
        "lock_batch", serializers.BatchSerializer, body=requests.LockBatchSerializer
    )
    def post(self, request: Request, ref: str) -> Response:
        """Locks the price of every planned order and invites the buyer.

        What fails a check by now leaves the plan: `left_at_lock` names how much. All or nothing, a
        gate that fails, a buyer on a screening list, or a plan of which nothing is left refuse the
        lock whole; so does more than `max_left_out` of the money leaving, by LOCK_LEAVES_OUT.
        """
        sent = self.sent(requests.LockBatchSerializer)
        price_lock.lock_and_invite(batch=self.batch(ref), by=self.by, most=sent["max_left_out"])
        return Response(batch_payload(self.store, ref))


class CancelBatchView(StoreAPIView):
    needs = Capability.LOCK

    @describe_operation("cancel_batch", serializers.BatchSerializer)
    def post(self, request: Request, ref: str) -> Response:
        """Ends a batch, until the buyer's first act."""
        batches.cancel(batch=self.batch(ref), by=self.by)
        return Response(batch_payload(self.store, ref))


class RescreenBatchView(StoreAPIView):
    needs = Capability.PLAN

    @describe_operation(
        "rescreen_batch", serializers.BatchSerializer, code=202, body=requests.RescreenSerializer
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """Plans it anew from today's facts."""
        sent = self.sent(requests.RescreenSerializer)
        batch = batches.rescreen(
            batch=self.batch(ref), by=self.by, special_clearance=sent["special_clearance"]
        )
        return accepted_response(batch)


class RetryBatchView(StoreAPIView):
    needs = Capability.PLAN

    @describe_operation("retry_batch", serializers.BatchSerializer, code=202)
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """Plans the failed orders anew, in a new attempt of the same batch; all others stay as
        they are."""
        return accepted_response(batches.retry(batch=self.batch(ref), by=self.by))


class AdoptBatchView(StoreAPIView):
    needs = Capability.PLAN

    @describe_operation("adopt_batch", serializers.BatchSerializer)
    def post(self, request: Request, ref: str) -> Response:
        """Makes a dry run a real batch, which can be locked."""
        batches.adopt(batch=self.batch(ref), by=self.by)
        return Response(batch_payload(self.store, ref))


class RefusedRowsView(StoreAPIView):
    renderer_classes = [AnyRenderer]

    @describe_operation(
        "get_refused_rows", OpenApiTypes.BINARY, media_type=exclusions_export.XLSX_MEDIA_TYPE
    )
    def get(self, request: Request, ref: str, form: str) -> HttpResponseBase:
        """Every finding of the orders and lines that are not repeated: `refused.xlsx` or
        `refused.jsonl`."""
        return exclusions_response(self.batch(ref), form)


class BatchXmlView(StoreAPIView):
    renderer_classes = [XmlRenderer, ZipRenderer]

    @describe_operation(
        "get_batch_xml",
        OpenApiTypes.STR,
        query=requests.FeedFilterSerializer,
        media_type="application/xml",
    )
    def get(self, request: Request, ref: str) -> HttpResponseBase:
        """The orders for an ERP: /schemas/repurchase-order-1.xsd describes it."""
        now = clock.now(self.store)
        batch = batch_queries.get_batch(self.store, ref, now=now)
        return feed_download_response(
            request._request, batch, now=now, **self.sent(requests.FeedFilterSerializer)
        )


class OrderXmlView(StoreAPIView):
    renderer_classes = [XmlRenderer]

    @describe_operation(
        "get_order_xml",
        OpenApiTypes.STR,
        query=requests.OneFeedFilterSerializer,
        media_type="application/xml",
    )
    def get(self, request: Request, ref: str) -> HttpResponseBase:
        """One confirmed order as a document of its own."""
        now, order = clock.now(self.store), carrier_charge_queries.get_store_order(self.store, ref)
        batch = batch_queries.get_batch(self.store, order.batch.ref, now=now)
        return order_document_response(
            batch, ref, now=now, **self.sent(requests.OneFeedFilterSerializer)
        )


class OrderView(StoreAPIView):
    @describe_operation("get_order", serializers.OrderDetailSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """A repeat order with its lines then and now, its fees and its codes."""
        return Response(
            serializers.OrderDetailSerializer(
                orders.order_detail(self.store, ref, now=clock.now(self.store))
            ).data
        )


class CarrierChargesView(StoreAPIView):
    needs = Capability.SETTLE

    @describe_operation("list_carrier_charges", serializers.CarrierChargesSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """What the carrier billed for an order, beside the estimate."""
        return Response(
            serializers.CarrierChargesSerializer(
                carrier_charge_queries.carrier_charge_totals(
                    carrier_charge_queries.get_store_order(self.store, ref)
                )
            ).data
        )

    @describe_operation(
        "record_carrier_charge",
        serializers.CarrierChargesSerializer,
        code=201,
        body=requests.NewCarrierChargeSerializer,
    )
    @idempotent
    def post(self, request: Request, ref: str) -> Response:
        """Records a carrier's bill for a locked order. The same bill sent again changes nothing."""
        order = carrier_charge_queries.get_store_order(self.store, ref)
        sent = self.sent(requests.NewCarrierChargeSerializer)
        carrier_charges.record(order=order, by=self.by, **sent)
        told = serializers.CarrierChargesSerializer(
            carrier_charge_queries.carrier_charge_totals(order)
        ).data
        return Response(told, status=status.HTTP_201_CREATED)


class FeeQuotesView(StoreAPIView):
    only_reads = True

    @describe_operation(
        "quote_fees", serializers.FeeQuoteSerializer, body=requests.NewFeeQuoteSerializer
    )
    def post(self, request: Request) -> Response:
        """What an order would cost, line by line, and backwards. No order is made."""
        asked_for = quotes.quote_request_from(self.sent(requests.NewFeeQuoteSerializer))
        found = fee_quotes.quote(store=self.store, asked=asked_for, now=clock.now(self.store))
        return Response(serializers.FeeQuoteSerializer(quotes.fee_quote_payload(found)).data)


class QualificationView(StoreAPIView):
    @describe_operation("get_qualification", serializers.QualificationSerializer)
    def get(self, request: Request) -> Response:
        """Where the store stands, its last automatic check, and the documents it needs."""
        return Response(serializers.QualificationSerializer(opening.store_opening(self.store)).data)


class DocumentsView(StoreAPIView):
    needs = Capability.OPEN
    parser_classes = [MultiPartParser]

    @describe_operation(
        "upload_document",
        serializers.DocumentSerializer,
        code=201,
        body=requests.NewDocumentSerializer,
    )
    @idempotent_with_files
    def post(self, request: Request) -> Response:
        """Takes one document as multipart/form-data. Reading goes on in the background."""
        sent, now = self.sent(requests.NewDocumentSerializer), clock.now(self.store)
        limit = int(policy.in_force(now)["document_max_bytes"])
        made = uploads.upload(
            store=self.store,
            kind=DocumentKind(sent["kind"]),
            name=sent["file"].name or "",
            data=sent["file"].read(limit + 1),
            by=self.by,
            now=now,
            replaces=document_to_replace(self.store, sent["replaces"]),
        )
        return Response(serializers.DocumentSerializer(made).data, status=status.HTTP_201_CREATED)


@extend_schema(exclude=True)
class NothingView(StoreAPIView):
    """Every other address under /api/v1/."""

    needs = Capability.VIEW

    def get(self, request: Request, **anything: Any) -> Response:
        raise Problem(Code.NOT_FOUND)

    post = put = patch = delete = get


def batch_payload(store: Store, ref: str) -> dict[str, Any]:
    now = clock.now(store)
    batch = batch_queries.get_batch(store, ref, now=now)
    batch.plan = batch_queries.plan_summary(batch, now=now)
    batch.edit = latest_edit_task(batch)
    batch.progress = batch_queries.screening_progress(batch, now=now)
    return serializers.BatchSerializer(batch).data


def accepted_response(batch: models.Batch) -> Response:
    """202: the work goes on in the background, the Location tells how far it is."""
    where = reverse("api:batch", args=[batch.ref])
    return Response(
        batch_payload(batch.store, batch.ref),
        status=status.HTTP_202_ACCEPTED,
        headers={"Location": where},
    )
