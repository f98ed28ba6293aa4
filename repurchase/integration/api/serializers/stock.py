"""Rows of stock that were sent."""

from rest_framework import serializers

from repurchase.integration.api.serializers.common import ProblemItemSerializer


class StockRefusedSerializer(ProblemItemSerializer):
    key = serializers.CharField(help_text="Yours, of the row concerned.")


class InventoryAnswerSerializer(serializers.Serializer):
    """accepted + the rows named in errors = the rows sent."""

    accepted = serializers.IntegerField()
    errors = StockRefusedSerializer(many=True)
