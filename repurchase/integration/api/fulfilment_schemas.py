"""Payment, release and fulfilment over the API: what a caller may send, and what it is told."""

from collections.abc import Callable
from typing import Any

from rest_framework import serializers

from diagnostics import problem_texts
from repurchase.fulfilment.services.payments import RefusedPayment
from repurchase.integration.api.fields import (
    AmountSerializer,
    InstantField,
    MinorField,
    MoneyField,
    TextField,
)
from repurchase.integration.api.requests import (
    NestedSerializer,
    PageFilterSerializer,
    StrictSerializer,
)

ROWS_MAX = 5000
CURRENCY = r"^[A-Z]{3}\Z"


class RowSerializer(NestedSerializer):
    key = TextField(
        max_length=64, help_text="Your own name for the row; echoed where it is refused."
    )
    order = serializers.CharField(max_length=24, help_text="The repeat order's ref.")


class PaymentRowSerializer(RowSerializer):
    amount = serializers.CharField(
        max_length=20,
        help_text="Decimal text, as it came: what is beyond the order's total is told as overpaid.",
    )
    currency = serializers.RegexField(CURRENCY, help_text="ISO 4217, the order's.")
    reference = serializers.CharField(
        max_length=64,
        help_text="The bank's or the platform's number of the transfer: sent twice, kept once.",
    )
    received_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="ISO 8601; null: now."
    )


class PaymentsSerializer(StrictSerializer):
    rows = PaymentRowSerializer(many=True, allow_empty=False, max_length=ROWS_MAX)


class ReversalSerializer(StrictSerializer):
    why = serializers.CharField(
        max_length=300, help_text="Kept with the payment and in the ledger."
    )


class DifferenceSerializer(StrictSerializer):
    amount = serializers.CharField(
        max_length=20, help_text="Decimal text: exactly what is still to be paid."
    )
    reason = serializers.CharField(
        max_length=300, help_text="Such as the bank's fee. Kept with the order and in the ledger."
    )


class AcknowledgementRowSerializer(RowSerializer):
    erp_number = TextField(max_length=64, help_text="The order's number in your ERP.")


class AcknowledgementsSerializer(StrictSerializer):
    rows = AcknowledgementRowSerializer(many=True, allow_empty=False, max_length=ROWS_MAX)


class ShipmentRowSerializer(RowSerializer):
    at = serializers.DateTimeField(help_text="When it left. ISO 8601, not before the release.")
    carrier = serializers.CharField(max_length=80)
    tracking = serializers.CharField(max_length=80)


class ShipmentsSerializer(StrictSerializer):
    rows = ShipmentRowSerializer(many=True, allow_empty=False, max_length=ROWS_MAX)


class CompletionRowSerializer(RowSerializer):
    at = serializers.DateTimeField(
        help_text="When it arrived or was accepted. Not before the shipment."
    )
    as_ordered = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="true: complete, right and undamaged. null: not known; it does not count then.",
    )


class CompletionsSerializer(StrictSerializer):
    rows = CompletionRowSerializer(many=True, allow_empty=False, max_length=ROWS_MAX)


class ReleaseFilterSerializer(PageFilterSerializer):
    state = serializers.ChoiceField(
        choices=["all", "open", "acknowledged", "shipped", "completed"],
        default="all",
        help_text="open: not acknowledged yet.",
    )


class NewConnectionSerializer(StrictSerializer):
    name = serializers.CharField(
        max_length=80, help_text="Its code or name: dianxiaomi, mabang, mango, …"
    )
    version = serializers.CharField(max_length=20, help_text="Such as 5.3.1.")


# what is told


class RowErrorSerializer(serializers.Serializer):
    key = serializers.CharField()
    pointer = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class PaymentsTakenSerializer(serializers.Serializer):
    recorded = serializers.IntegerField()
    known = serializers.IntegerField(help_text="Stood already; sending them again changed nothing.")
    paid = serializers.ListField(
        child=serializers.CharField(), help_text="Orders of which nothing is open any more by this."
    )
    overpaid = serializers.ListField(
        child=serializers.CharField(),
        help_text="Those of them for which more came than their total.",
    )
    errors = RowErrorSerializer(many=True)


