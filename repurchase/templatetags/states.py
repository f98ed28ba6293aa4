"""How each state and severity is shown: a word, a tone and an icon, so that colour never speaks
alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from diagnostics.attribution import Role
from diagnostics.codes import Fixer, Severity
from eligibility import drift
from outbox.http_post import Outcome
from pricing.agreements import Kind
from pricing.locks import LockStatus
from qualification import status_labels
from qualification.review import Standing
from qualification.uploads import State
from repurchase.batches.queries.customisations import ServiceState
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus


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
    Severity.CURABLE: Shown(
        pgettext_lazy("severity", "Can be fixed"), "attention", "alert-triangle"
    ),
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


FIXER: Mapping[str, Shown] = {
    Fixer.SELLER: Shown(_("the seller"), "info", "building-store"),
    Fixer.BUYER: Shown(_("the buyer"), "info", "user"),
    Fixer.PLATFORM: Shown(_("the platform"), "info", "users"),
    Fixer.NOBODY: Shown(_("nobody"), "calm", "ban"),
}

STANDING: Mapping[str, Shown] = {
    Standing.NOT_OPEN: Shown(status_labels.STANDING[Standing.NOT_OPEN], "calm", "circle-dashed"),
    Standing.DOCUMENTS: Shown(
        status_labels.STANDING[Standing.DOCUMENTS], "attention", "file-certificate"
    ),
    Standing.IN_REVIEW: Shown(status_labels.STANDING[Standing.IN_REVIEW], "info", "hourglass"),
    Standing.OPEN: Shown(status_labels.STANDING[Standing.OPEN], "ok", "circle-check"),
    Standing.LAPSED: Shown(status_labels.STANDING[Standing.LAPSED], "bad", "alert-triangle"),
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
    "different": Shown(
        pgettext_lazy("replay", "Decided again: different"), "bad", "alert-triangle"
    ),
    "tampered": Shown(pgettext_lazy("replay", "The record is not intact"), "bad", "alert-triangle"),
    "unknown_version": Shown(
        pgettext_lazy("replay", "Rules of an unknown version"), "attention", "alert-triangle"
    ),
}

WEBHOOK: Mapping[str, Shown] = {
    "on": Shown(pgettext_lazy("webhook", "On"), "ok", "circle-check"),
    "failing": Shown(pgettext_lazy("webhook", "Failing"), "attention", "alert-triangle"),
    "off": Shown(pgettext_lazy("webhook", "Off"), "calm", "ban"),
    "disabled": Shown(
        pgettext_lazy("webhook", "Switched off after failing"), "bad", "alert-triangle"
    ),
}

KEY: Mapping[str, Shown] = {
    "requested": Shown(pgettext_lazy("key", "Waits to be granted"), "attention", "hourglass"),
    "granted": Shown(pgettext_lazy("key", "Granted"), "ok", "circle-check"),
    "ended": Shown(pgettext_lazy("key", "Ended"), "calm", "ban"),
}

DELIVERY: Mapping[str, Shown] = {
    "": Shown(pgettext_lazy("delivery", "Waiting"), "calm", "circle-dashed"),
    Outcome.DELIVERED: Shown(pgettext_lazy("delivery", "Arrived"), "ok", "circle-check"),
    Outcome.REFUSED: Shown(
        pgettext_lazy("delivery", "Refused by the server"), "attention", "alert-triangle"
    ),
    Outcome.TIMEOUT: Shown(
        pgettext_lazy("delivery", "No answer in 10 seconds"), "attention", "clock"
    ),
    Outcome.UNREACHABLE: Shown(
        pgettext_lazy("delivery", "Not reachable"), "attention", "alert-triangle"
    ),
    Outcome.FORBIDDEN: Shown(pgettext_lazy("delivery", "Not a public address"), "bad", "ban"),
    Outcome.TLS: Shown(pgettext_lazy("delivery", "No valid certificate"), "bad", "lock-open"),
    Outcome.GARBLED: Shown(
        pgettext_lazy("delivery", "Answered, but not in HTTP"), "bad", "alert-triangle"
    ),
}

ROLE: Mapping[str, Shown] = {
    Role.FIRST: Shown(_("First cause"), "bad", "alert-triangle"),
    Role.ALSO: Shown(_("Another cause"), "attention", "alert-triangle"),
    Role.CONSEQUENCE: Shown(_("Consequence"), "calm", "arrow-right"),
    Role.LINE: Shown(_("Stops its line only"), "calm", "circle-dashed"),
}


BAND: Mapping[int, Shown] = {
    0: Shown(pgettext_lazy("radar", "Has lapsed"), "bad", "alert-triangle"),
    7: Shown(pgettext_lazy("radar", "Within 7 days"), "bad", "hourglass"),
    30: Shown(pgettext_lazy("radar", "Within 30 days"), "attention", "hourglass"),
    60: Shown(pgettext_lazy("radar", "Within 60 days"), "info", "clock"),
}

"""How far a report is."""

"""What a finding was decided by, by its name there; one without words stays as it is."""

PAYMENT: Mapping[str, Shown] = {
    "stands": Shown(pgettext_lazy("payment", "Received"), "ok", "circle-check"),
    "settled": Shown(pgettext_lazy("payment", "Settled"), "info", "circle-check"),
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
    "key": KEY,
    "delivery": DELIVERY,
}

"""The four parts and the sub-lines in them, by their names in `pricing.fees`."""


"""The rules of an order and its lines, by the first code that each can give."""


"""Values and limits of gates that are words; everything else is shown as it is."""

"""Plain message ids of the core; translated where they are shown."""

"""Fields of documents by the first word of their name; a month or an item's number may follow."""


"""Ledger entries as a timeline tells them."""

"""What the ledger says of a store's qualification."""
