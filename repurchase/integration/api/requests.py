"""What a caller may send. A name that is not known is refused, never passed over: a misspelt
option is no option."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from diagnostics.codes import Code
from marketplace.money import EXPONENTS
from qualification.readings import DocumentKind
from repurchase.batches import event_types
from repurchase.batches.edits import EditScope
from repurchase.batches.services import edit_targets
from repurchase.batches.services.selections import SelectionFilter
from repurchase.integration.api.fields import TextField
from repurchase.integration.feed.http_response import FORMATS, INCLUDE
from repurchase.models.order_states import OrderStatus

SERVICES_MAX = 5000
NAME_MAX = 100
"""So much of a name that is not known is told."""

LIST_MAX = 20_000
"""The most members of any list in a body; what is sensible is less, and told by a code of its
own."""


class StrictSerializer(serializers.Serializer):
    def to_internal_value(self, data: Any) -> dict[str, Any]:
        values = super().to_internal_value(data)
        refuse_unknown(self, data)
        return values


def refuse_unknown(form: serializers.Serializer, data: Any) -> None:
    if unknown := sorted(set(data) - set(form.fields)):
        raise serializers.ValidationError(
            {name[:NAME_MAX]: _("Not known here.") for name in unknown}
        )


class ListedField(serializers.ListField):
    """A list that is counted before its members are looked at: what is too long costs nothing."""

    def __init__(self, *, max_length: int = LIST_MAX, **options: Any) -> None:
        super().__init__(max_length=max_length, **options)

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list) and len(data) > self.max_length:
            raise serializers.ValidationError(f"{len(data)} > {self.max_length}")
        return super().to_internal_value(data)


class ShareField(serializers.DecimalField):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_digits=7,
            decimal_places=6,
            min_value=Decimal(0),
            max_value=Decimal("0.999999"),
            required=False,
            allow_null=True,
            **options,
        )


class AmountField(serializers.CharField):
    """A decimal text, not below zero. Its digits are looked at where its currency is known."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=20, validators=[_validate_not_negative], **options)


def _validate_not_negative(text: str) -> None:
    if text.startswith("-"):
        raise serializers.ValidationError(_("Not below zero."))


class PageFilterSerializer(StrictSerializer):
    cursor = TextField(max_length=200, help_text="`next_cursor` of the page before.")


class HistoryFilterSerializer(PageFilterSerializer):
    buyer = TextField(max_length=64, help_text="The buyer's id on the platform.")
    repeatable = serializers.BooleanField(
        required=False,
        default=False,
        help_text="true: only orders that pass the order rules; else all.",
    )
    q = TextField(
        max_length=100, help_text="Part of the number or of the buyer's name, or the buyer's id."
    )


class OrderFilterSerializer(PageFilterSerializer):
    status = serializers.ChoiceField(
        choices=["all", *(status.value for status in OrderStatus)], default="all"
    )


class FeedFilterSerializer(StrictSerializer):
    include = serializers.ChoiceField(
        choices=sorted(INCLUDE),
        default="confirmed",
        help_text="confirmed: what the buyer has confirmed. locked: those too that wait for an answer.",
    )
    format = serializers.ChoiceField(
        choices=sorted(FORMATS),
        default="native",
        help_text="native: XML 1, one document. ubl: a ZIP of UBL 2.2 Orders, one file an order.",
    )


class OneFeedFilterSerializer(StrictSerializer):
    format = serializers.ChoiceField(
        choices=sorted(FORMATS), default="native", help_text="native: XML 1. ubl: UBL 2.2 Order."
    )


