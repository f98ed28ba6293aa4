"""The verbs of price locks. All but `end_due` run in the caller's transaction; none knows a batch.

Rows are always taken in the same order: past orders, SKUs, locks; each by id. A caller that also takes rows
of its own which these verbs' other callers take (a batch) takes them after, or risks a deadlock.
"""

from pricing.locks import seconds_left, status_at
from pricing.services.acting import confirm, decline, hold, refuse_a_rest
from pricing.services.ending import cancel, end_due
from pricing.services.locking import Lot, lock

__all__ = [
    "Lot",
    "cancel",
    "confirm",
    "decline",
    "end_due",
    "hold",
    "lock",
    "refuse_a_rest",
    "seconds_left",
    "status_at",
]
