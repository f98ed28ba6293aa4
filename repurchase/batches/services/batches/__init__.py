"""The verbs of a batch, a file each: `batches.create`, `rescreen`, `retry`, `adopt`, `cancel`.

How its orders are planned is in `generating`, by whom and when in `chunks`; the lock in `locking`,
edits in `editing`.
"""

from repurchase.batches.services.batches.adoption import adopt
from repurchase.batches.services.batches.attempts import require_fresh
from repurchase.batches.services.batches.cancellation import cancel
from repurchase.batches.services.batches.creation import AT_ONCE, create, create_from_selection
from repurchase.batches.services.batches.order_choice import choose_orders
from repurchase.batches.services.batches.rescreen import rescreen
from repurchase.batches.services.batches.retry import retry

__all__ = [
    "AT_ONCE",
    "adopt",
    "cancel",
    "choose_orders",
    "create",
    "create_from_selection",
    "require_fresh",
    "rescreen",
    "retry",
]
