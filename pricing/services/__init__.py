"""The verbs of price locks. All but `end_due` run in the caller's transaction; none knows a batch.

Rows are always taken in the same order: past orders, SKUs, locks; each by id. A caller that also
takes rows of its own which these verbs' other callers take (a batch) takes them after, or risks a
deadlock.
"""

from pricing.locks import seconds_left, status_at
from pricing.services.buyer_acts import (
    confirm,
    decline,
    hold_locks,
    refuse_open_remainder,
    renegotiate_moved_locks,
)
from pricing.services.lock_endings import (
    RUNNING_DEADLINE,
    cancel,
    cancel_stopped,
    confirm_renegotiated,
    decline_renegotiated,
    end_due,
    hold_renegotiated,
    stores_due,
    subjects_due,
)
from pricing.services.price_locks import LotToLock, hold_goods, lock_lots
from pricing.services.reminders import reminders_due
from pricing.services.triggers import LOCKS_A_PASS, TriggerPass, open_renegotiations, unjudged_locks

__all__ = [
    "LOCKS_A_PASS",
    "RUNNING_DEADLINE",
    "LotToLock",
    "TriggerPass",
    "cancel",
    "cancel_stopped",
    "confirm",
    "confirm_renegotiated",
    "decline",
    "decline_renegotiated",
    "end_due",
    "hold_goods",
    "hold_locks",
    "hold_renegotiated",
    "lock_lots",
    "open_renegotiations",
    "refuse_open_remainder",
    "reminders_due",
    "renegotiate_moved_locks",
    "seconds_left",
    "status_at",
    "stores_due",
    "subjects_due",
    "unjudged_locks",
]
