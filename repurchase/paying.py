"""What a payment does to an order: exact, in the order's currency, never beyond its total (R-91). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money, decimal_text
from repurchase.lifecycle import OrderStatus

PAYABLE = frozenset({OrderStatus.AWAITING_PAYMENT})
RECEIVED = frozenset({OrderStatus.AWAITING_PAYMENT, OrderStatus.PAID})
"""States in which a payment may be taken back: nothing was released for it yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """An order as the cashier sees it. `received`: minor units by reference, reversed ones left out."""

    ref: str
    status: OrderStatus
    currency: str
    total_minor: int
    received: Mapping[str, int] = field(default_factory=dict)

    @property
    def received_minor(self) -> int:
        return sum(self.received.values())

    @property
    def outstanding_minor(self) -> int:
        return self.total_minor - self.received_minor

    @property
    def is_paid(self) -> bool:
        """When its exact total has come, neither a cent less nor more."""
        return self.outstanding_minor == 0


def is_known(due: Due, *, reference: str, amount: Money) -> bool:
    """Whether this very payment stands already. PAYMENT_REPEATED for another amount under the same reference."""
    known = due.received.get(reference)
    if known is None:
        return False
    if Money(known, due.currency) != amount:
        raise Problem(Code.PAYMENT_REPEATED, reference=reference, value=str(Money(known, due.currency)))
    return True


def judge(due: Due, amount: Money) -> None:
    """Whether the order may take this payment. ORDER_NOT_PAYABLE, PAYMENT_CURRENCY, AMOUNT_INVALID, PAYMENT_TOO_MUCH."""
    if due.status not in PAYABLE:
        raise Problem(Code.ORDER_NOT_PAYABLE, order=due.ref, state=str(due.status))
    if amount.currency != due.currency:
        raise Problem(Code.PAYMENT_CURRENCY, value=amount.currency, limit=due.currency)
    if amount.minor <= 0:
        raise Problem(
            Code.AMOUNT_INVALID, amount=decimal_text(amount.minor, amount.currency), currency=amount.currency
        )
    if amount.minor > due.outstanding_minor:
        raise Problem(
            Code.PAYMENT_TOO_MUCH, value=str(amount), limit=str(Money(due.outstanding_minor, due.currency))
        )
