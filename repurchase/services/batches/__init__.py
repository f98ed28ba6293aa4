"""The verbs of a batch, a file each: `batches.create`, `rescreen`, `retry`, `adopt`, `cancel`.

How its orders are planned is in `generating`, by whom and when in `chunks`; the lock in `locking`, edits in `editing`.
"""

from repurchase.services.batches.adopting import adopt
from repurchase.services.batches.attempts import require_fresh
from repurchase.services.batches.cancelling import cancel
from repurchase.services.batches.choosing import chosen
from repurchase.services.batches.creating import AT_ONCE, create, create_from_selection
from repurchase.services.batches.retrying import retry
from repurchase.services.batches.screening_again import rescreen

__all__ = [
    "AT_ONCE", "adopt", "cancel", "chosen", "create", "create_from_selection", "require_fresh", "rescreen", "retry",
]  # fmt: skip