class RowsTakenSerializer(serializers.Serializer):
    taken = serializers.IntegerField()
    known = serializers.IntegerField(help_text="Stood already; sending them again changed nothing.")
    errors = RowErrorSerializer(many=True)


class PaymentToldSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="pk")
    kind = serializers.CharField(
        help_text="received; difference: it will not come, a member settled it."
    )
    reference = serializers.CharField(help_text='"" for a difference.')
    reason = serializers.CharField(help_text="Of a difference.")
    amount = MinorField("amount_minor")
    received_at = InstantField()
    source = serializers.CharField(help_text="api, import, member")
    recorded_at = InstantField()
    reversed_at = InstantField(allow_null=True)
    reversed_why = serializers.CharField()


class AccountSerializer(serializers.Serializer):
    order = serializers.CharField(source="order.ref")
    status = serializers.CharField(source="order.status")
    total = MinorField("due.total_minor", currency="due.currency")
    received = MoneyField()
    settled = MoneyField(help_text="What will not come, such as a bank's fee, and was settled.")
    outstanding = MoneyField()
    overpaid = MoneyField(
        help_text="What came beyond the total: the buyer's, until you give it back or credit it."
    )
    payments = PaymentToldSerializer(many=True)


class PaymentReversedSerializer(PaymentToldSerializer):
    order = serializers.CharField(source="order.ref")
    status = serializers.CharField(source="order.status", help_text="The order's, now.")


class ProformaTotalSerializer(serializers.Serializer):
    currency = serializers.CharField()
    orders = serializers.IntegerField()
    goods = AmountSerializer(help_text="As priced: with the tax where prices include it.")
    freight = AmountSerializer(help_text="As priced, like the goods.")
    goods_net = AmountSerializer(
        required=False, help_text="Without tax. Not in invoices issued before it was told."
    )
    freight_net = AmountSerializer(
        required=False, help_text="Without tax: goods_net + freight_net + tax = total."
    )
    tax = AmountSerializer()
    total = AmountSerializer()


class ProformaSerializer(serializers.Serializer):
    id = serializers.UUIDField(source="pk")
    number = serializers.CharField(help_text="What the buyer states with the payment.")
    open_account = serializers.BooleanField()
    issued_at = InstantField(allow_null=True, help_text="null: it is being made.")
    totals = ProformaTotalSerializer(many=True)
    pdf = serializers.CharField(help_text='Where it is downloaded; "" until it is issued.')


class ProformaListSerializer(serializers.Serializer):
    results = ProformaSerializer(many=True)


class ReleaseSerializer(serializers.Serializer):
    order = serializers.CharField(source="order.ref")
    batch = serializers.CharField(source="order.batch.ref")
    status = serializers.CharField(source="order.status")
    erp = serializers.CharField(
        source="erp.product.code", default="", help_text='"": taken from the XML.'
    )
    released_at = InstantField()
    announced_at = InstantField()
    announcements = serializers.IntegerField()
    acknowledged_at = InstantField(allow_null=True)
    erp_number = serializers.CharField()
    shipped_at = InstantField(allow_null=True)
    carrier = serializers.CharField()
    tracking = serializers.CharField()
    completed_at = InstantField(allow_null=True)
    as_ordered = serializers.BooleanField(allow_null=True)


class ReleasePageSerializer(serializers.Serializer):
    results = ReleaseSerializer(many=True, source="rows")
    next_cursor = serializers.CharField(help_text='"" on the last page.')


class ErpNameSerializer(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()
    minimum_version = serializers.CharField(help_text='"": any.')


class ConnectionSerializer(serializers.Serializer):
    connected = serializers.BooleanField()
    code = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    simulated = serializers.BooleanField()
    connected_at = InstantField(allow_null=True)
    known = ErpNameSerializer(many=True)


def refused_row_payload(refused: RefusedPayment) -> dict[str, str]:
    return {
        "key": refused.key,
        "pointer": f"#/rows/{refused.index}",
        "code": str(refused.problem.code),
        "detail": problem_texts.describe(refused.problem.code, refused.problem.evidence).cause,
    }


def build_rows(sent: dict[str, Any], make: Callable[..., Any]) -> list[Any]:
    return [make(**row) for row in sent["rows"]]
