"""How each state and severity is shown: a word, a tone and an icon, so that colour never speaks alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from diagnostics.attribution import Mark, Role, Stage
from diagnostics.codes import Fixer, Severity
from eligibility import drift
from marketplace.models import StoreLevel
from outbox.posting import Outcome
from pricing.agreements import Kind
from pricing.locks import LockStatus
from qualification import documents, labels
from qualification.review import Standing
from qualification.uploads import State
from repurchase import radar
from repurchase.batching import BatchStatus
from repurchase.lifecycle import OrderStatus
from repurchase.queries.services import ServiceState


@dataclass(frozen=True, slots=True)
class Shown:
    label: str | Promise
    tone: str  # ok, info, attention, bad, calm: a class of static/css/app.css
    icon: str


PAPER: Mapping[str, Shown] = {
    Kind.CONFIRMATION: Shown(_("Sealed confirmation (PDF)"), "ok", "file-certificate"),
    Kind.RENEGOTIATION: Shown(_("Sealed agreement (PDF)"), "ok", "file-certificate"),
}
BATCH: Mapping[str, Shown] = {
    BatchStatus.SCREENING: Shown(pgettext_lazy("batch", "Screening"), "info", "hourglass"),
    BatchStatus.PLANNED: Shown(pgettext_lazy("batch", "Planned"), "info", "list-check"),
    BatchStatus.LOCKED: Shown(pgettext_lazy("batch", "Locked, sent"), "attention", "lock"),
    BatchStatus.CLOSED: Shown(pgettext_lazy("batch", "Closed"), "ok", "circle-check"),
    BatchStatus.FAILED: Shown(pgettext_lazy("batch", "Failed"), "bad", "alert-triangle"),
    BatchStatus.CANCELLED: Shown(pgettext_lazy("batch", "Cancelled"), "calm", "x"),
}

ORDER: Mapping[str, Shown] = {
    OrderStatus.PENDING: Shown(pgettext_lazy("order", "Waiting"), "calm", "circle-dashed"),
    OrderStatus.PLANNED: Shown(pgettext_lazy("order", "Ready"), "ok", "circle-check"),
    OrderStatus.EXCLUDED: Shown(pgettext_lazy("order", "Left out"), "calm", "ban"),
    OrderStatus.FAILED: Shown(pgettext_lazy("order", "Needs work"), "attention", "alert-triangle"),
    OrderStatus.LOCKED: Shown(pgettext_lazy("order", "Price locked"), "info", "lock"),
    OrderStatus.CONFIRMED: Shown(pgettext_lazy("order", "Confirmed"), "ok", "checks"),
    OrderStatus.DECLINED: Shown(pgettext_lazy("order", "Declined"), "bad", "x"),
    OrderStatus.EXPIRED: Shown(pgettext_lazy("order", "Expired"), "calm", "clock"),
    OrderStatus.TERMINATED: Shown(pgettext_lazy("order", "Terminated"), "bad", "ban"),
    OrderStatus.CANCELLED: Shown(pgettext_lazy("order", "Cancelled"), "calm", "x"),
    OrderStatus.AWAITING_PAYMENT: Shown(
        pgettext_lazy("order", "Awaiting payment"), "attention", "currency-dollar"
    ),
    OrderStatus.PAID: Shown(pgettext_lazy("order", "Paid"), "ok", "currency-dollar"),
    OrderStatus.RELEASED: Shown(pgettext_lazy("order", "Released"), "ok", "send"),
    OrderStatus.SHIPPED: Shown(pgettext_lazy("order", "Shipped"), "ok", "truck"),
    OrderStatus.COMPLETED: Shown(pgettext_lazy("order", "Completed"), "ok", "circle-check"),
}

LOCK: Mapping[str, Shown] = {
    LockStatus.OPEN: Shown(pgettext_lazy("lock", "Open"), "attention", "lock"),
    LockStatus.RENEGOTIATING: Shown(pgettext_lazy("lock", "Renegotiating"), "attention", "refresh"),
    LockStatus.CONFIRMED: Shown(pgettext_lazy("lock", "Confirmed"), "ok", "checks"),
    LockStatus.DECLINED: Shown(pgettext_lazy("lock", "Declined"), "bad", "x"),
    LockStatus.EXPIRED: Shown(pgettext_lazy("lock", "Expired"), "calm", "clock"),
    LockStatus.TERMINATED: Shown(pgettext_lazy("lock", "Terminated"), "bad", "ban"),
    LockStatus.CANCELLED: Shown(pgettext_lazy("lock", "Cancelled"), "calm", "x"),
}

SEVERITY: Mapping[str, Shown] = {
    Severity.FINAL: Shown(pgettext_lazy("severity", "Can't be repeated"), "calm", "ban"),
    Severity.CURABLE: Shown(pgettext_lazy("severity", "Can be fixed"), "attention", "alert-triangle"),
    Severity.DOCUMENT: Shown(_("Documents wanted"), "attention", "file-certificate"),
    Severity.OUTCOME: Shown(pgettext_lazy("severity", "Ended without a deal"), "calm", "clock"),
    Severity.REFUSAL: Shown(pgettext_lazy("severity", "Request refused"), "bad", "x"),
}

PAST_ORDER: Mapping[str, Shown] = {
    "completed": Shown(pgettext_lazy("past order", "Completed"), "ok", "circle-check"),
    "cancelled": Shown(pgettext_lazy("past order", "Cancelled"), "calm", "x"),
    "open": Shown(pgettext_lazy("past order", "Open"), "info", "clock"),
}

LINE: Mapping[str, Shown] = {
    "planned": Shown(pgettext_lazy("line", "Repeated"), "ok", "circle-check"),
    "excluded": Shown(pgettext_lazy("line", "Left out"), "calm", "ban"),
    "failed": Shown(pgettext_lazy("line", "Needs work"), "attention", "alert-triangle"),
}

SERVICE: Mapping[str, Shown] = {
    ServiceState.ASKED: Shown(_("To be confirmed by the buyer"), "attention", "hourglass"),
    ServiceState.CONFIRMED: Shown(_("Confirmed in writing"), "ok", "circle-check"),
    ServiceState.LEFT_OUT: Shown(_("Not confirmed, left out"), "bad", "ban"),
    ServiceState.DISMISSED: Shown(_("Dismissed"), "calm", "x"),
    ServiceState.IDLE: Shown(_("Not repeated"), "calm", "circle-dashed"),
}

MONEY: Mapping[str, str | Promise] = {
    "goods": _("Goods"),
    "freight": _("Freight"),
    "tax": _("Tax"),
    "total": _("Total to pay"),
}

SERVICE_SOURCES: Mapping[str, str | Promise] = {
    "note": _("read from the order note"),
    "member": _("recorded by a member"),
    "api": _("sent by the API"),
}

GATE: Mapping[bool, Shown] = {
    True: Shown(pgettext_lazy("gate", "Passed"), "ok", "circle-check"),
    False: Shown(pgettext_lazy("gate", "Not passed"), "bad", "alert-triangle"),
}

STOCK: Mapping[bool, Shown] = {
    False: Shown(_("In sync"), "ok", "circle-check"),
    True: Shown(_("Out of sync"), "attention", "alert-triangle"),
}
"""By whether it is stale."""

DRIFT: Mapping[str, Shown] = {
    drift.Severity.SAME: Shown(_("Nothing in the way"), "ok", "circle-check"),
    drift.Severity.CHANGED: Shown(_("Changed since"), "info", "refresh"),
    drift.Severity.BLOCKS: Shown(_("In the way"), "attention", "alert-triangle"),
    drift.Severity.UNKNOWN: Shown(_("Not on record then"), "calm", "circle-dashed"),
}

DRIFT_FIELDS: Mapping[str, str | Promise] = {
    drift.Field.UNIT_PRICE: _("Price a piece"),
    drift.Field.STOCK: _("Needed, and available"),
    drift.Field.HS_CODE: _("HS code"),
    drift.Field.VAT_RATE: _("VAT or GST rate"),
    drift.Field.REGISTRATION: _("Registration"),
    drift.Field.LANE: _("Destination reached"),
    drift.Field.TRANSIT: _("Promised, and transit today"),
    drift.Field.CERTIFICATE: _("Business Buyer certificate, valid until"),
}

FIXER: Mapping[str, Shown] = {
    Fixer.SELLER: Shown(_("the seller"), "info", "building-store"),
    Fixer.BUYER: Shown(_("the buyer"), "info", "user"),
    Fixer.PLATFORM: Shown(_("the platform"), "info", "users"),
    Fixer.NOBODY: Shown(_("nobody"), "calm", "ban"),
}

STANDING: Mapping[str, Shown] = {
    Standing.NOT_OPEN: Shown(labels.STANDING[Standing.NOT_OPEN], "calm", "circle-dashed"),
    Standing.DOCUMENTS: Shown(labels.STANDING[Standing.DOCUMENTS], "attention", "file-certificate"),
    Standing.IN_REVIEW: Shown(labels.STANDING[Standing.IN_REVIEW], "info", "hourglass"),
    Standing.OPEN: Shown(labels.STANDING[Standing.OPEN], "ok", "circle-check"),
    Standing.LAPSED: Shown(labels.STANDING[Standing.LAPSED], "bad", "alert-triangle"),
}

UPLOAD: Mapping[str, Shown] = {
    State.UPLOADED: Shown(_("Uploaded"), "info", "hourglass"),
    State.READING: Shown(_("Being read"), "info", "hourglass"),
    State.READ: Shown(_("Read"), "ok", "circle-check"),
    State.UNREADABLE: Shown(_("Not readable"), "bad", "alert-triangle"),
    State.APPROVED: Shown(_("Approved"), "ok", "checks"),
    State.REJECTED: Shown(_("Wanted again"), "bad", "refresh"),
}

LEANING: Mapping[str, Shown] = {
    "for": Shown(pgettext_lazy("advice", "For"), "ok", "circle-check"),
    "against": Shown(pgettext_lazy("advice", "Against"), "attention", "alert-triangle"),
    "neutral": Shown(pgettext_lazy("advice", "Neither"), "calm", "circle-dashed"),
    "unknown": Shown(pgettext_lazy("advice", "Not enough data"), "calm", "circle-dashed"),
}

REPLAY: Mapping[str, Shown] = {
    "same": Shown(pgettext_lazy("replay", "Decided again: the same"), "ok", "circle-check"),
    "different": Shown(pgettext_lazy("replay", "Decided again: different"), "bad", "alert-triangle"),
    "tampered": Shown(pgettext_lazy("replay", "The record is not intact"), "bad", "alert-triangle"),
    "unknown_version": Shown(
        pgettext_lazy("replay", "Rules of an unknown version"), "attention", "alert-triangle"
    ),
}

WEBHOOK: Mapping[str, Shown] = {
    "on": Shown(pgettext_lazy("webhook", "On"), "ok", "circle-check"),
    "failing": Shown(pgettext_lazy("webhook", "Failing"), "attention", "alert-triangle"),
    "off": Shown(pgettext_lazy("webhook", "Off"), "calm", "ban"),
    "disabled": Shown(pgettext_lazy("webhook", "Switched off after failing"), "bad", "alert-triangle"),
}

DELIVERY: Mapping[str, Shown] = {
    "": Shown(pgettext_lazy("delivery", "Waiting"), "calm", "circle-dashed"),
    Outcome.DELIVERED: Shown(pgettext_lazy("delivery", "Arrived"), "ok", "circle-check"),
    Outcome.REFUSED: Shown(pgettext_lazy("delivery", "Refused by the server"), "attention", "alert-triangle"),
    Outcome.TIMEOUT: Shown(pgettext_lazy("delivery", "No answer in 10 seconds"), "attention", "clock"),
    Outcome.UNREACHABLE: Shown(pgettext_lazy("delivery", "Not reachable"), "attention", "alert-triangle"),
    Outcome.FORBIDDEN: Shown(pgettext_lazy("delivery", "Not a public address"), "bad", "ban"),
    Outcome.TLS: Shown(pgettext_lazy("delivery", "No valid certificate"), "bad", "lock-open"),
    Outcome.GARBLED: Shown(pgettext_lazy("delivery", "Answered, but not in HTTP"), "bad", "alert-triangle"),
}

ROLE: Mapping[str, Shown] = {
    Role.FIRST: Shown(_("First cause"), "bad", "alert-triangle"),
    Role.ALSO: Shown(_("Another cause"), "attention", "alert-triangle"),
    Role.CONSEQUENCE: Shown(_("Consequence"), "calm", "arrow-right"),
    Role.LINE: Shown(_("Stops its line only"), "calm", "circle-dashed"),
}

STAGE: Mapping[str, str | Promise] = {
    Stage.STORE.name: pgettext_lazy("stage", "Store"),
    Stage.BUYER.name: pgettext_lazy("stage", "Buyer"),
    Stage.ORDER.name: pgettext_lazy("stage", "Source order"),
    Stage.ROUTE.name: pgettext_lazy("stage", "Route and export"),
    Stage.LINE.name: pgettext_lazy("stage", "Lines"),
    Stage.PRICE.name: pgettext_lazy("stage", "Price"),
    Stage.LOCK.name: pgettext_lazy("stage", "Lock and answer"),
}
MARK: Mapping[str, str | Promise] = {
    Mark.CLEAR: pgettext_lazy("mark", "nothing found"),
    Mark.LINE: pgettext_lazy("mark", "lines are out"),
    Mark.ALSO: pgettext_lazy("mark", "another cause"),
    Mark.FIRST: pgettext_lazy("mark", "first cause"),
    Mark.UNREACHED: pgettext_lazy("mark", "not reached"),
}

BAND: Mapping[int, Shown] = {
    0: Shown(pgettext_lazy("radar", "Has lapsed"), "bad", "alert-triangle"),
    7: Shown(pgettext_lazy("radar", "Within 7 days"), "bad", "hourglass"),
    30: Shown(pgettext_lazy("radar", "Within 30 days"), "attention", "hourglass"),
    60: Shown(pgettext_lazy("radar", "Within 60 days"), "info", "clock"),
}
RADAR: Mapping[str, str | Promise] = {
    radar.Kind.CERTIFICATE: _("Business Buyer certificate"),
    radar.Kind.REGISTRATION: _("Registration"),
    radar.Kind.QUALIFICATION: _("Opening for bulk repeat orders"),
    radar.Kind.DOCUMENT: _("Qualification document"),
    radar.Kind.TAX: _("VAT or GST rate changes"),
    radar.Kind.COMMISSION: _("Commission rate changes"),
    radar.Kind.FREIGHT: _("Freight tariff changes"),
    radar.Kind.PRICE: _("List price changes"),
}
RADAR_CURES: Mapping[str, str | Promise] = {
    radar.Kind.CERTIFICATE: _("Ask the buyer to renew it in the Business Buyer back office."),
    radar.Kind.REGISTRATION: _("Renew the registration and enter the new dates."),
    radar.Kind.QUALIFICATION: _("Hand in renewed documents; lock what is planned before it lapses."),
    radar.Kind.DOCUMENT: _("Upload the renewed document."),
    radar.Kind.TAX: _("Lock before it changes, or screen again afterwards."),
    radar.Kind.COMMISSION: _("Lock before it changes, or screen again afterwards."),
    radar.Kind.FREIGHT: _("Lock before it changes, or screen again afterwards."),
    radar.Kind.PRICE: _("Lock before it changes, or screen again afterwards."),
}

PHASE: Mapping[str, str | Promise] = {
    "waiting": pgettext_lazy("report", "Waiting for a worker"),
    "reading": pgettext_lazy("report", "Reading orders"),
    "drawing": pgettext_lazy("report", "Writing the pages"),
    "done": pgettext_lazy("report", "Ready"),
    "failed": pgettext_lazy("report", "It could not be made"),
}
"""How far a report is."""

EVIDENCE: Mapping[str, str | Promise] = {
    "value": _("Value"),
    "limit": _("Limit"),
    "as_of": _("As of"),
    "source": _("Read from"),
    "sku": _("SKU"),
    "country": _("Country"),
    "region": _("Region"),
    "needed": _("Needed"),
    "available": _("Available"),
    "paid": _("Paid then"),
    "listed": _("List price today"),
    "quantity": _("Quantity"),
    "scheme": _("Scheme"),
    "jurisdiction": _("Jurisdiction"),
    "number": _("Number"),
    "reference": _("Legal basis"),
    "currency": _("Currency"),
    "missing": _("Missing"),
    "service": _("Customised service"),
}
"""What a finding was decided by, by its name there; one without words stays as it is."""

PAYMENT: Mapping[str, Shown] = {
    "stands": Shown(pgettext_lazy("payment", "Received"), "ok", "circle-check"),
    "reversed": Shown(pgettext_lazy("payment", "Taken back"), "calm", "x"),
}

TERMS: Mapping[str, Shown] = {
    "prepaid": Shown(_("before the release"), "info", "currency-dollar"),
    "open_account": Shown(_("on open account"), "attention", "clock"),
}

RESPONSE: Mapping[str, Shown] = {
    "accepted": Shown(pgettext_lazy("answer", "Accepted"), "ok", "circle-check"),
    "changed": Shown(pgettext_lazy("answer", "Changed"), "attention", "alert-triangle"),
    "refused": Shown(pgettext_lazy("answer", "Refused"), "bad", "x"),
}

DECISION: Mapping[str, Shown] = {
    "insisted": Shown(_("To be carried out as confirmed"), "info", "send"),
    "taken_up": Shown(_("Settled with the buyer"), "attention", "user"),
}

PAYMENT_SOURCES: Mapping[str, str | Promise] = {
    "api": _("the API"),
    "import": _("a file"),
    "member": _("a member"),
}

RELEASES: Mapping[str, str | Promise] = {
    "all": _("All"),
    "open": _("Not acknowledged"),
    "acknowledged": _("Acknowledged"),
    "shipped": pgettext_lazy("order", "Shipped"),
    "completed": pgettext_lazy("order", "Completed"),
}

KINDS: Mapping[str, Mapping] = {
    "band": BAND,
    "role": ROLE,
    "payment": PAYMENT,
    "terms": TERMS,
    "response": RESPONSE,
    "decision": DECISION,
    "paper": PAPER,
    "batch": BATCH,
    "order": ORDER,
    "lock": LOCK,
    "severity": SEVERITY,
    "past_order": PAST_ORDER,
    "line": LINE,
    "gate": GATE,
    "stock": STOCK,
    "drift": DRIFT,
    "fixer": FIXER,
    "standing": STANDING,
    "upload": UPLOAD,
    "leaning": LEANING,
    "replay": REPLAY,
    "service": SERVICE,
    "webhook": WEBHOOK,
    "delivery": DELIVERY,
}

FEES: Mapping[str, str | Promise] = {
    "commission": _("Commission"),
    "ear_review": _("EAR dual-use review"),
    "logistics": _("Logistics cost"),
    "freight": _("Carrier's freight"),
    "return_warehouse": _("Local return warehouse"),
    "payment": _("Payment fee"),
    "vat_remittance": _("VAT remittance fee"),
}
"""The four parts and the sub-lines in them, by their names in `pricing.fees`."""

GATES: Mapping[str, str | Promise] = {
    "qualification": _("Bulk repeat orders opened"),
    "store_verified": _("Store verified"),
    "store_level": _("Store level"),
    "dispute_rate": _("Dispute rate, 30 days"),
    "buyer_certificate": _("Business Buyer certificate, valid until"),
    "buyer_orders": _("Completed orders with this buyer"),
    "buyer_gmv": _("Business with this buyer"),
}

RULES: Mapping[str, str | Promise] = {
    "ORDER_NOT_COMPLETED": _("The order is completed"),
    "ORDER_TOO_OLD": _("It was completed recently enough"),
    "ORDER_UNRATED": _("Its rating"),
    "ORDER_ALREADY_LOCKED": _("No live price lock holds it, until"),
    "LANE_UNREACHABLE": _("Fastest carrier to the destination, days; days promised"),
    "EXPORT_CONTROLLED": _("Destination, and the embargo on it for goods under the EAR"),
    "PARTY_SCREENED_OUT": _("Buyer and consignee stand on no screening list"),
    "SKU_NOT_STANDARD": _("Standard SKU"),
    "SKU_INACTIVE": _("On sale"),
    "STOCK_SYNC_STALE": _("Stock last synchronised, at most so long ago"),
    "MOQ_NOT_MET": _("Quantity, and the minimum"),
    "HS_CODE_MISSING": _("HS code"),
    "WEIGHT_MISSING": _("Weight in grams"),
    "REGISTRATION_MISSING": _("Registrations held, and those demanded"),
    "PRICE_OUT_OF_BAND": _("List price today, and the band around what was paid"),
    "STOCK_TOO_LOW": _("Quantity, and what is available"),
}
"""The rules of an order and its lines, by the first code that each can give."""

ADVICE: Mapping[str, str | Promise] = {
    "orders_a_day": _("Orders paid a day, over the last 30 days"),
    "fast_moving": _("Share of orders for fast-moving goods"),
    "small_apparel": _("Share of this batch that is small apparel orders"),
    "exports_a_year": _("Exports of the last 365 days"),
    "high_value_lines": _("High-value lines of standard SKUs in orders with a note"),
    "erp_connected": _("An ERP is connected"),
}

FACTS: Mapping[str, str | Promise] = {
    "yes": pgettext_lazy("gate", "Yes"),
    "no": pgettext_lazy("gate", "No"),
    **{state.value: shown.label for state, shown in STANDING.items()},
    **{level.name.title(): level.label for level in StoreLevel},
}
"""Values and limits of gates that are words; everything else is shown as it is."""

DOCUMENTS: Mapping[str, str | Promise] = {each.key: each.title for each in documents.DOCUMENTS}
"""Plain message ids of the core; translated where they are shown."""

FIELDS: Mapping[str, str | Promise] = {
    "company": _("Company name"),
    "credit_code": _("Unified social credit code"),
    "founded_on": _("Founded on"),
    "valid_until": _("Valid until"),
    "account": _("Account number"),
    "currency": _("Currency"),
    "period_from": _("Period, from"),
    "period_to": _("Period, to"),
    "opening_balance": _("Opening balance"),
    "closing_balance": _("Closing balance"),
    "credits": _("Credits"),
    "debits": _("Debits"),
    "number": _("Customs number"),
    "declared_on": _("Declared on"),
    "hs": _("HS code of item"),
    "total": _("Total of item"),
    "standard": _("Standard"),
}
"""Fields of documents by the first word of their name; a month or an item's number may follow."""

