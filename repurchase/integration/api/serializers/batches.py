"""Batches with their counts, totals and lots."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from diagnostics import problem_texts
from marketplace.money import decimal_text
from pricing import totals
from repurchase.integration.api.fields import InstantField, MoneyField
from repurchase.integration.api.serializers.common import BuyerNameSerializer, GateSerializer

TAX_INCLUDED = {"oneOf": [{"type": "boolean"}, {"type": "string", "enum": ["mixed"]}]}


class BatchNameSerializer(serializers.Serializer):
    ref = serializers.CharField()
    status = serializers.CharField(source="state")
    buyer = BuyerNameSerializer()
    asked = serializers.IntegerField()
    created_at = InstantField()
    screened_at = InstantField(help_text="Every verdict is as of this instant.")
    planned_at = InstantField(allow_null=True)
    ended_at = InstantField(allow_null=True)


class BatchPageSerializer(serializers.Serializer):
    results = BatchNameSerializer(many=True, source="rows")
    next_cursor = serializers.CharField(help_text='"" on the last page.')


class CountsSerializer(serializers.Serializer):
    """asked = pending + failed + excluded + planned + locked + accepted + ended, at every
    moment."""

    asked = serializers.IntegerField()
    pending = serializers.IntegerField()
    failed = serializers.IntegerField()
    excluded = serializers.IntegerField()
    planned = serializers.IntegerField()
    locked = serializers.IntegerField()
    accepted = serializers.IntegerField()
    ended = serializers.IntegerField()


class FeePartsSerializer(serializers.Serializer):
    commission = MoneyField()
    logistics = MoneyField()
    payment = MoneyField()
    vat_remittance = MoneyField()


@extend_schema_field(TAX_INCLUDED)
class TaxIncludedField(serializers.Field):
    def to_representation(self, value: totals.TaxIncluded) -> bool | str:
        return str(value) if value is totals.TaxIncluded.MIXED else value is totals.TaxIncluded.YES


class TotalsSerializer(serializers.Serializer):
    """What the orders come to in one currency. `goods` to `net` are of what is live: offered or
    accepted.

    goods_net + freight_net + tax = total = offered + accepted, at every moment.
    """

    currency = serializers.CharField()
    goods = MoneyField(help_text="As priced: with the tax where prices include it.")
    freight = MoneyField(help_text="As priced, like the goods.")
    tax = MoneyField()
    total = MoneyField(help_text="Everything the buyer pays.")
    fees = FeePartsSerializer()
    net = MoneyField(help_text="What the seller keeps: total − tax − fees.")
    goods_net = MoneyField(help_text="Without tax.")
    freight_net = MoneyField(help_text="Without tax.")
    tax_included = TaxIncludedField(
        help_text='Whether goods and freight hold the tax: true, false, or "mixed".'
    )
    asked = MoneyField(
        help_text="Every source line that was ticked, as it was paid, without freight."
    )
    offered = MoneyField(
        help_text="Waits for the buyer, or for the lock before him: all that he would pay."
    )
    accepted = MoneyField(help_text="All that he pays for what he accepted.")
    ended = MoneyField(
        help_text="Declined, expired, cancelled or terminated: all that he would have paid."
    )
    left_out = MoneyField(help_text="Of `asked`, the lines that are not offered.")
    left_out_lines = serializers.IntegerField()


class LeftOutSerializer(serializers.Serializer):
    """Lines that are not offered, by the first cause of each."""

    code = serializers.CharField()
    whole = serializers.BooleanField(
        help_text="true: their orders are out; false: those go on without them."
    )
    lines = serializers.IntegerField()
    money = MoneyField(help_text="As it was paid for them, without freight.")


class LotRenegotiationSerializer(serializers.Serializer):
    """Why the price of a lot was opened again, and until when both have to sign."""

    id = serializers.UUIDField(source="pk")
    reason = serializers.CharField(
        source="__str__", help_text='What moved, and how far: "USD/CNY +3.142 %".'
    )
    opened_at = InstantField()
    deadline_at = InstantField(help_text="Both signatures have to be there before it.")


class LotSerializer(serializers.Serializer):
    """Orders of a batch that share a currency and an index exposure, under one lock."""

    lock = serializers.UUIDField(source="lock.pk")
    status = serializers.CharField()
    currency = serializers.CharField(source="lock.currency")
    index_series = serializers.CharField(
        source="lock.index_series", help_text='"" when not exposed.'
    )
    orders = serializers.IntegerField(help_text="Locked together.")
    live_orders = serializers.IntegerField(help_text="Of them, those offered or accepted.")
    total = MoneyField(help_text="Of the live ones, at the price that holds now.")
    locked_at = InstantField(source="lock.locked_at")
    expires_at = InstantField(
        source="lock.expires_at", help_text="The lock holds up to here, exclusive."
    )
    seconds_left = serializers.IntegerField(
        help_text="Of the lock, or of the renegotiation once one is open."
    )
    renegotiation = LotRenegotiationSerializer(allow_null=True)


class CodeCountSerializer(serializers.Serializer):
    code = serializers.CharField()
    orders = serializers.IntegerField()

    def to_representation(self, pair: tuple[str, int]) -> dict[str, Any]:
        return {"code": pair[0], "orders": pair[1]}


class ServiceCountsSerializer(serializers.Serializer):
    """How many customised services stand where; idle: what they are for isn't repeated."""

    asked = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    left_out = serializers.IntegerField()
    dismissed = serializers.IntegerField()
    idle = serializers.IntegerField()


