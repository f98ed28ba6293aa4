"""What a caller may send. A name that is not known is refused, never passed over: a misspelt option is no option."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from repurchase.api.fields import Text
from repurchase.feed.answer import INCLUDE
from repurchase.lifecycle import OrderStatus


class Strict(serializers.Serializer):
    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if unknown := sorted(set(self.initial_data) - set(self.fields)):
            raise serializers.ValidationError({name: _("Not known here.") for name in unknown})
        return values


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


class Rescreen(Strict):
    special_clearance = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Ticks or unticks it; null leaves it as it is.",
    )