CHECKS: Mapping[str, str | Promise] = {
    "documents_there": _("Every document that is asked for is there"),
    "company": _("It names the company of the store"),
    "seal": _("It bears a seal"),
    "licence_code": _("The credit code's check sign"),
    "licence_term": _("The licence is in force"),
    "account": _("The account number"),
    "balances": _("Each balance follows from the one before"),
    "months": _("Consecutive full months"),
    "turnover": _("Credits of a month"),
    "declaration_number": _("The number of an export declaration"),
    "declaration_unseen": _("No other store has shown it"),
    "declaration_distinct": _("Declarations differ from each other"),
    "declarations_count": _("Enough declarations"),
    "declaration_goods": _("Goods of the main category"),
    "declaration_sums": _("Quantity times unit price is the total"),
    "declarations_total": _("Declared exports together"),
    "certificate_term": _("The ISO 9001 certificate is in force"),
}

EVENTS: Mapping[str, str | Promise] = {
    "batch.created": _("Batch made"),
    "batch.rescreened": _("Screened again"),
    "batch.retried": _("Failed orders retried"),
    "batch.adopted": _("Dry run made a real batch"),
    "batch.planned": _("Plan ready"),
    "batch.failed": _("Screening ended without a plan"),
    "batch.edited": _("Quantities or promises edited"),
    "batch.cured": _("Fixes applied, touched orders screened again"),
    "batch.edit_undone": _("An edit was undone"),
    "batch.locked": _("Prices locked, buyer invited"),
    "batch.cancelled": _("Batch cancelled"),
    "batch.closed": _("Batch closed"),
    "buyer.confirmed": _("Buyer confirmed"),
    "buyer.declined": _("Buyer declined"),
    "services.recorded": _("Customised service recorded"),
    "services.dismissed": _("Customised service dismissed"),
    "services.confirmed": _("Buyer answered on customised services"),
    "carrier.charged": _("Carrier's bill recorded"),
    "lock.expired": _("Price lock ended without an answer"),
    "lock.renegotiating": _("A price trigger opened a renegotiation"),
    "lock.terminated": _("Renegotiation ended without agreement"),
    "offer.made": _("New prices offered"),
    "offer.approved": _("A second member approved the offer"),
    "offer.signed": _("New prices signed by one side"),
    "code.sent": _("One-time code sent to the buyer"),
    "renegotiation.agreed": _("New prices signed by both sides"),
    "renegotiation.declined": _("Renegotiation declined"),
    "agreement.sealed": _("Agreement sealed"),
    "source.completed": _("Source order completed"),
    "order.failed": _("The order failed"),
    "order.cured": _("Cured: the order is ready again"),
    "proforma.issued": _("Proforma invoice sent"),
    "payment.recorded": _("Payment recorded"),
    "payment.reversed": _("Payment taken back"),
    "order.released": _("Orders released"),
    "release.acknowledged": _("Acknowledged by the ERP"),
    "order.shipped": _("Orders shipped"),
    "order.completed": _("Orders completed"),
    "response.accepted": _("The ERP accepted an order"),
    "response.changed": _("The ERP would change an order"),
    "response.refused": _("The ERP refused an order"),
    "response.decided": _("An answer of the ERP decided on"),
    "order.called_off": _("Unpaid orders called off"),
    "terms.changed": _("Terms with a buyer changed"),
    "pay_to.changed": _("How buyers pay changed"),
    "erp.connected": _("ERP connected"),
    "erp.updated": _("ERP updated"),
    "erp.disconnected": _("ERP disconnected"),
    "clock.moved": _("Sandbox clock moved"),
}
"""Ledger entries as a timeline tells them."""

ACTS: Mapping[str, str | Promise] = {
    "qualification.checked": _("automatic check"),
    "qualification.apply": _("opened for documents"),
    "qualification.submit": _("documents handed in"),
    "qualification.claimed": _("claimed"),
    "qualification.overruled": _("failed checks overruled"),
    "qualification.decided": _("decided"),
    "qualification.send_back": _("sent back"),
    "qualification.approve": _("approved"),
    "qualification.lapses_soon": _("told that it lapses soon"),
    "qualification.lapse": _("lapsed"),
}
"""What the ledger says of a store's qualification."""
