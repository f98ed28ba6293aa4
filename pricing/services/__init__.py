"""The verbs of price locks. All but `end_due` run in the caller's transaction; none knows a batch.

Rows are always taken in the same order: past orders, SKUs, locks; each by id. A caller that also
takes rows of its own which these verbs' other callers take (a batch) takes them after, or risks a
deadlock.
"""

from pricing.locks import seconds_left, status_at
from pricing.services.buyer_acts import confirm, decline, hold, open_touched, refuse_a_rest
from pricing.services.lock_endings import (
    END,
    cancel,
    cancel_stopped,
    confirm_anew,
    decline_anew,
    end_due,
    hold_renegotiated,
    stores_due,
    subjects_due,
)
from pricing.services.price_locks import Lot, hold_goods, lock
from pricing.services.reminders import reminders_due
from pricing.services.triggers import LOCKS_A_PASS, Judged, open_renegotiations, unjudged

__all__ = [
    "END",
    "LOCKS_A_PASS",
    "Judged",
    "Lot",
    "cancel",
    "cancel_stopped",
    "confirm",
    "confirm_anew",
    "decline",
    "decline_anew",
    "end_due",
    "hold",
    "hold_goods",
    "hold_renegotiated",
    "lock",
    "open_renegotiations",
    "open_touched",
    "refuse_a_rest",
    "reminders_due",
    "seconds_left",
    "status_at",
    "stores_due",
    "subjects_due",
    "unjudged",
]
