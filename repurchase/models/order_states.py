"""The states of a repeat order and which may follow which. Pure."""

from collections.abc import Mapping
from enum import StrEnum

from pricing.totals import TotalsGroup


class OrderStatus(StrEnum):
    PENDING = "pending"
    PLANNED = "planned"
    EXCLUDED = "excluded"  # no fix makes it repeatable: 不可下单
    FAILED = "failed"  # somebody can fix it: 需处理
    LOCKED = "locked"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    CANCELLED = "cancelled"
    AWAITING_PAYMENT = "awaiting_payment"
    PAID = "paid"
    RELEASED = "released"
    SHIPPED = "shipped"
    COMPLETED = "completed"


S = OrderStatus
ORDER_TRANSITIONS: Mapping[OrderStatus, frozenset[OrderStatus]] = {
    S.PENDING: frozenset({S.PLANNED, S.EXCLUDED, S.FAILED}),
    S.PLANNED: frozenset(
        {S.LOCKED, S.CANCELLED, S.FAILED, S.EXCLUDED}
    ),  # by a check that is asked again at the lock
    S.LOCKED: frozenset({S.CONFIRMED, S.DECLINED, S.EXPIRED, S.TERMINATED, S.CANCELLED}),
    S.CONFIRMED: frozenset({S.AWAITING_PAYMENT, S.RELEASED}),
    S.AWAITING_PAYMENT: frozenset({S.PAID, S.CANCELLED}),
    S.PAID: frozenset({S.RELEASED, S.AWAITING_PAYMENT}),  # back: a payment was reversed
    S.RELEASED: frozenset({S.SHIPPED}),
    S.SHIPPED: frozenset({S.COMPLETED}),
}

ENDED = frozenset({S.DECLINED, S.EXPIRED, S.TERMINATED, S.CANCELLED})
ACCEPTED = frozenset({S.CONFIRMED, S.AWAITING_PAYMENT, S.PAID, S.RELEASED, S.SHIPPED, S.COMPLETED})

MONEY_GROUPS: Mapping[OrderStatus, TotalsGroup] = {
    **dict.fromkeys((S.FAILED, S.EXCLUDED), TotalsGroup.LEFT_OUT),
    **dict.fromkeys((S.PLANNED, S.LOCKED), TotalsGroup.OFFERED),
    **dict.fromkeys(ACCEPTED, TotalsGroup.ACCEPTED),
    **dict.fromkeys(ENDED, TotalsGroup.ENDED),
}
"""What the money of an order counts as. One that is pending has no money yet, and no group."""


def source_states(target: OrderStatus) -> list[str]:
    """The states from which `target` may be entered: the guard of an UPDATE."""
    return sorted(
        status.value for status, following in ORDER_TRANSITIONS.items() if target in following
    )