class NestedSerializer(serializers.Serializer):
    """A part of a body, as strict as the whole."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict):
            refuse_unknown(self, data)
        return super().to_internal_value(data)


class CustomServiceSerializer(NestedSerializer):
    """A customised service that the buyer is asked to confirm with the lock (R-15)."""

    order = serializers.CharField(max_length=64, help_text="The number of one of the past orders.")
    line_no = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        allow_null=True,
        default=None,
        help_text="Its line; null: the whole order.",
    )
    text = serializers.CharField(
        max_length=300, help_text="What the buyer confirms, word for word."
    )


class LineNameSerializer(NestedSerializer):
    order = serializers.CharField(
        max_length=64, help_text="The past order's number, or the repeat order's ref."
    )
    line = serializers.IntegerField(min_value=1, help_text="The line's number.")


class EditSelectSerializer(NestedSerializer):
    """Exactly one of its members."""

    all = serializers.BooleanField(required=False, help_text="true: every line of the batch.")
    skus = ListedField(child=serializers.CharField(max_length=64), required=False)
    categories = ListedField(child=serializers.CharField(max_length=40), required=False)
    orders = ListedField(
        child=serializers.CharField(max_length=64),
        required=False,
        help_text="Numbers of past orders, or refs of repeat orders.",
    )
    lines = LineNameSerializer(many=True, required=False, max_length=LIST_MAX)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if len(values) != 1 or values.get("all") is False:
            raise serializers.ValidationError(
                _("Choose by exactly one of: all, skus, categories, orders, lines.")
            )
        return values


class EditSerializer(NestedSerializer):
    """New values for the lines chosen. A price is not among them: sending one is PRICE_LOCKED."""

    select = EditSelectSerializer()
    moq = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="The lines' MOQ in this batch; smaller quantities are raised.",
    )
    quantity = serializers.IntegerField(
        required=False, allow_null=True, help_text="At least the lines' MOQ."
    )
    promise_days = serializers.IntegerField(
        required=False, allow_null=True, help_text="Delivery within so many days of the screening."
    )
    promise_date = serializers.DateField(
        required=False, allow_null=True, help_text="Delivery by this day; instead of promise_days."
    )


class EditsSerializer(StrictSerializer):
    edits = EditSerializer(many=True, allow_empty=False, max_length=100)
    preview = serializers.BooleanField(
        default=False, help_text="true: tells what it comes to, writes nothing."
    )
    version = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Of the plan that you saw; another is PLAN_CHANGED.",
    )
    digest = TextField(
        max_length=64, help_text="Of the preview: exactly that is applied, or PLAN_CHANGED."
    )


def edit_requests_from(sent: list[dict[str, Any]]) -> list[edit_targets.EditRequest]:
    return [_edit_request_from(each) for each in sent]


def _edit_request_from(sent: dict[str, Any]) -> edit_targets.EditRequest:
    ((by, names),) = sent["select"].items()
    if by == "lines":
        names = [(each["order"], each["line"]) for each in names]
    values = {name: sent.get(name) for name in ("moq", "quantity", "promise_days", "promise_date")}
    return edit_targets.EditRequest(by=EditScope(by), names=() if by == "all" else names, **values)


class SelectionFilterSerializer(NestedSerializer):
    q = TextField(max_length=100, help_text="Part of an order's number.")
    repeated = serializers.BooleanField(
        default=False,
        help_text="true: those too that were repeated already. Else they are left out.",
    )


class SelectionSerializer(NestedSerializer):
    """All repeatable orders of `buyer` under the filter, the newest up to the limit of a batch,
    but the exceptions."""

    filter = SelectionFilterSerializer(default=dict)

    def get_fields(self) -> dict[str, serializers.Field]:
        return super().get_fields() | {
            "except": ListedField(
                child=serializers.CharField(max_length=64),
                default=list,
                max_length=5000,
                help_text="Numbers of past orders to leave out.",
            )
        }


class ChosenSerializer(StrictSerializer):
    """`order_ids`, or `buyer` with `selection`."""

    buyer = TextField(
        max_length=64, help_text="The buyer's id on the platform; every order has to be theirs."
    )
    order_ids = ListedField(
        child=serializers.CharField(max_length=64),
        required=False,
        help_text="Numbers of past orders, all of one buyer.",
    )
    selection = SelectionSerializer(
        required=False, help_text="Instead of order_ids; it takes `buyer`."
    )

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("order_ids" in values) == ("selection" in values):
            raise serializers.ValidationError(
                {"order_ids": _("Send exactly one of: order_ids, selection.")}
            )
        if "selection" in values and not values["buyer"]:
            raise serializers.ValidationError({"buyer": _("A selection is of one buyer: name it.")})
        return values


def chosen_orders_from(sent: dict[str, Any]) -> dict[str, Any]:
    """Which past orders, as the services take them."""
    ticked = None
    if selection := sent.get("selection"):
        ticked = SelectionFilter(
            q=selection["filter"].get("q", ""),
            with_repeated=selection["filter"].get("repeated", False),
            besides=selection["except"],
        )
    return {
        "numbers": sent.get("order_ids", ()),
        "buyer_external_id": sent["buyer"] or None,
        "ticked": ticked,
    }


class NewBatchSerializer(ChosenSerializer):
    policy = serializers.ChoiceField(
        choices=["partial", "all_or_nothing"],
        default="partial",
        help_text="partial: what can't be repeated is left out. all_or_nothing: then the batch fails.",
    )
    dry_run = serializers.BooleanField(
        default=False,
        help_text="true: planned to be looked at; it can't be locked until POST …/adopt/ makes it real.",
    )
    special_clearance = serializers.BooleanField(
        default=False, help_text="Ticks the special clearance channel for every order."
    )
    custom_services = CustomServiceSerializer(
        many=True,
        default=[],
        max_length=LIST_MAX,
        help_text="Beside those that the orders' notes ask for.",
    )

    def validate_custom_services(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len(rows) > SERVICES_MAX:
            raise serializers.ValidationError(f"{len(rows)} > {SERVICES_MAX}")
        return rows

    edits = EditSerializer(
        many=True,
        required=False,
        max_length=100,
        help_text="Quantities and promises from the first screening on, as PATCH orders/ takes them.",
    )


class StockRowSerializer(serializers.Serializer):
    """A SKU's level. Each row is taken or refused for itself."""

    key = serializers.CharField(
        max_length=64, required=False, help_text="Yours; errors name it. Else the SKU."
    )
    sku = serializers.CharField(max_length=64)
    on_hand = serializers.IntegerField(min_value=0, help_text="Pieces, reservations not taken off.")
    synced_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When it was read; not in the future. Else now."
    )


