"""Rows of stock that were sent."""

from rest_framework import serializers

from repurchase.integration.api.serializers.common import ProblemItem


class StockRefused(ProblemItem):
    key = serializers.CharField(help_text="Yours, of the row concerned.")


class InventoryAnswer(serializers.Serializer):
    """accepted + the rows named in errors = the rows sent."""

    accepted = serializers.IntegerField()
    errors = StockRefused(many=True)
