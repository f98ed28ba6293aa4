"""Where in the portal a code is cured: the address by name, and how the link is called."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from diagnostics.codes import Code


@dataclass(frozen=True, slots=True)
class FixLink:
    url: str
    text: str | Promise


STOCK = FixLink("stock", _("Stock synchronisation"))
GROWTH = FixLink("benefits", _("Growth centre"))
PAPERS = FixLink("qualification", _("Qualification documents"))
HISTORY = FixLink("history", _("To the order history"))
BATCHES = FixLink("batches", _("Repeat batches"))
KEYS = FixLink("developers", _("Keys and webhooks"))

FIX_LINKS: Mapping[Code, FixLink] = {
    Code.STOCK_SYNC_STALE: STOCK,
    Code.STOCK_TOO_LOW: STOCK,
    Code.SKU_INACTIVE: STOCK,
    Code.QUALIFICATION_REQUIRED: PAPERS,
    Code.DOCUMENTS_MISSING: PAPERS,
    Code.STORE_LEVEL_TOO_LOW: GROWTH,
    Code.STORE_NOT_VERIFIED: GROWTH,
    Code.DISPUTE_RATE_TOO_HIGH: GROWTH,
    Code.DISPUTE_RATE_NOT_EVALUABLE: GROWTH,
    Code.ORDER_ALREADY_LOCKED: BATCHES,
    Code.PLAN_STALE: BATCHES,
    Code.PLAN_CHANGED: BATCHES,
    Code.BATCH_EMPTY: HISTORY,
    Code.BATCH_TOO_LARGE: HISTORY,
    Code.MIXED_BUYERS: HISTORY,
    Code.KEY_INVALID: KEYS,
    Code.KEY_NOT_GRANTED: KEYS,
    Code.SCOPE_MISSING: KEYS,
    Code.WEBHOOK_TARGET_REFUSED: KEYS,
    Code.WEBHOOKS_TOO_MANY: KEYS,
}
