"""Past orders screened without a batch."""

from rest_framework import serializers

from repurchase.integration.api.fields import AmountSerializer, InstantField
from repurchase.integration.api.serializers.common import (
    BuyerNameSerializer,
    FindingSerializer,
    GateSerializer,
)
from repurchase.integration.api.serializers.history import RepeatedSerializer


class ScreeningCountsSerializer(serializers.Serializer):
    asked = serializers.IntegerField()
    planned = serializers.IntegerField()
    failed = serializers.IntegerField()
    excluded = serializers.IntegerField()


class ScreenedLineSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    paid = AmountSerializer(help_text="Then: really paid for it.")
    listed = AmountSerializer(allow_null=True, help_text="Today's list price for it.")
    outcome = serializers.CharField(help_text="planned, or left out: excluded, failed.")
    findings = FindingSerializer(many=True)


class DriftRowSerializer(serializers.Serializer):
    """Then against now. `severity`: same, changed, blocks; unknown: what was then is not on
    record."""

    field = serializers.CharField()
    subject = serializers.CharField(
        help_text="The SKU, the scheme and jurisdiction, or the destination."
    )
    line = serializers.IntegerField(allow_null=True)
    then = serializers.CharField(allow_null=True)
    now = serializers.CharField(allow_null=True)
    change = serializers.CharField()
    severity = serializers.CharField()
    unit = serializers.CharField(
        help_text="A currency (a piece), pieces, share, days, date, reached, or none."
    )


class LapseRowSerializer(serializers.Serializer):
    """Valid today, no longer on the promised day of delivery."""

    field = serializers.CharField()
    subject = serializers.CharField()
    last_day = serializers.DateField()
    delivery_day = serializers.DateField()


class ScreenedOrderSerializer(serializers.Serializer):
    number = serializers.CharField()
    verdict = serializers.CharField(help_text="planned, failed or excluded.")
    codes = serializers.ListField(child=serializers.CharField())
    findings = FindingSerializer(many=True)
    total = AmountSerializer(allow_null=True, help_text="Everything the buyer would pay.")
    fees = AmountSerializer(allow_null=True)
    lines = ScreenedLineSerializer(many=True)
    drift = DriftRowSerializer(
        many=True, allow_null=True, help_text="null from the 201st order on."
    )
    lapses = LapseRowSerializer(many=True, allow_null=True)
    repeated = RepeatedSerializer(
        allow_null=True, help_text="It was repeated before. It may be again."
    )


class ScreeningSerializer(serializers.Serializer):
    screened_at = InstantField()
    buyer = BuyerNameSerializer()
    gates = GateSerializer(many=True)
    counts = ScreeningCountsSerializer()
    results = ScreenedOrderSerializer(many=True)
