"""The endpoints by which an ERP answers released orders, line by line, in XML."""

from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from marketplace.access import Capability
from repurchase.fulfilment.queries import carrier_charges
from repurchase.fulfilment.services import erp_responses
from repurchase.integration.api.base import StoreAPIView
from repurchase.integration.api.fields import InstantField
from repurchase.integration.api.idempotency_key import idempotent
from repurchase.integration.api.schema import describe_operation
from repurchase.integration.feed import order_response_reader


class XmlParser(BaseParser):
    """Hands the bytes on, one more than are allowed: what may be read of them the reader
    decides."""

    media_type = "application/xml"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> bytes:
        return stream.read(order_response_reader.MAX_BYTES + 1)


class TextXmlParser(XmlParser):
    media_type = "text/xml"


class AnswerLineSerializer(serializers.Serializer):
    line = serializers.IntegerField()
    verdict = serializers.CharField()
    quantity = serializers.IntegerField(allow_null=True)
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_null=True)
    promise_date = serializers.CharField(allow_null=True)
    reason = serializers.CharField()


class ErpResponseSerializer(serializers.Serializer):
    order = serializers.CharField(source="order.ref")
    id = serializers.CharField(source="response_id")
    format = serializers.CharField()
    verdict = serializers.CharField(
        help_text="accepted, changed, refused: what all its lines come to."
    )
    lines = AnswerLineSerializer(many=True)
    note = serializers.CharField()
    received_at = InstantField()
    decision = serializers.CharField(
        help_text='insisted: carry the order out as confirmed. taken_up: wait. "": nobody decided yet, or needs to.'
    )
    decided_at = InstantField(allow_null=True)
    decided_why = serializers.CharField()


class TakenSerializer(serializers.Serializer):
    results = ErpResponseSerializer(many=True)
    new = serializers.IntegerField(
        help_text="The others had been sent before, and changed nothing."
    )


class ErpResponseListSerializer(serializers.Serializer):
    results = ErpResponseSerializer(many=True)


class AllResponsesView(StoreAPIView):
    needs = Capability.SETTLE
    parser_classes = [XmlParser, TextXmlParser]

    @extend_schema(
        request={"application/xml": OpenApiTypes.STR},
        description="Takes answers to released orders: `OrderResponses` of XML 1, or one UBL OrderResponse. All of them "
        "or none; an answer sent twice is kept once. One that changes or refuses a line waits for a person.",
    )
    @describe_operation("answer_orders", TakenSerializer, code=201)
    @idempotent
    def post(self, request: Request) -> HttpResponseBase:
        format, answers = order_response_reader.read_order_responses(
            request.data if isinstance(request.data, bytes) else b""
        )
        taken = erp_responses.record_all(
            store=self.store, answers=answers, format=format, by=self.by
        )
        told = TakenSerializer(
            {"results": [row for row, _ in taken], "new": sum(new for _, new in taken)}
        )
        return Response(told.data, status=status.HTTP_201_CREATED)


class ResponsesView(StoreAPIView):
    @describe_operation("list_order_responses", ErpResponseListSerializer)
    def get(self, request: Request, ref: str) -> Response:
        """What the ERP has answered to an order, the first first, each with what was decided."""
        found = carrier_charges.get_store_order(self.store, ref).erp_responses.order_by(
            "received_at", "pk"
        )
        return Response(ErpResponseListSerializer({"results": found.select_related("order")}).data)
