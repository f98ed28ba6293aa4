"""Which types of events there are: a kind of thing, and the state that it entered. Pure."""

from collections.abc import Mapping

from pricing.locks import LockStatus
from qualification.review import QualificationStatus
from repurchase.models.batch_states import BatchStatus
from repurchase.models.order_states import OrderStatus

STATES: Mapping[str, tuple[str, ...]] = {
    "batch": tuple(BatchStatus),
    "letter": ("failed",),
    "lock": tuple(LockStatus),
    "offer": ("made", "approved", "remarked", "signed"),
    "order": tuple(OrderStatus),
    "response": ("accepted", "changed", "refused", "decided"),
    "release": ("announced", "acknowledged"),
    "qualification": tuple(QualificationStatus),
}


def is_known(wanted: str) -> bool:
    """Whether a filter can ever let something through: "lock.*" or "lock.confirmed"."""
    kind, _, state = wanted.partition(".")
    return kind in STATES and (state == "*" or state in STATES[kind])
