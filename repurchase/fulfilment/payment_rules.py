"""What a payment does to an order: exact, in its currency; what is short by a bank's fee, what is
too much (R-91). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from math import floor

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money, decimal_text
from repurchase.models.order_states import OrderStatus

PAYABLE = frozenset({OrderStatus.AWAITING_PAYMENT})
RECEIVED = frozenset({OrderStatus.AWAITING_PAYMENT, OrderStatus.PAID})
"""States in which a payment may be taken back: nothing was released for it yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderBalance:
    """An order as the cashier sees it; what was reversed is left out.

    `received`: minor units by reference. `settled_minor`: what will not come, such as a bank's
    fee, settled by a member.
    """

    ref: str
    status: OrderStatus
    currency: str
    total_minor: int
    received: Mapping[str, int] = field(default_factory=dict)
    settled_minor: int = 0

    @property
    def received_minor(self) -> int:
        return sum(self.received.values())

    @property
    def outstanding_minor(self) -> int:
        return max(self.total_minor - self.received_minor - self.settled_minor, 0)

    @property
    def overpaid_minor(self) -> int:
        """What came beyond the total: the buyer's, until it is given back or credited."""
        return max(self.received_minor + self.settled_minor - self.total_minor, 0)

    @property
    def is_paid(self) -> bool:
        """When not a cent is open."""
        return self.outstanding_minor == 0


def is_payment_recorded(due: OrderBalance, *, reference: str, amount: Money) -> bool:
    """Whether this very payment stands already. PAYMENT_REPEATED for another amount under the same
    reference."""
    known = due.received.get(reference)
    if known is None:
        return False
    if Money(known, due.currency) != amount:
        raise Problem(
            Code.PAYMENT_REPEATED, reference=reference, value=str(Money(known, due.currency))
        )
    return True


def check_payment(due: OrderBalance, amount: Money, *, most_beyond: Decimal) -> None:
    """Whether the order may take this payment; `most_beyond`: the share of its total that may come
    beyond it.

    ORDER_NOT_PAYABLE, PAYMENT_CURRENCY, AMOUNT_INVALID, PAYMENT_TOO_MUCH.
    """
    if due.status not in PAYABLE:
        raise Problem(Code.ORDER_NOT_PAYABLE, order=due.ref, state=str(due.status))
    if amount.currency != due.currency:
        raise Problem(Code.PAYMENT_CURRENCY, value=amount.currency, limit=due.currency)
    if amount.minor <= 0:
        raise Problem(
            Code.AMOUNT_INVALID,
            amount=decimal_text(amount.minor, amount.currency),
            currency=amount.currency,
        )
    most = Money(
        due.outstanding_minor + floor(due.total_minor * Fraction(most_beyond)), due.currency
    )
    if amount.minor > most.minor:
        raise Problem(Code.PAYMENT_TOO_MUCH, value=str(amount), limit=str(most))


def largest_difference(
    asked: Money, *, share: Decimal, amount: Money, settled_minor: int = 0
) -> Money:
    """The largest difference that may be settled: so much of what is asked for, and so much of a
    transfer.

    `settled_minor`: what was settled of the proforma before, in the same currency; it counts
    towards `amount`.
    """
    left = max(amount.minor - settled_minor, 0)
    return Money(min(floor(asked.minor * Fraction(share)), left), asked.currency)


def check_difference(due: OrderBalance, stated: Money, *, most: Money) -> None:
    """Whether this difference may be settled: all that is open of an order that was paid in part,
    up to a limit.

    ORDER_NOT_PAYABLE, PAYMENT_CURRENCY, DIFFERENCE_NOT_STATED, DIFFERENCE_TOO_LARGE.
    """
    if due.status not in PAYABLE:
        raise Problem(Code.ORDER_NOT_PAYABLE, order=due.ref, state=str(due.status))
    if stated.currency != due.currency:
        raise Problem(Code.PAYMENT_CURRENCY, value=stated.currency, limit=due.currency)
    if stated.minor != due.outstanding_minor or not due.received:
        open_now = Money(due.outstanding_minor, due.currency)
        raise Problem(Code.DIFFERENCE_NOT_STATED, value=str(stated), limit=str(open_now))
    if stated.minor > most.minor:
        raise Problem(Code.DIFFERENCE_TOO_LARGE, value=str(stated), limit=str(most))


def allocate_transfer(open_minor: Mapping[int, int], came: int) -> dict[int, int]:
    """What each order gets of one transfer, by its key; the parts add up to what came.

    What is short is carried in proportion by all, and each gets at least one minor unit: whatever
    a transfer settles is taken back with it. What is beyond is put to the largest, up to as much
    again each; the largest takes what is left then. ValueError where what came is less than a
    minor unit for each.
    """
    beyond = came - sum(open_minor.values())
    if beyond < 0:
        return _allocate_shortfall(open_minor, -beyond)
    parts = dict(open_minor)
    largest_first = sorted(open_minor, key=open_minor.__getitem__, reverse=True)
    for key in largest_first:
        step = min(beyond, open_minor[key])
        parts[key] += step
        beyond -= step
    parts[largest_first[0]] += beyond
    return parts


def _allocate_shortfall(open_minor: Mapping[int, int], short: int) -> dict[int, int]:
    """By largest remainder, of what each can lack: all but one minor unit."""
    most = {key: max(minor - 1, 0) for key, minor in open_minor.items()}
    if short > (total := sum(most.values())):
        raise ValueError(f"{short} short: some orders would get nothing")
    lacking = {key: short * minor // total for key, minor in most.items()}
    by_remainder = sorted(most, key=lambda key: short * most[key] % total, reverse=True)
    for key in by_remainder[: short - sum(lacking.values())]:
        lacking[key] += 1
    return {key: minor - lacking[key] for key, minor in open_minor.items()}
