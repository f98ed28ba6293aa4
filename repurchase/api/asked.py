"""What a caller may send. A name that is not known is refused, never passed over: a misspelt option is no option."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from repurchase.api.fields import Text
from repurchase.feed.answer import INCLUDE
from repurchase.lifecycle import OrderStatus


class Strict(serializers.Serializer):
    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values = super().to_internal_value(data)
        if unknown := sorted(set(data) - set(self.fields)):
            raise serializers.ValidationError({name: _("Not known here.") for name in unknown})
        return values


class Share(serializers.DecimalField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_digits=7, decimal_places=6, min_value=Decimal(0), max_value=Decimal("0.999999"), required=False,
            allow_null=True, **options,
        )  # fmt: skip


class PageFilter(Strict):
    cursor = Text(max_length=200, help_text="`next_cursor` of the page before.")


class HistoryFilter(PageFilter):
    buyer = Text(max_length=64, help_text="The buyer's id on the platform.")
    repeatable = serializers.BooleanField(
        required=False, default=False, help_text="true: only orders that pass the order rules; else all."
    )
    q = Text(max_length=100, help_text="Part of the number or of the buyer's name, or the buyer's id.")


class OrderFilter(PageFilter):
    status = serializers.ChoiceField(
        choices=["all", *(status.value for status in OrderStatus)], default="all"
    )


class FeedFilter(Strict):
    include = serializers.ChoiceField(
        choices=sorted(INCLUDE),
        default="confirmed",
        help_text="confirmed: what the buyer has confirmed. locked: those too that wait for an answer.",
    )


class NewBatch(Strict):
    buyer = Text(max_length=64, help_text="The buyer's id on the platform; every order has to be theirs.")
    order_ids = serializers.ListField(
        child=serializers.CharField(max_length=64), help_text="Numbers of past orders, all of one buyer."
    )
    policy = serializers.ChoiceField(
        choices=["partial", "all_or_nothing"],
        default="partial",
        help_text="partial: what can't be repeated is left out. all_or_nothing: then the batch fails.",
    )
    special_clearance = serializers.BooleanField(
        default=False, help_text="Ticks the special clearance channel for every order."
    )


class StockRow(serializers.Serializer):
    """A SKU's level. Each row is taken or refused for itself."""

    key = serializers.CharField(
        max_length=64, required=False, help_text="Yours; errors name it. Else the SKU."
    )
    sku = serializers.CharField(max_length=64)
    on_hand = serializers.IntegerField(min_value=0, help_text="Pieces, reservations not taken off.")
    synced_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When it was read; not in the future. Else now."
    )


@extend_schema_field(StockRow(many=True))
class StockRows(serializers.ListField):
    """Not checked here: a row that can't be taken must not stop the others."""


class Inventory(Strict):
    rows = StockRows(child=serializers.JSONField(), help_text="Up to 5000 a call.")


class NewScreening(Strict):
    buyer = Text(max_length=64, help_text="The buyer's id on the platform; every order has to be theirs.")
    order_ids = serializers.ListField(
        child=serializers.CharField(max_length=64), help_text="Numbers of past orders, all of one buyer."
    )
    special_clearance = serializers.BooleanField(
        default=False, help_text="As if the special clearance channel were ticked for every order."
    )


class QuoteLine(Strict):
    category = serializers.SlugField(max_length=40, help_text="The category's code.")
    amount = serializers.CharField(max_length=20, help_text="What the buyer pays for it, as a decimal text.")
    ear_controlled = serializers.BooleanField(default=False, help_text="Dual use under the EAR.")


class QuoteChanges(Strict):
    """Rates supposed other than they are, as shares: "0.07"."""

    commission_rate = Share()
    payment_rate = Share()
    vat_remittance_rate = Share()
    tax_rate = Share()
    per_euro = serializers.DictField(
        child=serializers.DecimalField(max_digits=18, decimal_places=8, min_value=Decimal("0.00000001")),
        required=False,
        help_text="Units of a currency for one euro.",
    )


class NewFeeQuote(Strict):
    currency = serializers.RegexField(r"^[A-Z]{3}\Z", help_text="ISO 4217.")
    country = serializers.RegexField(r"^[A-Z]{2}\Z", help_text="ISO 3166-1, of the destination.")
    postal_code = Text(max_length=20)
    region = Text(max_length=80)
    lines = QuoteLine(many=True, allow_empty=False, max_length=50)
    freight = serializers.CharField(max_length=20, default="0", help_text="Charged to the buyer.")
    prices_include_tax = serializers.BooleanField(default=False)
    local_return = serializers.BooleanField(default=False)
    special_clearance = serializers.BooleanField(default=False)
    carrier_service = Text(max_length=40, help_text="Else the cheapest.")
    weight_g = serializers.IntegerField(min_value=1, max_value=10**8)
    volume_cm3 = serializers.IntegerField(min_value=0, max_value=10**9, default=0)
    buyer_tax_number = Text(max_length=40)
    buyer_tax_number_checked = serializers.BooleanField(default=False)
    cost = serializers.CharField(max_length=20, default="0", help_text="Of the goods, to you.")
    cost_currency = Text(max_length=3, help_text="Else the store's settlement currency.")
    wished_margin = serializers.DecimalField(
        max_digits=5, decimal_places=4, min_value=Decimal(0), max_value=Decimal(1), required=False, allow_null=True,
        default=None, help_text="Share of the turnover without tax: asks for the least price that reaches it.",
    )  # fmt: skip
    changes = QuoteChanges(required=False)


class NewCarrierCharge(Strict):
    invoice = serializers.CharField(max_length=64, help_text="The carrier's number: sent twice, kept once.")
    amount = serializers.CharField(max_length=20, help_text="Decimal text; below zero for a credit note.")
    currency = serializers.RegexField(r"^[A-Z]{3}\Z", help_text="ISO 4217.")


class Rescreen(Strict):
    special_clearance = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Ticks or unticks it; null leaves it as it is.",
    )