@extend_schema_field(StockRowSerializer(many=True))
class StockRowsField(ListedField):
    """Not checked here: a row that can't be taken must not stop the others."""


class InventorySerializer(StrictSerializer):
    rows = StockRowsField(
        child=serializers.JSONField(allow_null=True), help_text="Up to 5000 a call."
    )


class NewDocumentSerializer(StrictSerializer):
    kind = serializers.ChoiceField(choices=[kind.value for kind in DocumentKind])
    file = serializers.FileField(allow_empty_file=True, help_text="A PDF of at most 10 MB.")
    replaces = TextField(
        max_length=36, help_text="The `key` of the document that it takes the place of."
    )


class NewScreeningSerializer(ChosenSerializer):
    special_clearance = serializers.BooleanField(
        default=False, help_text="As if the special clearance channel were ticked for every order."
    )


class QuoteLineSerializer(StrictSerializer):
    category = serializers.SlugField(max_length=40, help_text="The category's code.")
    amount = AmountField(help_text="What the buyer pays for it, as a decimal text.")
    ear_controlled = serializers.BooleanField(default=False, help_text="Dual use under the EAR.")


class QuoteChangesSerializer(StrictSerializer):
    """Rates supposed other than they are, as shares: "0.07"."""

    commission_rate = ShareField()
    payment_rate = ShareField()
    vat_remittance_rate = ShareField()
    tax_rate = ShareField()
    per_euro = serializers.DictField(
        child=serializers.DecimalField(
            max_digits=18, decimal_places=8, min_value=Decimal("0.00000001")
        ),
        required=False,
        help_text="Units of a currency for one euro.",
    )

    def validate_per_euro(self, rates: dict[str, Decimal]) -> dict[str, Decimal]:
        if unknown := [code for code in rates if code == "EUR" or code not in EXPONENTS]:
            raise serializers.ValidationError(
                {code: _("Not a currency beside the euro.") for code in unknown}
            )
        return rates


