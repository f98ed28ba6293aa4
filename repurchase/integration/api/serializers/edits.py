"""What an edit comes to."""

from rest_framework import serializers

from repurchase.integration.api.fields import MinorField, MoneyField


class EditSumsSerializer(serializers.Serializer):
    """Everything the buyer pays, in one currency: for the plan as it was, and under the edit."""

    currency = serializers.CharField()
    then = MinorField("then_minor")
    now = MinorField("now_minor")
    left_out_then = MoneyField(
        help_text="Source lines that the plan leaves out, as they were paid."
    )
    left_out_now = MoneyField(help_text="Those that it would leave out.")


class LeavingSerializer(serializers.Serializer):
    """Lines that are in the plan and would not be, by the first cause of each."""

    code = serializers.CharField()
    whole = serializers.BooleanField(
        help_text="true: their orders drop out; false: those go on without them."
    )
    lines = serializers.IntegerField()
    money = MoneyField(help_text="As it was paid for them, without freight.")


class DropOutSerializer(serializers.Serializer):
    """An order that was ready and is no longer under the edit."""

    ref = serializers.CharField()
    number = serializers.CharField()
    codes = serializers.ListField(child=serializers.CharField())


class CapacityExceededSerializer(serializers.Serializer):
    group = serializers.CharField(source="group.code")
    day = serializers.DateField(help_text="The first day that overflows: a day of dispatch.")
    needed = serializers.IntegerField(help_text="Pieces due by that day.")
    capacity = serializers.IntegerField(help_text="Pieces that can be made by that day.")
    earliest = serializers.DateField(
        allow_null=True,
        help_text="The first promise for the orders of the edit that works; null: none in a year.",
    )


class EditAnswerSerializer(serializers.Serializer):
    applied = serializers.BooleanField()
    version = serializers.IntegerField(
        source="preview.version",
        help_text="Of the plan: before the edit in a preview, else the new one.",
    )
    digest = serializers.CharField(
        source="preview.digest", help_text="Send it back to apply exactly this."
    )
    orders = serializers.IntegerField(source="preview.orders")
    lines = serializers.IntegerField(source="preview.lines")
    raised = serializers.IntegerField(
        source="preview.raised", help_text="Lines with a larger quantity."
    )
    lowered = serializers.IntegerField(source="preview.lowered")
    promises = serializers.IntegerField(
        source="preview.promises", help_text="Orders with another promise."
    )
    planned_then = serializers.IntegerField(source="preview.planned_then")
    planned_now = serializers.IntegerField(source="preview.planned_now")
    sums = EditSumsSerializer(many=True, source="preview.sums")
    lines_left_out_then = serializers.IntegerField(source="preview.lines_left_out_then")
    lines_left_out_now = serializers.IntegerField(source="preview.lines_left_out_now")
    leaving = LeavingSerializer(many=True, source="preview.leaving", help_text="The dearest first.")
    dropped = serializers.IntegerField(
        source="preview.dropped", help_text="Ready orders that drop out."
    )
    drop_outs = DropOutSerializer(
        many=True, source="preview.drop_outs", help_text="The first 50 of them."
    )
    capacity = CapacityExceededSerializer(source="preview.overflow", allow_null=True)
