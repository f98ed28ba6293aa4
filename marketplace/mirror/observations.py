"""Whether a rate or close as it was read may ever act (reliability 15). Pure."""

from decimal import Decimal, InvalidOperation
from enum import StrEnum

MAX_VALUE = Decimal(10**10)


class Reason(StrEnum):
    NOT_A_NUMBER = "not_a_number"  # words, NaN, an infinity
    ZERO = "zero"
    NEGATIVE = "negative"
    TOO_LARGE = "too_large"  # for any rate or index there is
    ABSURD = "absurd"  # too far from the last good one


def number_of(text: str) -> Decimal | None:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def judge(text: str, *, last_good: Decimal | None, max_jump: Decimal) -> Reason | None:
    """Why it is quarantined; None when it is sound. Exactly the share `max_jump` away from the last good one passes.

    `last_good`: None where there is none that is young enough to be compared with.
    """
    value = number_of(text)
    if value is None:
        return Reason.NOT_A_NUMBER
    if value <= 0:
        return Reason.NEGATIVE if value < 0 else Reason.ZERO
    if value >= MAX_VALUE:
        return Reason.TOO_LARGE
    absurd = last_good is not None and abs(value - last_good) > max_jump * last_good
    return Reason.ABSURD if absurd else None


def written(value: Decimal | None) -> str:
    """Without the zeros that only its column has; "" for none."""
    return "" if value is None else f"{value.normalize():f}"
