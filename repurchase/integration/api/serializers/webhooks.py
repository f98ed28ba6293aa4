"""Webhooks and their deliveries."""

from rest_framework import serializers

from repurchase.integration.api.fields import InstantField


class WebhookSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    url = serializers.CharField()
    types = serializers.ListField(child=serializers.CharField(), help_text="Only these; none: all.")
    enabled = serializers.BooleanField()
    created_at = InstantField()
    rotated_at = InstantField(allow_null=True, help_text="For 24 hours after it two secrets sign.")
    failing_since = InstantField(allow_null=True, help_text="Nothing has arrived since.")
    disabled_at = InstantField(
        allow_null=True, help_text="Switched off by us after failing for 3 days, or by a 410."
    )
    due = serializers.IntegerField(default=0, help_text="Events that wait to be sent.")


class WebhookWithSecretSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="`whsec_` and a key in base 64. Told once.")
    secret_version = serializers.IntegerField(
        help_text="Which of its secrets: 1, and one more with each rotation."
    )


class WebhookPageSerializer(serializers.Serializer):
    results = WebhookSerializer(many=True)


class ReplayedSerializer(serializers.Serializer):
    events = serializers.IntegerField(help_text="So many are sent again.")


class DeliverySerializer(serializers.Serializer):
    seq = serializers.IntegerField(source="event.seq")
    type = serializers.CharField(source="event.type")
    committed_at = InstantField(source="event.committed_at")
    attempts = serializers.IntegerField()
    sent_at = InstantField(allow_null=True, help_text="The last attempt.")
    delivered_at = InstantField(allow_null=True)
    next_try_at = InstantField(allow_null=True, help_text="null: it has arrived, or was given up.")
    outcome = serializers.CharField(
        help_text='Of the last attempt: delivered, refused, timeout, unreachable, forbidden, tls, garbled; "": none yet.'
    )
    status = serializers.IntegerField(allow_null=True, help_text="What your server answered.")
    milliseconds = serializers.IntegerField(allow_null=True)


class DeliveryPageSerializer(serializers.Serializer):
    results = DeliverySerializer(many=True, source="rows")
    next_cursor = serializers.CharField()
