"""What the API tells, field by field."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from diagnostics import words
from repurchase.api.fields import Amount, Instant, MinorField, MoneyField


class Finding(serializers.Serializer):
    """A code, in words for people (Accept-Language) and with its evidence for programs."""

    code = serializers.CharField()
    detail = serializers.CharField()
    evidence = serializers.DictField()

    def to_representation(self, finding: Any) -> dict[str, Any]:
        """From a core value, or as a row keeps it."""
        row = isinstance(finding, Mapping)
        code = finding["code"] if row else finding.code
        evidence = finding["evidence"] if row else finding.evidence
        return {"code": str(code), "detail": words.of(code, evidence).cause, "evidence": dict(evidence)}


class BuyerName(serializers.Serializer):
    id = serializers.CharField(source="external_id", help_text="The buyer's id on the platform.")
    name = serializers.CharField()


def assumed_facts(source: str | None = None) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(), source=source, help_text="Facts that an import assumed, not read."
    )


class Source(serializers.Serializer):
    """A past order as the platform knows it."""

    number = serializers.CharField()
    status = serializers.CharField()
    ordered_at = Instant()
    completed_at = Instant(allow_null=True)
    rating = serializers.DecimalField(
        max_digits=6, decimal_places=4, allow_null=True, help_text="null: unrated."
    )
    paid = MinorField("paid_minor")
    lines = serializers.IntegerField(source="line_count")
    mirrored_from = serializers.CharField(source="source", help_text='"simulated" in a demo.')
    assumed = assumed_facts()


class Standing(serializers.Serializer):
    batch = serializers.CharField()
    status = serializers.CharField(help_text="The lock's when held, else the batch's.")
    held = serializers.BooleanField(
        help_text="true: by its live lock. false: it is planned there, not locked."
    )
    until = Instant(allow_null=True, help_text="The lock's end; null: it has none.")


class Repeated(serializers.Serializer):
    times = serializers.IntegerField(help_text="How often a buyer has accepted a repeat of it.")
    order = serializers.CharField(help_text="The newest repeat.")
    batch = serializers.CharField()
    status = serializers.CharField()
    at = Instant(allow_null=True, help_text="When the buyer accepted it.")


class PastOrder(serializers.Serializer):
    order = Source()
    buyer = BuyerName()
    repeatable = serializers.BooleanField()
    findings = Finding(many=True, source="codes", help_text="Why it can't be repeated today, lines included.")
    stands_in = Standing(source="standing", allow_null=True, help_text="The batch that it stands in already.")
    repeated = Repeated(allow_null=True, help_text="It was repeated before. It may be again.")


class PastOrderPage(serializers.Serializer):
    results = PastOrder(many=True, source="rows")
    next_cursor = serializers.CharField(help_text='"" on the last page.')


class BatchName(serializers.Serializer):
    ref = serializers.CharField()
    status = serializers.CharField(source="state")
    buyer = BuyerName()
    asked = serializers.IntegerField()
    created_at = Instant()
    screened_at = Instant(help_text="Every verdict is as of this instant.")
    planned_at = Instant(allow_null=True)
    ended_at = Instant(allow_null=True)


class BatchPage(serializers.Serializer):
    results = BatchName(many=True, source="rows")
    next_cursor = serializers.CharField(help_text='"" on the last page.')


class Counts(serializers.Serializer):
    """asked = pending + failed + excluded + planned + locked + accepted + ended, at every moment."""

    asked = serializers.IntegerField()
    pending = serializers.IntegerField()
    failed = serializers.IntegerField()
    excluded = serializers.IntegerField()
    planned = serializers.IntegerField()
    locked = serializers.IntegerField()
    accepted = serializers.IntegerField()
    ended = serializers.IntegerField()


class FeeParts(serializers.Serializer):
    commission = MoneyField()
    logistics = MoneyField()
    payment = MoneyField()
    vat_remittance = MoneyField()


class Totals(serializers.Serializer):
    """What the orders come to in one currency; those that failed or are excluded are not in it."""

    currency = serializers.CharField()
    goods = MoneyField()
    freight = MoneyField()
    tax = MoneyField()
    total = MoneyField(help_text="Everything the buyer pays.")
    fees = FeeParts()
    net = MoneyField(help_text="Goods and freight, less the fees.")


class LotRenegotiation(serializers.Serializer):
    """Why the price of a lot was opened again, and until when both have to sign."""

    id = serializers.UUIDField(source="pk")
    reason = serializers.CharField(source="__str__", help_text='What moved, and how far: "USD/CNY +3.142 %".')
    opened_at = Instant()
    deadline_at = Instant(help_text="Both signatures have to be there before it.")


class Lot(serializers.Serializer):
    """Orders of a batch that share a currency and an index exposure, under one lock."""

    lock = serializers.UUIDField(source="lock.pk")
    status = serializers.CharField()
    currency = serializers.CharField(source="lock.currency")
    index_series = serializers.CharField(source="lock.index_series", help_text='"" when not exposed.')
    orders = serializers.IntegerField()
    total = MoneyField()
    locked_at = Instant(source="lock.locked_at")
    expires_at = Instant(source="lock.expires_at", help_text="The lock holds up to here, exclusive.")
    seconds_left = serializers.IntegerField(
        help_text="Of the lock, or of the renegotiation once one is open."
    )
    renegotiation = LotRenegotiation(allow_null=True)


class Gate(serializers.Serializer):
    """A condition on the store or the buyer, as of `screened_at`."""

    name = serializers.CharField()
    value = serializers.CharField(allow_null=True)
    limit = serializers.CharField(allow_null=True)
    passed = serializers.BooleanField()
    code = serializers.CharField(help_text='"" when passed.')


class WantedDocument(serializers.Serializer):
    """A document that the store shows to be opened, in the language asked for."""

    key = serializers.CharField()
    title = serializers.CharField()
    why = serializers.CharField()
    points = serializers.ListField(child=serializers.CharField(), help_text="What it must show.")
    categories = serializers.ListField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="The store's categories that ask for it; null: every store shows it.",
    )


class Document(serializers.Serializer):
    """An uploaded document."""

    key = serializers.UUIDField()
    kind = serializers.CharField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = serializers.CharField()
    version = serializers.IntegerField()
    state = serializers.CharField(help_text="uploaded, reading, read, unreadable, approved or rejected.")
    code = serializers.CharField(help_text="Why it is unreadable or was rejected; else empty.")
    remark = serializers.CharField(help_text="The reviewer's own words.")
    uploaded_at = Instant()


class Qualification(serializers.Serializer):
    """Where the store stands on the way to bulk repeat orders, and what it needs."""

    state = serializers.CharField(
        source="state.standing", help_text="not_open, documents, in_review, open or lapsed."
    )
    since = Instant(source="state.since", allow_null=True)
    valid_until = Instant(source="state.valid_until", allow_null=True, help_text="null: without an end.")
    owner = serializers.CharField(source="state.owner", help_text="Who has to act: seller, platform, nobody.")
    reason = serializers.CharField(source="state.reason", help_text="Why a review sent it back.")
    checked_at = Instant(source="state.checked_at", allow_null=True)
    gates = Gate(
        many=True, source="state.check_results", help_text="As of `checked_at`; empty: never checked."
    )
    documents = WantedDocument(many=True)
    files = serializers.ListField(
        child=serializers.CharField(), source="file_points", help_text="What holds for every file."
    )
    uploads = Document(many=True, source="all_uploads")
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="What keeps it from being handed in."
    )
    review_due_at = Instant(
        source="case.due_at", allow_null=True, default=None, help_text="null: none is running."
    )


class CodeCount(serializers.Serializer):
    code = serializers.CharField()
    orders = serializers.IntegerField()

    def to_representation(self, pair: tuple[str, int]) -> dict[str, Any]:
        return {"code": pair[0], "orders": pair[1]}


class ServiceCounts(serializers.Serializer):
    """How many customised services stand where; idle: what they are for isn't repeated."""

    asked = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    left_out = serializers.IntegerField()
    dismissed = serializers.IntegerField()
    idle = serializers.IntegerField()


