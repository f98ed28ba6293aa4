"""Past orders."""

from rest_framework import serializers

from repurchase.integration.api.fields import InstantField, MinorField
from repurchase.integration.api.serializers.common import BuyerNameSerializer, FindingSerializer


def assumed_facts(source: str | None = None) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(),
        source=source,
        help_text="Facts that an import assumed, not read.",
    )


class SourceSerializer(serializers.Serializer):
    """A past order as the platform knows it."""

    number = serializers.CharField()
    status = serializers.CharField()
    ordered_at = InstantField()
    completed_at = InstantField(allow_null=True)
    rating = serializers.DecimalField(
        max_digits=6, decimal_places=4, allow_null=True, help_text="null: unrated."
    )
    paid = MinorField("paid_minor")
    lines = serializers.IntegerField(source="line_count")
    mirrored_from = serializers.CharField(source="source", help_text='"simulated" in a demo.')
    assumed = assumed_facts()


class StandingSerializer(serializers.Serializer):
    batch = serializers.CharField()
    status = serializers.CharField(help_text="The lock's when held, else the batch's.")
    held = serializers.BooleanField(
        help_text="true: by its live lock. false: it is planned there, not locked."
    )
    until = InstantField(allow_null=True, help_text="The lock's end; null: it has none.")


class RepeatedSerializer(serializers.Serializer):
    times = serializers.IntegerField(help_text="How often a buyer has accepted a repeat of it.")
    order = serializers.CharField(help_text="The newest repeat.")
    batch = serializers.CharField()
    status = serializers.CharField()
    at = InstantField(allow_null=True, help_text="When the buyer accepted it.")


class PastOrderSerializer(serializers.Serializer):
    order = SourceSerializer()
    buyer = BuyerNameSerializer()
    repeatable = serializers.BooleanField()
    findings = FindingSerializer(
        many=True, source="codes", help_text="Why it can't be repeated today, lines included."
    )
    stands_in = StandingSerializer(
        source="standing", allow_null=True, help_text="The batch that it stands in already."
    )
    repeated = RepeatedSerializer(
        allow_null=True, help_text="It was repeated before. It may be again."
    )


class PastOrderPageSerializer(serializers.Serializer):
    results = PastOrderSerializer(many=True, source="rows")
    next_cursor = serializers.CharField(help_text='"" on the last page.')
