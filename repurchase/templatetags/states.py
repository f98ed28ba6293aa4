"""How each state and severity is shown: a word, a tone and an icon, so that colour never speaks
alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from diagnostics.attribution import CauseRole
from diagnostics.codes import Fixer, Severity
from eligibility import drift
from outbox.http_post import PostOutcome
from pricing.agreements import AgreementKind
from pricing.locks import LockStatus
from qualification import status_labels
from qualification.review import QualificationStatus
from qualification.uploads import UploadState
from repurchase.batches.queries.customisations import CustomisationState
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus


@dataclass(frozen=True, slots=True)
class StateBadge:
    label: str | Promise
    tone: str  # ok, info, attention, bad, calm: a class of static/css/app.css
    icon: str


PAPER: Mapping[str, StateBadge] = {
    AgreementKind.CONFIRMATION: StateBadge(
        _("Sealed confirmation (PDF)"), "ok", "file-certificate"
    ),
    AgreementKind.RENEGOTIATION: StateBadge(_("Sealed agreement (PDF)"), "ok", "file-certificate"),
}
BATCH: Mapping[str, StateBadge] = {
    BatchStatus.SCREENING: StateBadge(pgettext_lazy("batch", "Screening"), "info", "hourglass"),
    BatchStatus.PLANNED: StateBadge(pgettext_lazy("batch", "Planned"), "info", "list-check"),
    BatchStatus.LOCKED: StateBadge(pgettext_lazy("batch", "Locked, sent"), "attention", "lock"),
    BatchStatus.CLOSED: StateBadge(pgettext_lazy("batch", "Closed"), "ok", "circle-check"),
    BatchStatus.FAILED: StateBadge(pgettext_lazy("batch", "Failed"), "bad", "alert-triangle"),
    BatchStatus.CANCELLED: StateBadge(pgettext_lazy("batch", "Cancelled"), "calm", "x"),
}

ORDER: Mapping[str, StateBadge] = {
    OrderStatus.PENDING: StateBadge(pgettext_lazy("order", "Waiting"), "calm", "circle-dashed"),
    OrderStatus.PLANNED: StateBadge(pgettext_lazy("order", "Ready"), "ok", "circle-check"),
    OrderStatus.EXCLUDED: StateBadge(pgettext_lazy("order", "Left out"), "calm", "ban"),
    OrderStatus.FAILED: StateBadge(
        pgettext_lazy("order", "Needs work"), "attention", "alert-triangle"
    ),
    OrderStatus.LOCKED: StateBadge(pgettext_lazy("order", "Price locked"), "info", "lock"),
    OrderStatus.CONFIRMED: StateBadge(pgettext_lazy("order", "Confirmed"), "ok", "checks"),
    OrderStatus.DECLINED: StateBadge(pgettext_lazy("order", "Declined"), "bad", "x"),
    OrderStatus.EXPIRED: StateBadge(pgettext_lazy("order", "Expired"), "calm", "clock"),
    OrderStatus.TERMINATED: StateBadge(pgettext_lazy("order", "Terminated"), "bad", "ban"),
    OrderStatus.CANCELLED: StateBadge(pgettext_lazy("order", "Cancelled"), "calm", "x"),
    OrderStatus.AWAITING_PAYMENT: StateBadge(
        pgettext_lazy("order", "Awaiting payment"), "attention", "currency-dollar"
    ),
    OrderStatus.PAID: StateBadge(pgettext_lazy("order", "Paid"), "ok", "currency-dollar"),
    OrderStatus.RELEASED: StateBadge(pgettext_lazy("order", "Released"), "ok", "send"),
    OrderStatus.SHIPPED: StateBadge(pgettext_lazy("order", "Shipped"), "ok", "truck"),
    OrderStatus.COMPLETED: StateBadge(pgettext_lazy("order", "Completed"), "ok", "circle-check"),
}

LOCK: Mapping[str, StateBadge] = {
    LockStatus.OPEN: StateBadge(pgettext_lazy("lock", "Open"), "attention", "lock"),
    LockStatus.RENEGOTIATING: StateBadge(
        pgettext_lazy("lock", "Renegotiating"), "attention", "refresh"
    ),
    LockStatus.CONFIRMED: StateBadge(pgettext_lazy("lock", "Confirmed"), "ok", "checks"),
    LockStatus.DECLINED: StateBadge(pgettext_lazy("lock", "Declined"), "bad", "x"),
    LockStatus.EXPIRED: StateBadge(pgettext_lazy("lock", "Expired"), "calm", "clock"),
    LockStatus.TERMINATED: StateBadge(pgettext_lazy("lock", "Terminated"), "bad", "ban"),
    LockStatus.CANCELLED: StateBadge(pgettext_lazy("lock", "Cancelled"), "calm", "x"),
}

SEVERITY: Mapping[str, StateBadge] = {
    Severity.FINAL: StateBadge(pgettext_lazy("severity", "Can't be repeated"), "calm", "ban"),
    Severity.CURABLE: StateBadge(
        pgettext_lazy("severity", "Can be fixed"), "attention", "alert-triangle"
    ),
    Severity.DOCUMENT: StateBadge(_("Documents wanted"), "attention", "file-certificate"),
    Severity.OUTCOME: StateBadge(
        pgettext_lazy("severity", "Ended without a deal"), "calm", "clock"
    ),
    Severity.REFUSAL: StateBadge(pgettext_lazy("severity", "Request refused"), "bad", "x"),
}

PAST_ORDER: Mapping[str, StateBadge] = {
    "completed": StateBadge(pgettext_lazy("past order", "Completed"), "ok", "circle-check"),
    "cancelled": StateBadge(pgettext_lazy("past order", "Cancelled"), "calm", "x"),
    "open": StateBadge(pgettext_lazy("past order", "Open"), "info", "clock"),
}

LINE: Mapping[str, StateBadge] = {
    "planned": StateBadge(pgettext_lazy("line", "Repeated"), "ok", "circle-check"),
    "excluded": StateBadge(pgettext_lazy("line", "Left out"), "calm", "ban"),
    "failed": StateBadge(pgettext_lazy("line", "Needs work"), "attention", "alert-triangle"),
}

SERVICE: Mapping[str, StateBadge] = {
    CustomisationState.ASKED: StateBadge(
        _("To be confirmed by the buyer"), "attention", "hourglass"
    ),
    CustomisationState.CONFIRMED: StateBadge(_("Confirmed in writing"), "ok", "circle-check"),
    CustomisationState.LEFT_OUT: StateBadge(_("Not confirmed, left out"), "bad", "ban"),
    CustomisationState.DISMISSED: StateBadge(_("Dismissed"), "calm", "x"),
    CustomisationState.IDLE: StateBadge(_("Not repeated"), "calm", "circle-dashed"),
}


GATE: Mapping[bool, StateBadge] = {
    True: StateBadge(pgettext_lazy("gate", "Passed"), "ok", "circle-check"),
    False: StateBadge(pgettext_lazy("gate", "Not passed"), "bad", "alert-triangle"),
}

STOCK: Mapping[bool, StateBadge] = {
    False: StateBadge(_("In sync"), "ok", "circle-check"),
    True: StateBadge(_("Out of sync"), "attention", "alert-triangle"),
}
"""By whether it is stale."""

DRIFT: Mapping[str, StateBadge] = {
    drift.DriftSeverity.SAME: StateBadge(_("Nothing in the way"), "ok", "circle-check"),
    drift.DriftSeverity.CHANGED: StateBadge(_("Changed since"), "info", "refresh"),
    drift.DriftSeverity.BLOCKS: StateBadge(_("In the way"), "attention", "alert-triangle"),
    drift.DriftSeverity.UNKNOWN: StateBadge(_("Not on record then"), "calm", "circle-dashed"),
}


FIXER: Mapping[str, StateBadge] = {
    Fixer.SELLER: StateBadge(_("the seller"), "info", "building-store"),
    Fixer.BUYER: StateBadge(_("the buyer"), "info", "user"),
    Fixer.PLATFORM: StateBadge(_("the platform"), "info", "users"),
    Fixer.NOBODY: StateBadge(_("nobody"), "calm", "ban"),
}

STANDING: Mapping[str, StateBadge] = {
    QualificationStatus.NOT_OPEN: StateBadge(
        status_labels.STATUS_LABELS[QualificationStatus.NOT_OPEN], "calm", "circle-dashed"
    ),
    QualificationStatus.DOCUMENTS: StateBadge(
        status_labels.STATUS_LABELS[QualificationStatus.DOCUMENTS], "attention", "file-certificate"
    ),
    QualificationStatus.IN_REVIEW: StateBadge(
        status_labels.STATUS_LABELS[QualificationStatus.IN_REVIEW], "info", "hourglass"
    ),
    QualificationStatus.OPEN: StateBadge(
        status_labels.STATUS_LABELS[QualificationStatus.OPEN], "ok", "circle-check"
    ),
    QualificationStatus.LAPSED: StateBadge(
        status_labels.STATUS_LABELS[QualificationStatus.LAPSED], "bad", "alert-triangle"
    ),
}

UPLOAD: Mapping[str, StateBadge] = {
    UploadState.UPLOADED: StateBadge(_("Uploaded"), "info", "hourglass"),
    UploadState.READING: StateBadge(_("Being read"), "info", "hourglass"),
    UploadState.READ: StateBadge(_("Read"), "ok", "circle-check"),
    UploadState.UNREADABLE: StateBadge(_("Not readable"), "bad", "alert-triangle"),
    UploadState.APPROVED: StateBadge(_("Approved"), "ok", "checks"),
    UploadState.REJECTED: StateBadge(_("Wanted again"), "bad", "refresh"),
}

LEANING: Mapping[str, StateBadge] = {
    "for": StateBadge(pgettext_lazy("advice", "For"), "ok", "circle-check"),
    "against": StateBadge(pgettext_lazy("advice", "Against"), "attention", "alert-triangle"),
    "neutral": StateBadge(pgettext_lazy("advice", "Neither"), "calm", "circle-dashed"),
    "unknown": StateBadge(pgettext_lazy("advice", "Not enough data"), "calm", "circle-dashed"),
}

REPLAY: Mapping[str, StateBadge] = {
    "same": StateBadge(pgettext_lazy("replay", "Decided again: the same"), "ok", "circle-check"),
    "different": StateBadge(
        pgettext_lazy("replay", "Decided again: different"), "bad", "alert-triangle"
    ),
    "tampered": StateBadge(
        pgettext_lazy("replay", "The record is not intact"), "bad", "alert-triangle"
    ),
    "unknown_version": StateBadge(
        pgettext_lazy("replay", "Rules of an unknown version"), "attention", "alert-triangle"
    ),
}

WEBHOOK: Mapping[str, StateBadge] = {
    "on": StateBadge(pgettext_lazy("webhook", "On"), "ok", "circle-check"),
    "failing": StateBadge(pgettext_lazy("webhook", "Failing"), "attention", "alert-triangle"),
    "off": StateBadge(pgettext_lazy("webhook", "Off"), "calm", "ban"),
    "disabled": StateBadge(
        pgettext_lazy("webhook", "Switched off after failing"), "bad", "alert-triangle"
    ),
}

KEY: Mapping[str, StateBadge] = {
    "requested": StateBadge(pgettext_lazy("key", "Waits to be granted"), "attention", "hourglass"),
    "granted": StateBadge(pgettext_lazy("key", "Granted"), "ok", "circle-check"),
    "ended": StateBadge(pgettext_lazy("key", "Ended"), "calm", "ban"),
}

DELIVERY: Mapping[str, StateBadge] = {
    "": StateBadge(pgettext_lazy("delivery", "Waiting"), "calm", "circle-dashed"),
    PostOutcome.DELIVERED: StateBadge(pgettext_lazy("delivery", "Arrived"), "ok", "circle-check"),
    PostOutcome.REFUSED: StateBadge(
        pgettext_lazy("delivery", "Refused by the server"), "attention", "alert-triangle"
    ),
    PostOutcome.TIMEOUT: StateBadge(
        pgettext_lazy("delivery", "No answer in 10 seconds"), "attention", "clock"
    ),
    PostOutcome.UNREACHABLE: StateBadge(
        pgettext_lazy("delivery", "Not reachable"), "attention", "alert-triangle"
    ),
    PostOutcome.FORBIDDEN: StateBadge(
        pgettext_lazy("delivery", "Not a public address"), "bad", "ban"
    ),
    PostOutcome.TLS: StateBadge(
        pgettext_lazy("delivery", "No valid certificate"), "bad", "lock-open"
    ),
    PostOutcome.GARBLED: StateBadge(
        pgettext_lazy("delivery", "Answered, but not in HTTP"), "bad", "alert-triangle"
    ),
}

ROLE: Mapping[str, StateBadge] = {
    CauseRole.FIRST: StateBadge(_("First cause"), "bad", "alert-triangle"),
    CauseRole.ALSO: StateBadge(_("Another cause"), "attention", "alert-triangle"),
    CauseRole.CONSEQUENCE: StateBadge(_("Consequence"), "calm", "arrow-right"),
    CauseRole.LINE: StateBadge(_("Stops its line only"), "calm", "circle-dashed"),
}


BAND: Mapping[int, StateBadge] = {
    0: StateBadge(pgettext_lazy("radar", "Has lapsed"), "bad", "alert-triangle"),
    7: StateBadge(pgettext_lazy("radar", "Within 7 days"), "bad", "hourglass"),
    30: StateBadge(pgettext_lazy("radar", "Within 30 days"), "attention", "hourglass"),
    60: StateBadge(pgettext_lazy("radar", "Within 60 days"), "info", "clock"),
}

"""How far a report is."""

"""What a finding was decided by, by its name there; one without words stays as it is."""

PAYMENT: Mapping[str, StateBadge] = {
    "stands": StateBadge(pgettext_lazy("payment", "Received"), "ok", "circle-check"),
    "settled": StateBadge(pgettext_lazy("payment", "Settled"), "info", "circle-check"),
    "reversed": StateBadge(pgettext_lazy("payment", "Taken back"), "calm", "x"),
}

TERMS: Mapping[str, StateBadge] = {
    "prepaid": StateBadge(_("before the release"), "info", "currency-dollar"),
    "open_account": StateBadge(_("on open account"), "attention", "clock"),
}

RESPONSE: Mapping[str, StateBadge] = {
    "accepted": StateBadge(pgettext_lazy("answer", "Accepted"), "ok", "circle-check"),
    "changed": StateBadge(pgettext_lazy("answer", "Changed"), "attention", "alert-triangle"),
    "refused": StateBadge(pgettext_lazy("answer", "Refused"), "bad", "x"),
}

DECISION: Mapping[str, StateBadge] = {
    "insisted": StateBadge(_("To be carried out as confirmed"), "info", "send"),
    "taken_up": StateBadge(_("Settled with the buyer"), "attention", "user"),
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