class Progress(serializers.Serializer):
    """How far the screening is, counted from rows."""

    phase = serializers.CharField(help_text="waiting, planning, finishing or ended.")
    done = serializers.IntegerField(source="counts.done")
    of = serializers.IntegerField(source="counts.asked")
    orders_a_second = serializers.FloatField(source="rate", allow_null=True)
    seconds_left = serializers.IntegerField(allow_null=True)


class BigEdit(serializers.Serializer):
    """The newest edit of more than 500 orders. `done_at` null: at work. `code` empty: applied; else nothing was."""

    undoing = serializers.SerializerMethodField()
    orders = serializers.IntegerField(help_text="That it names.")
    planned = serializers.IntegerField(help_text="Of them so far.")
    version = serializers.IntegerField(help_text="Of the plan that it was asked for.")
    asked_at = Instant()
    done_at = Instant(allow_null=True)
    code = serializers.CharField()
    detail = serializers.SerializerMethodField()

    def get_undoing(self, task: Any) -> bool:
        return task.undoes_id is not None

    def get_detail(self, task: Any) -> str:
        return words.of(task.code, task.evidence).cause if task.code else ""


class Batch(BatchName):
    policy = serializers.CharField()
    dry_run = serializers.BooleanField(help_text="true: it can't be locked.")
    code = serializers.CharField(help_text="Why it failed as a whole; else empty.")
    special_clearance = serializers.BooleanField()
    attempt = serializers.IntegerField(help_text="1, and one more for each rescreening.")
    version = serializers.IntegerField(help_text="Of the plan: each screening and each edit makes a new one.")
    gates = Gate(many=True)
    gates_at_confirmation = Gate(
        many=True, help_text="Recorded when the buyer confirmed; they blocked nothing."
    )
    counts = Counts(source="plan.counts")
    progress = Progress()
    codes = CodeCount(many=True, source="plan.codes", help_text="Orders that carry each code, most first.")
    totals = Totals(many=True, source="plan.totals")
    lots = Lot(many=True, source="plan.lots")
    custom_services = ServiceCounts(source="plan.services")
    edit = BigEdit(allow_null=True, help_text="The newest edit that went on in the background.")


