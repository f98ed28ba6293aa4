"""Past orders screened without a batch."""

from rest_framework import serializers

from repurchase.integration.api.fields import Amount, Instant
from repurchase.integration.api.serializers.common import BuyerName, Finding, Gate
from repurchase.integration.api.serializers.history import Repeated


class ScreeningCounts(serializers.Serializer):
    asked = serializers.IntegerField()
    planned = serializers.IntegerField()
    failed = serializers.IntegerField()
    excluded = serializers.IntegerField()


class ScreenedLine(serializers.Serializer):
    number = serializers.IntegerField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    paid = Amount(help_text="Then: really paid for it.")
    listed = Amount(allow_null=True, help_text="Today's list price for it.")
    outcome = serializers.CharField(help_text="planned, or left out: excluded, failed.")
    findings = Finding(many=True)


class DriftRow(serializers.Serializer):
    """Then against now. `severity`: same, changed, blocks; unknown: what was then is not on record."""

    field = serializers.CharField()
    subject = serializers.CharField(help_text="The SKU, the scheme and jurisdiction, or the destination.")
    line = serializers.IntegerField(allow_null=True)
    then = serializers.CharField(allow_null=True)
    now = serializers.CharField(allow_null=True)
    change = serializers.CharField()
    severity = serializers.CharField()
    unit = serializers.CharField(
        help_text="A currency (a piece), pieces, share, days, date, reached, or none."
    )


class LapseRow(serializers.Serializer):
    """Valid today, no longer on the promised day of delivery."""

    field = serializers.CharField()
    subject = serializers.CharField()
    last_day = serializers.DateField()
    delivery_day = serializers.DateField()


class ScreenedOrder(serializers.Serializer):
    number = serializers.CharField()
    verdict = serializers.CharField(help_text="planned, failed or excluded.")
    codes = serializers.ListField(child=serializers.CharField())
    findings = Finding(many=True)
    total = Amount(allow_null=True, help_text="Everything the buyer would pay.")
    fees = Amount(allow_null=True)
    lines = ScreenedLine(many=True)
    drift = DriftRow(many=True, allow_null=True, help_text="null from the 201st order on.")
    lapses = LapseRow(many=True, allow_null=True)
    repeated = Repeated(allow_null=True, help_text="It was repeated before. It may be again.")


class Screening(serializers.Serializer):
    screened_at = Instant()
    buyer = BuyerName()
    gates = Gate(many=True)
    counts = ScreeningCounts()
    results = ScreenedOrder(many=True)