class ProgressSerializer(serializers.Serializer):
    """How far the screening is, counted from rows."""

    phase = serializers.CharField(help_text="waiting, planning, finishing or ended.")
    done = serializers.IntegerField(source="counts.done")
    of = serializers.IntegerField(source="counts.asked")
    orders_a_second = serializers.FloatField(source="rate", allow_null=True)
    seconds_left = serializers.IntegerField(allow_null=True)


class BigEditSerializer(serializers.Serializer):
    """The newest edit of more than 500 orders. `done_at` null: at work. `code` empty: applied;
    else nothing was."""

    undoing = serializers.SerializerMethodField()
    orders = serializers.IntegerField(help_text="That it names.")
    planned = serializers.IntegerField(help_text="Of them so far.")
    version = serializers.IntegerField(help_text="Of the plan that it was asked for.")
    asked_at = InstantField()
    done_at = InstantField(allow_null=True)
    code = serializers.CharField()
    detail = serializers.SerializerMethodField()

    def get_undoing(self, task: Any) -> bool:
        return task.undoes_id is not None

    def get_detail(self, task: Any) -> str:
        return problem_texts.describe(task.code, task.evidence).cause if task.code else ""


class LeftMoneySerializer(serializers.Serializer):
    currency = serializers.CharField()
    amount = serializers.SerializerMethodField()

    def get_amount(self, money: dict[str, Any]) -> str:
        return decimal_text(money["minor"], money["currency"])


class LeftAtLockSerializer(serializers.Serializer):
    """What failed a check that was asked again at the lock, and was not offered to the buyer."""

    orders = serializers.IntegerField(default=0)
    lines = serializers.IntegerField(default=0, help_text="Those of the orders that left, too.")
    money = LeftMoneySerializer(
        many=True, default=list, help_text="Everything the buyer would have paid for it."
    )
    codes = serializers.DictField(
        child=serializers.IntegerField(), default=dict, help_text="How often each was found."
    )


class BatchSerializer(BatchNameSerializer):
    policy = serializers.CharField()
    dry_run = serializers.BooleanField(help_text="true: it can't be locked.")
    code = serializers.CharField(help_text="Why it failed as a whole; else empty.")
    special_clearance = serializers.BooleanField()
    attempt = serializers.IntegerField(help_text="1, and one more for each rescreening.")
    version = serializers.IntegerField(
        help_text="Of the plan: each screening and each edit makes a new one."
    )
    gates = GateSerializer(many=True)
    gates_at_confirmation = GateSerializer(
        many=True, help_text="Recorded when the buyer confirmed; they blocked nothing."
    )
    left_at_lock = LeftAtLockSerializer()
    counts = CountsSerializer(source="plan.counts")
    progress = ProgressSerializer()
    codes = CodeCountSerializer(
        many=True, source="plan.codes", help_text="Orders that carry each code, most first."
    )
    totals = TotalsSerializer(many=True, source="plan.totals")
    left_out = LeftOutSerializer(many=True, source="plan.left_out", help_text="The dearest first.")
    lots = LotSerializer(many=True, source="plan.lots")
    custom_services = ServiceCountsSerializer(source="plan.services")
    edit = BigEditSerializer(
        allow_null=True, help_text="The newest edit that went on in the background."
    )
