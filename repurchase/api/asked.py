"""What a caller may send. A name that is not known is refused, never passed over: a misspelt option is no option."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from repurchase import happenings
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


class Rescreen(Strict):
    special_clearance = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Ticks or unticks it; null leaves it as it is.",
    )


class EventType(serializers.CharField):
    """A type of event, or all of a kind."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=60, validators=[_known_type], **options)


def _known_type(text: str) -> None:
    if not happenings.is_known(text):
        raise serializers.ValidationError(_("No such type of event: {name}").format(name=text))


class EventFilter(Strict):
    after = Text(
        max_length=19,
        help_text="A number: events with a higher one. Neither this nor the header: from now on.",
    )
    types = Text(max_length=1000, help_text="Only these, by commas: `lock.*,batch.closed`. Else all.")

    def validate_types(self, text: str) -> str:
        for part in filter(None, text.split(",")):
            _known_type(part)
        return text


class NewWebhook(Strict):
    url = serializers.CharField(
        max_length=500,
        help_text="https, a public address, port 443 or a port from 1024; no redirect is followed.",
    )
    types = serializers.ListField(
        child=EventType(), required=False, default=list, max_length=50, help_text="Only these; none: all."
    )


class ChangedWebhook(Strict):
    enabled = serializers.BooleanField()


class Replay(Strict):
    after = serializers.IntegerField(
        min_value=0, max_value=2**63 - 1, help_text="The number of the last event that you have."
    )
