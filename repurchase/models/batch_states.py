"""A batch: its states, its chunks, and counts that add up at every moment. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from diagnostics.codes import Code
from diagnostics.problem import Problem
from repurchase.models.order_states import ACCEPTED, ENDED, OrderStatus

CHUNK_ORDERS = 500
"""Orders a chunk: one transaction of about half a second, so that cancel and progress are
prompt."""


class BatchStatus(StrEnum):
    SCREENING = "screening"
    PLANNED = "planned"
    LOCKED = "locked"
    CLOSED = "closed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BatchEvent(StrEnum):
    PLAN = "plan"
    FAIL = "fail"
    RESCREEN = "rescreen"
    EDIT = "edit"
    LOCK = "lock"
    CLOSE = "close"
    CANCEL = "cancel"


B = BatchStatus
BATCH_TRANSITIONS: Mapping[tuple[BatchStatus, BatchEvent], BatchStatus] = {
    (B.SCREENING, BatchEvent.PLAN): B.PLANNED,
    (B.SCREENING, BatchEvent.FAIL): B.FAILED,
    (B.SCREENING, BatchEvent.CANCEL): B.CANCELLED,
    (B.PLANNED, BatchEvent.RESCREEN): B.SCREENING,
    (B.FAILED, BatchEvent.RESCREEN): B.SCREENING,
    (B.FAILED, BatchEvent.CANCEL): B.CANCELLED,
    (B.PLANNED, BatchEvent.EDIT): B.PLANNED,
    # an edit may be the cure: MOQ_NOT_MET, TRANSIT_TOO_SLOW
    (B.FAILED, BatchEvent.EDIT): B.PLANNED,
    (B.PLANNED, BatchEvent.FAIL): B.FAILED,  # or leave no order ready
    (B.PLANNED, BatchEvent.LOCK): B.LOCKED,
    (B.PLANNED, BatchEvent.CANCEL): B.CANCELLED,
    (B.LOCKED, BatchEvent.CANCEL): B.CANCELLED,
    (B.LOCKED, BatchEvent.CLOSE): B.CLOSED,
}


def advance(status: BatchStatus, event: BatchEvent) -> BatchStatus:
    try:
        return BATCH_TRANSITIONS[status, event]
    except KeyError:
        raise Problem(Code.STATE_CONFLICT, state=str(status), event=str(event)) from None


def chunks(
    order_ids: Sequence[int], size: int = CHUNK_ORDERS
) -> Iterator[tuple[int, Sequence[int]]]:
    """(position of the first order, ids) for each chunk; positions count from 1."""
    for start in range(0, len(order_ids), size):
        yield start + 1, order_ids[start : start + size]


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchOrderCounts:
    """`asked = pending + failed + excluded + planned + locked + accepted + ended`."""

    asked: int
    pending: int
    failed: int = 0
    excluded: int = 0
    planned: int = 0
    locked: int = 0
    accepted: int = 0
    ended: int = 0

    @property
    def done(self) -> int:
        return self.asked - self.pending


def count(asked: int, by_status: Mapping[str, int]) -> BatchOrderCounts:
    """Counts from rows: what has no row yet is pending."""

    def of(*statuses: OrderStatus) -> int:
        return sum(by_status.get(status, 0) for status in statuses)

    return BatchOrderCounts(
        asked=asked,
        pending=asked - sum(by_status.values()) + of(OrderStatus.PENDING),
        failed=of(OrderStatus.FAILED),
        excluded=of(OrderStatus.EXCLUDED),
        planned=of(OrderStatus.PLANNED),
        locked=of(OrderStatus.LOCKED),
        accepted=of(*ACCEPTED),
        ended=of(*ENDED),
    )