class OrderName(serializers.Serializer):
    ref = serializers.CharField()
    position = serializers.IntegerField()
    source_number = serializers.CharField(source="past_order.number")
    status = serializers.CharField(source="state")
    codes = serializers.ListField(child=serializers.CharField())
    then_paid = MinorField(
        "past_order.paid_minor",
        currency="past_order.currency",
        help_text="What was paid for the source order.",
    )
    goods = MinorField("goods_minor")
    freight = MinorField("freight_minor")
    tax = MinorField("tax_minor")
    total = MinorField("total_minor", help_text="Everything the buyer pays.")
    fees = MinorField("fees_minor")
    promise_days = serializers.IntegerField()
    changed_at = Instant()


class OrderPage(serializers.Serializer):
    results = OrderName(many=True, source="rows")
    next_cursor = serializers.CharField(help_text='"" on the last page.')


class Service(serializers.Serializer):
    """A customised service: confirmed by the buyer in writing, or its lines leave the order."""

    line = serializers.IntegerField(source="line_no", allow_null=True, help_text="null: the whole order.")
    text = serializers.CharField()
    source = serializers.CharField(source="row.source", help_text="note, member or api.")
    state = serializers.CharField(help_text="asked, confirmed, left_out, dismissed, idle.")
    confirmed_at = Instant(source="row.confirmed_at", allow_null=True)