class NewFeeQuoteSerializer(StrictSerializer):
    currency = serializers.RegexField(r"^[A-Z]{3}\Z", help_text="ISO 4217.")
    country = serializers.RegexField(r"^[A-Z]{2}\Z", help_text="ISO 3166-1, of the destination.")
    postal_code = TextField(max_length=20)
    region = TextField(max_length=80)
    lines = QuoteLineSerializer(many=True, allow_empty=False, max_length=50)
    freight = AmountField(default="0", help_text="Charged to the buyer.")
    prices_include_tax = serializers.BooleanField(default=False)
    local_return = serializers.BooleanField(default=False)
    special_clearance = serializers.BooleanField(default=False)
    carrier_service = TextField(max_length=40, help_text="Else the cheapest.")
    weight_g = serializers.IntegerField(min_value=1, max_value=10**8)
    volume_cm3 = serializers.IntegerField(min_value=0, max_value=10**9, default=0)
    buyer_tax_number = TextField(max_length=40)
    buyer_tax_number_checked = serializers.BooleanField(default=False)
    cost = AmountField(default="0", help_text="Of the goods, to you.")
    cost_currency = TextField(max_length=3, help_text="Else the store's settlement currency.")
    wished_margin = serializers.DecimalField(
        max_digits=5,
        decimal_places=4,
        min_value=Decimal(0),
        max_value=Decimal(1),
        required=False,
        allow_null=True,
        default=None,
        help_text="Share of the turnover without tax: asks for the least price that reaches it.",
    )
    changes = QuoteChangesSerializer(required=False)


class NewCarrierChargeSerializer(StrictSerializer):
    invoice = serializers.CharField(
        max_length=64, help_text="The carrier's number: sent twice, kept once."
    )
    amount = serializers.CharField(
        max_length=20, help_text="Decimal text; below zero for a credit note."
    )
    currency = serializers.RegexField(r"^[A-Z]{3}\Z", help_text="ISO 4217.")


class LockBatchSerializer(StrictSerializer):
    max_left_out = ShareField(
        default=None,
        help_text=(
            "The share of the plan's money that may leave it at the lock, in the currency that loses most: 0.05 is five "
            "per cent. Above it LOCK_LEAVES_OUT, and nothing is locked. Default none: whatever passes is locked."
        ),
    )


class RescreenSerializer(StrictSerializer):
    special_clearance = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Ticks or unticks it; null leaves it as it is.",
    )


class FixSerializer(StrictSerializer):
    code = serializers.ChoiceField(choices=sorted(Code))
    subject = TextField(max_length=200)


class FixesSerializer(StrictSerializer):
    fixes = FixSerializer(many=True, allow_empty=False, max_length=100)
    version = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Of the plan that you saw; another is PLAN_CHANGED.",
    )


class EventTypeField(serializers.CharField):
    """A type of event, or all of a kind."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=60, validators=[_validate_event_type], **options)


def _validate_event_type(text: str) -> None:
    if not event_types.is_known(text):
        raise serializers.ValidationError(_("No such type of event: {name}").format(name=text))


class EventFilterSerializer(StrictSerializer):
    after = TextField(
        max_length=19,
        help_text="A number: events with a higher one. Neither this nor the header: from now on.",
    )
    types = TextField(
        max_length=1000, help_text="Only these, by commas: `lock.*,batch.closed`. Else all."
    )

    progress = serializers.BooleanField(
        default=False,
        help_text="true: also how far batches are, as `event: progress` without a number, kept nowhere.",
    )

    def validate_types(self, text: str) -> str:
        for part in filter(None, text.split(",")):
            _validate_event_type(part)
        return text


class NewWebhookSerializer(StrictSerializer):
    url = serializers.CharField(
        max_length=500,
        help_text="https, a public address, port 443 or a port from 1024; no redirect is followed.",
    )
    types = ListedField(
        child=EventTypeField(),
        required=False,
        default=list,
        max_length=50,
        help_text="Only these; none: all.",
    )


class ChangedWebhookSerializer(StrictSerializer):
    enabled = serializers.BooleanField()


class ReplaySerializer(StrictSerializer):
    after = serializers.IntegerField(
        min_value=0, max_value=2**63 - 1, help_text="The number of the last event that you have."
    )
