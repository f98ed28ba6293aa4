"""Repeat orders with their lines."""

from rest_framework import serializers

from repurchase.integration.api.fields import InstantField, MinorField
from repurchase.integration.api.serializers.common import (
    BuyerNameSerializer,
    FindingSerializer,
    RateSetSerializer,
)
from repurchase.integration.api.serializers.fees import FeeSerializer
from repurchase.integration.api.serializers.history import SourceSerializer, assumed_facts


class OrderNameSerializer(serializers.Serializer):
    ref = serializers.CharField()
    position = serializers.IntegerField()
    source_number = serializers.CharField(source="past_order.number")
    status = serializers.CharField(source="state")
    codes = serializers.ListField(child=serializers.CharField())
    then_paid = MinorField(
        "past_order.paid_minor",
        currency="past_order.currency",
        help_text="What was paid for the source order.",
    )
    goods = MinorField("goods_minor", help_text="As priced: with the tax where `tax_included`.")
    freight = MinorField("freight_minor", help_text="As priced, like the goods.")
    goods_net = MinorField("amounts.goods_net", help_text="Without tax.")
    freight_net = MinorField("amounts.freight_net", help_text="Without tax.")
    tax_included = serializers.BooleanField(source="prices_include_tax")
    tax = MinorField("tax_minor")
    total = MinorField("total_minor", help_text="Everything the buyer pays.")
    fees = MinorField("fees_minor")
    promise_days = serializers.IntegerField()
    held_at = InstantField(
        allow_null=True,
        help_text="Held back by R-90 after the lock: `codes` say why, the platform decides.",
    )
    changed_at = InstantField()


class OrderPageSerializer(serializers.Serializer):
    results = OrderNameSerializer(many=True, source="rows")
    next_cursor = serializers.CharField(help_text='"" on the last page.')


class ServiceSerializer(serializers.Serializer):
    """A customised service: confirmed by the buyer in writing, or its lines leave the order."""

    line = serializers.IntegerField(
        source="line_no", allow_null=True, help_text="null: the whole order."
    )
    text = serializers.CharField()
    source = serializers.CharField(source="row.source", help_text="note, member or api.")
    state = serializers.CharField(help_text="asked, confirmed, left_out, dismissed, idle.")
    confirmed_at = InstantField(source="row.confirmed_at", allow_null=True)


class LineSerializer(serializers.Serializer):
    """A source line with its one outcome, then and now side by side."""

    number = serializers.IntegerField(source="line_no")
    source_line = serializers.IntegerField(source="source_line.line_no")
    sku = serializers.CharField(source="sku.code")
    title = serializers.CharField(source="sku.title")
    quantity = serializers.IntegerField()
    quantity_then = serializers.IntegerField(source="source_line.quantity")
    moq = serializers.IntegerField(help_text="The SKU's, or what an edit set for this batch.")
    paid = MinorField(
        "base_minor", currency="order.currency", help_text="Really paid then, for this quantity."
    )
    listed = MinorField(
        "reference_minor", currency="order.currency", help_text="Today's list price for it."
    )
    total = MinorField(
        "total_minor", currency="order.currency", help_text="Offered now; 0 when left out."
    )
    outcome = serializers.CharField(help_text="planned, or left out: excluded, failed.")
    findings = FindingSerializer(many=True)
    hs_code = serializers.CharField()
    origin_country = serializers.CharField()
    assumed = assumed_facts("sku.assumed")


class LockSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    locked_at = InstantField()
    expires_at = InstantField()
    rate_set = RateSetSerializer()


class TaxSerializer(serializers.Serializer):
    category = serializers.CharField(
        source="tax_category", help_text='UNCL5305; "" when not priced.'
    )
    rate = serializers.DecimalField(
        source="tax_rate", max_digits=6, decimal_places=5, allow_null=True
    )
    code = serializers.CharField(source="tax_code")


class RegistrationSerializer(serializers.Serializer):
    scheme = serializers.CharField()
    jurisdiction = serializers.CharField()
    number = serializers.CharField()


class AddressSerializer(serializers.Serializer):
    consignee = serializers.CharField(default="")
    street = serializers.CharField(default="")
    postal_code = serializers.CharField(default="")
    city = serializers.CharField(default="")
    region = serializers.CharField(default="")
    country = serializers.CharField()


class OrderSerializer(OrderNameSerializer):
    batch = serializers.CharField(source="batch.ref")
    buyer = BuyerNameSerializer(source="batch.buyer")
    source_order = SourceSerializer(source="past_order")
    findings = FindingSerializer(many=True)
    lock = LockSerializer(allow_null=True)
    prices_include_tax = serializers.BooleanField()
    tax_treatment = TaxSerializer(source="*")
    incoterm = serializers.CharField()
    importer_of_record = serializers.CharField()
    ship_to = AddressSerializer()
    registrations = RegistrationSerializer(many=True)
    carrier_service = serializers.CharField(source="service.code", default=None, allow_null=True)
    transit_days = serializers.IntegerField(allow_null=True)
    special_clearance = serializers.BooleanField()
    local_return = serializers.BooleanField()
    note = serializers.CharField()


class OrderDetailSerializer(serializers.Serializer):
    order = OrderSerializer()
    lines = LineSerializer(many=True)
    fees = FeeSerializer(many=True)
    services = ServiceSerializer(many=True)