class Line(serializers.Serializer):
    """A source line with its one outcome, then and now side by side."""

    number = serializers.IntegerField(source="line_no")
    source_line = serializers.IntegerField(source="source_line.line_no")
    sku = serializers.CharField(source="sku.code")
    title = serializers.CharField(source="sku.title")
    quantity = serializers.IntegerField()
    quantity_then = serializers.IntegerField(source="source_line.quantity")
    moq = serializers.IntegerField(help_text="The SKU's, or what an edit set for this batch.")
    paid = MinorField(
        "base_minor", currency="order.currency", help_text="Really paid then, for this quantity."
    )
    listed = MinorField("reference_minor", currency="order.currency", help_text="Today's list price for it.")
    total = MinorField("total_minor", currency="order.currency", help_text="Offered now; 0 when left out.")
    outcome = serializers.CharField(help_text="planned, or left out: excluded, failed.")
    findings = Finding(many=True)
    hs_code = serializers.CharField()
    origin_country = serializers.CharField()
    assumed = assumed_facts("sku.assumed")


class FreightCard(serializers.Serializer):
    """base + step for each begun `step_g` beyond `from_g`, at least the minimum."""

    from_g = serializers.IntegerField(source="min_weight_g")
    base = MinorField("base_minor")
    step_g = serializers.IntegerField()
    step = MinorField("step_minor")
    minimum = MinorField("minimum_minor")


class Fee(serializers.Serializer):
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
    card = FreightCard(allow_null=True, help_text="Freight: the rate card that the tariff is quoted by.")
    amount = MinorField("amount_minor")
    reason = serializers.CharField(help_text='Why it is zero, else "".')
    rule_version = serializers.CharField()
    rounding = serializers.CharField()


class RateSet(serializers.Serializer):
    source = serializers.CharField()
    published_on = serializers.DateField()


class Lock(serializers.Serializer):
    id = serializers.UUIDField()
    locked_at = Instant()
    expires_at = Instant()
    rate_set = RateSet()


class Tax(serializers.Serializer):
    category = serializers.CharField(source="tax_category", help_text='UNCL5305; "" when not priced.')
    rate = serializers.DecimalField(source="tax_rate", max_digits=6, decimal_places=5, allow_null=True)
    code = serializers.CharField(source="tax_code")


class Registration(serializers.Serializer):
    scheme = serializers.CharField()
    jurisdiction = serializers.CharField()
    number = serializers.CharField()


class Address(serializers.Serializer):
    consignee = serializers.CharField(default="")
    street = serializers.CharField(default="")
    postal_code = serializers.CharField(default="")
    city = serializers.CharField(default="")
    region = serializers.CharField(default="")
    country = serializers.CharField()


class Order(OrderName):
    batch = serializers.CharField(source="batch.ref")
    buyer = BuyerName(source="batch.buyer")
    source_order = Source(source="past_order")
    findings = Finding(many=True)
    lock = Lock(allow_null=True)
    prices_include_tax = serializers.BooleanField()
    tax_treatment = Tax(source="*")
    incoterm = serializers.CharField()
    importer_of_record = serializers.CharField()
    ship_to = Address()
    registrations = Registration(many=True)
    carrier_service = serializers.CharField(source="service.code", default=None, allow_null=True)
    transit_days = serializers.IntegerField(allow_null=True)
    special_clearance = serializers.BooleanField()
    local_return = serializers.BooleanField()
    note = serializers.CharField()


class OrderDetail(serializers.Serializer):
    order = Order()
    lines = Line(many=True)
    fees = Fee(many=True)
    services = Service(many=True)


class BreakEven(serializers.Serializer):
    """Below it, what is settled no longer covers the cost."""

    base = serializers.CharField()
    quote = serializers.CharField()
    rate = serializers.CharField()


class FeeQuote(serializers.Serializer):
    day = serializers.DateField(help_text="The tariffs are those of this day.")
    rate_set = RateSet(source="rates")
    carrier_service = serializers.CharField(source="service")
    tax_treatment = serializers.DictField(child=serializers.CharField())
    destination = serializers.DictField(child=serializers.CharField())
    goods = MoneyField()
    freight = MoneyField()
    tax = MoneyField()
    total = MoneyField(help_text="Everything the buyer pays.")
    fees = Fee(many=True)
    all_fees = MoneyField()
    cost = MoneyField()
    profit = MoneyField(help_text="Without tax, less the fees and the cost.")
    margin = serializers.CharField(
        allow_null=True, help_text="Profit, as a share of the turnover without tax."
    )
    price_for_wished_margin = MoneyField(
        allow_null=True, help_text="Of the goods together; null: not asked, or no price reaches it."
    )
    break_even_rate = BreakEven(allow_null=True)


