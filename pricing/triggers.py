"""When a move of the market reopens a locked price (R-50, R-51). Pure, exact: nothing is divided
or rounded to decide."""

import datetime as dt
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

INDEX_DAYS = dt.timedelta(days=7)
"""R-51: a close is compared with the one of 7 calendar days earlier, or the last before it."""


class TriggerKind(StrEnum):
    FX = "fx"
    INDEX = "index"


def is_beyond_limit(kind: TriggerKind, base: Fraction, new: Fraction, *, limit: Decimal) -> bool:
    """Whether `new` lies strictly further from `base` than the share `limit` allows; exactly at it
    does not.

    An exchange rate (units of the settlement currency for one of the order's) counts in both
    directions against the rate frozen at the lock (R-50), an index only when it rises (R-51).
    ValueError unless both are positive.
    """
    if base <= 0 or new <= 0:
        raise ValueError(f"an observation is positive: {base}, {new}")
    difference = abs(new - base) if kind is TriggerKind.FX else new - base
    return difference > Fraction(limit) * base


def exact_change(base: Fraction, new: Fraction) -> str:
    """The relative change as an exact text, "numerator/denominator": what a decision is recomputed
    from."""
    share = (new - base) / base
    return f"{share.numerator}/{share.denominator}"


def format_change(exact: str, *, digits: int = 3) -> str:
    """The share as a signed percentage for people, "+3.142 %": rounded half up, never used to
    decide."""
    scaled = Fraction(exact) * 100 * 10**digits
    minor = int(abs(scaled) + Fraction(1, 2))
    sign = "−" if scaled < 0 else "+"
    return f"{sign}{minor // 10**digits}.{minor % 10**digits:0{digits}d} %"


def is_close_after_lock(
    *, closed_on: dt.date, close_id: int, locked_at: dt.datetime, closes_seen: int
) -> bool:
    """Whether a close reached us after the lock (R-51).

    By row, not by clock: a row younger than all that were there at the lock (`closes_seen` is the
    last of them), or a close of a day after the lock's. A sandbox store's clock may have moved
    since the row was written.
    """
    return close_id > closes_seen or closed_on > locked_at.astimezone(dt.UTC).date()
