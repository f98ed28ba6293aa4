"""Fee lines, quotes, and what carriers billed."""

from rest_framework import serializers

from repurchase.integration.api.fields import InstantField, MinorField, MoneyField
from repurchase.integration.api.serializers.common import RateSetSerializer


class FreightCardSerializer(serializers.Serializer):
    """base + step for each begun `step_g` beyond `from_g`, at least the minimum."""

    from_g = serializers.IntegerField(source="min_weight_g")
    base = MinorField("base_minor")
    step_g = serializers.IntegerField()
    step = MinorField("step_minor")
    minimum = MinorField("minimum_minor")


class FeeSerializer(serializers.Serializer):
    """Recomputable from itself: rate of base, or a tariff exchanged by the rates told with it."""

    part = serializers.CharField()
    kind = serializers.CharField(help_text="The part itself, or its sub-line.")
    base = MinorField("base_minor")
    rate = serializers.DecimalField(max_digits=8, decimal_places=6, allow_null=True)
    tariff = MinorField("tariff_minor", currency="tariff_currency")
    per_euro = serializers.DictField(
        child=serializers.CharField(),
        source="detail.per_euro",
        default=None,
        allow_null=True,
        help_text="What the tariff was exchanged by: units of each currency for one euro; null: not exchanged.",
    )
    weight_g = serializers.IntegerField(
        source="detail.weight_g",
        default=None,
        allow_null=True,
        help_text="Freight: what is charged for, by weight or by volume.",
    )
    card = FreightCardSerializer(
        allow_null=True, help_text="Freight: the rate card that the tariff is quoted by."
    )
    amount = MinorField("amount_minor")
    reason = serializers.CharField(help_text='Why it is zero, else "".')
    rule_version = serializers.CharField()
    rounding = serializers.CharField()


class BreakEvenSerializer(serializers.Serializer):
    """Below it, what is settled no longer covers the cost."""

    base = serializers.CharField()
    quote = serializers.CharField()
    rate = serializers.CharField()


class FeeQuoteSerializer(serializers.Serializer):
    day = serializers.DateField(help_text="The tariffs are those of this day.")
    rate_set = RateSetSerializer(source="rates")
    carrier_service = serializers.CharField(source="service")
    tax_treatment = serializers.DictField(child=serializers.CharField())
    destination = serializers.DictField(child=serializers.CharField())
    goods = MoneyField()
    freight = MoneyField()
    tax = MoneyField()
    total = MoneyField(help_text="Everything the buyer pays.")
    fees = FeeSerializer(many=True)
    all_fees = MoneyField()
    cost = MoneyField()
    profit = MoneyField(help_text="Without tax, less the fees and the cost.")
    margin = serializers.CharField(
        allow_null=True, help_text="Profit, as a share of the turnover without tax."
    )
    price_for_wished_margin = MoneyField(
        allow_null=True, help_text="Of the goods together; null: not asked, or no price reaches it."
    )
    break_even_rate = BreakEvenSerializer(allow_null=True)


class CarrierChargeSerializer(serializers.Serializer):
    invoice = serializers.CharField()
    amount = MinorField("amount_minor")
    recorded_at = InstantField()


class CarrierChargesSerializer(serializers.Serializer):
    """The estimate that the plan has kept, what the carrier billed, and the difference, in the
    order's currency."""

    estimate = MoneyField()
    actual = MoneyField(
        allow_null=True,
        help_text="null: nothing was recorded yet, or in a currency without a rate.",
    )
    difference = MoneyField(allow_null=True, help_text="Actual less estimate.")
    charges = CarrierChargeSerializer(many=True)