class CarrierCharge(serializers.Serializer):
    invoice = serializers.CharField()
    amount = MinorField("amount_minor")
    recorded_at = Instant()


class CarrierCharges(serializers.Serializer):
    """The estimate that the plan has kept, what the carrier billed, and the difference, in the order's currency."""

    estimate = MoneyField()
    actual = MoneyField(
        allow_null=True, help_text="null: nothing was recorded yet, or in a currency without a rate."
    )
    difference = MoneyField(allow_null=True, help_text="Actual less estimate.")
    charges = CarrierCharge(many=True)


class ProblemItem(serializers.Serializer):
    pointer = serializers.CharField(
        help_text="JSON pointer into the body, as a URI fragment; or #/<parameter>."
    )
    code = serializers.CharField()
    detail = serializers.CharField()


class EditSums(serializers.Serializer):
    """Everything the buyer pays, in one currency: for the plan as it was, and under the edit."""

    currency = serializers.CharField()
    then = MinorField("then_minor")
    now = MinorField("now_minor")


class DropOut(serializers.Serializer):
    """An order that was ready and is no longer under the edit."""

    ref = serializers.CharField()
    number = serializers.CharField()
    codes = serializers.ListField(child=serializers.CharField())


class CapacityExceeded(serializers.Serializer):
    group = serializers.CharField(source="group.code")
    day = serializers.DateField(help_text="The first day that overflows: a day of dispatch.")
    needed = serializers.IntegerField(help_text="Pieces due by that day.")
    capacity = serializers.IntegerField(help_text="Pieces that can be made by that day.")
    earliest = serializers.DateField(
        allow_null=True,
        help_text="The first promise for the orders of the edit that works; null: none in a year.",
    )


class EditAnswer(serializers.Serializer):
    applied = serializers.BooleanField()
    version = serializers.IntegerField(
        source="preview.version", help_text="Of the plan: before the edit in a preview, else the new one."
    )
    digest = serializers.CharField(source="preview.digest", help_text="Send it back to apply exactly this.")
    orders = serializers.IntegerField(source="preview.orders")
    lines = serializers.IntegerField(source="preview.lines")
    raised = serializers.IntegerField(source="preview.raised", help_text="Lines with a larger quantity.")
    lowered = serializers.IntegerField(source="preview.lowered")
    promises = serializers.IntegerField(source="preview.promises", help_text="Orders with another promise.")
    planned_then = serializers.IntegerField(source="preview.planned_then")
    planned_now = serializers.IntegerField(source="preview.planned_now")
    sums = EditSums(many=True, source="preview.sums")
    dropped = serializers.IntegerField(source="preview.dropped", help_text="Ready orders that drop out.")
    drop_outs = DropOut(many=True, source="preview.drop_outs", help_text="The first 50 of them.")
    capacity = CapacityExceeded(source="preview.overflow", allow_null=True)


class ScreeningCounts(serializers.Serializer):
    asked = serializers.IntegerField()
    planned = serializers.IntegerField()
    failed = serializers.IntegerField()
    excluded = serializers.IntegerField()


class ScreenedLine(serializers.Serializer):
    number = serializers.IntegerField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    paid = Amount(help_text="Then: really paid for it.")
    listed = Amount(allow_null=True, help_text="Today's list price for it.")
    outcome = serializers.CharField(help_text="planned, or left out: excluded, failed.")
    findings = Finding(many=True)


class DriftRow(serializers.Serializer):
    """Then against now. `severity`: same, changed, blocks; unknown: what was then is not on record."""

    field = serializers.CharField()
    subject = serializers.CharField(help_text="The SKU, the scheme and jurisdiction, or the destination.")
    line = serializers.IntegerField(allow_null=True)
    then = serializers.CharField(allow_null=True)
    now = serializers.CharField(allow_null=True)
    change = serializers.CharField()
    severity = serializers.CharField()
    unit = serializers.CharField(
        help_text="A currency (a piece), pieces, share, days, date, reached, or none."
    )


class LapseRow(serializers.Serializer):
    """Valid today, no longer on the promised day of delivery."""

    field = serializers.CharField()
    subject = serializers.CharField()
    last_day = serializers.DateField()
    delivery_day = serializers.DateField()


class ScreenedOrder(serializers.Serializer):
    number = serializers.CharField()
    verdict = serializers.CharField(help_text="planned, failed or excluded.")
    codes = serializers.ListField(child=serializers.CharField())
    findings = Finding(many=True)
    total = Amount(allow_null=True, help_text="Everything the buyer would pay.")
    fees = Amount(allow_null=True)
    lines = ScreenedLine(many=True)
    drift = DriftRow(many=True, allow_null=True, help_text="null from the 201st order on.")
    lapses = LapseRow(many=True, allow_null=True)
    repeated = Repeated(allow_null=True, help_text="It was repeated before. It may be again.")


class Screening(serializers.Serializer):
    screened_at = Instant()
    buyer = BuyerName()
    gates = Gate(many=True)
    counts = ScreeningCounts()
    results = ScreenedOrder(many=True)


class StockRefused(ProblemItem):
    key = serializers.CharField(help_text="Yours, of the row concerned.")


class InventoryAnswer(serializers.Serializer):
    """accepted + the rows named in errors = the rows sent."""

    accepted = serializers.IntegerField()
    errors = StockRefused(many=True)


class Problem(serializers.Serializer):
    """RFC 9457."""

    type = serializers.URLField(help_text="A page that explains the code.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable for ever; see /codes/.")
    errors = ProblemItem(many=True)
    request_id = serializers.CharField()


class Webhook(serializers.Serializer):
    id = serializers.UUIDField()
    url = serializers.CharField()
    types = serializers.ListField(child=serializers.CharField(), help_text="Only these; none: all.")
    enabled = serializers.BooleanField()
    created_at = Instant()
    rotated_at = Instant(allow_null=True, help_text="For 24 hours after it two secrets sign.")
    failing_since = Instant(allow_null=True, help_text="Nothing has arrived since.")
    disabled_at = Instant(
        allow_null=True, help_text="Switched off by us after failing for 3 days, or by a 410."
    )
    due = serializers.IntegerField(default=0, help_text="Events that wait to be sent.")


class WebhookWithSecret(Webhook):
    secret = serializers.CharField(help_text="`whsec_` and a key in base 64. Told once.")
    secret_version = serializers.IntegerField(
        help_text="Which of its secrets: 1, and one more with each rotation."
    )


class WebhookPage(serializers.Serializer):
    results = Webhook(many=True)


class Replayed(serializers.Serializer):
    events = serializers.IntegerField(help_text="So many are sent again.")


class Delivery(serializers.Serializer):
    seq = serializers.IntegerField(source="event.seq")
    type = serializers.CharField(source="event.type")
    committed_at = Instant(source="event.committed_at")
    attempts = serializers.IntegerField()
    sent_at = Instant(allow_null=True, help_text="The last attempt.")
    delivered_at = Instant(allow_null=True)
    next_try_at = Instant(allow_null=True, help_text="null: it has arrived, or was given up.")
    outcome = serializers.CharField(
        help_text='Of the last attempt: delivered, refused, timeout, unreachable, forbidden, tls, garbled; "": none yet.'
    )
    status = serializers.IntegerField(allow_null=True, help_text="What your server answered.")
    milliseconds = serializers.IntegerField(allow_null=True)


class DeliveryPage(serializers.Serializer):
    results = Delivery(many=True, source="rows")
    next_cursor = serializers.CharField()
