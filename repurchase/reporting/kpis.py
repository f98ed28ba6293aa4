"""Figures over a store's own events, each with its sample; below `MIN_SAMPLE_SIZE` there is no
figure (R-57, R-85 to R-88). Pure.

Nothing here is asserted: what the platform publishes about all its stores stands beside it, as its
words.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from statistics import median

MIN_SAMPLE_SIZE = 5
"""Below so many samples a figure says more about chance than about the store."""

ADDRESS = ("consignee", "street", "city", "postal_code", "region", "country")
STEPS_AN_ORDER = 3  # opens the order form, chooses the logistics, attaches the invoice
STEPS_A_LINE = 2  # chooses the SKU, types the quantity
"""What an ordinary order asks for beside its address and tax number, as the platform describes it:
逐项填写收货信息、 选择物流、上传发票."""


class FigureUnit(StrEnum):
    SHARE = "share"
    DAYS = "days"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyFigure:
    """`value` is exact and None where the sample is too small; `n` is the sample, `of` what was
    counted in it."""

    name: str
    requirement: str
    unit: FigureUnit
    value: Fraction | None
    n: int
    of: int = 0  # of a share: its numerator

    @property
    def enough(self) -> bool:
        return self.value is not None


def share_figure(name: str, requirement: str, *, of: int, n: int) -> KeyFigure:
    """A share of a sample."""
    value = Fraction(of, n) if n >= MIN_SAMPLE_SIZE else None
    return KeyFigure(
        name=name, requirement=requirement, unit=FigureUnit.SHARE, value=value, n=n, of=of
    )


def median_days_figure(name: str, requirement: str, spans: Sequence[dt.timedelta]) -> KeyFigure:
    """The median: one order that waited for weeks says nothing about the others."""
    value = Fraction(*_days_as_ratio(median(spans))) if len(spans) >= MIN_SAMPLE_SIZE else None
    return KeyFigure(
        name=name, requirement=requirement, unit=FigureUnit.DAYS, value=value, n=len(spans)
    )


def _days_as_ratio(span: dt.timedelta) -> tuple[int, int]:
    return span // dt.timedelta(seconds=1), 86_400


def cycle_reduction_figure(before: KeyFigure, after: KeyFigure) -> KeyFigure:
    """By what share the cycle is shorter than an ordinary order's; none where either has too small
    a sample."""
    n = min(before.n, after.n)
    value = None
    if before.value and after.value is not None:
        value = 1 - after.value / before.value
    return KeyFigure(
        name="cycle_shorter", requirement="R-85", unit=FigureUnit.SHARE, value=value, n=n
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class CarriedOrder:
    """An order as somebody would have had to type it, and how much of it stands as in the source
    order."""

    address: int  # fields that are filled
    tax_number: bool  # whether the order carries one
    lines: int
    compared: int  # entries whose value in the source order is known: address, tax number, HS codes
    same: int  # of them, how many equal the source's

    @property
    def steps(self) -> int:
        return STEPS_AN_ORDER + self.address + self.tax_number + STEPS_A_LINE * self.lines


def steps_saved_figure(orders: Sequence[CarriedOrder], *, acts: int) -> KeyFigure:
    """1 − acts of members on the batches ÷ steps by hand for the same orders (R-87). The sample is
    the orders."""
    by_hand = sum(each.steps for each in orders)
    enough = len(orders) >= MIN_SAMPLE_SIZE and by_hand
    value = 1 - Fraction(acts, by_hand) if enough else None
    return KeyFigure(
        name="steps_saved",
        requirement="R-87",
        unit=FigureUnit.SHARE,
        value=value,
        n=len(orders),
        of=acts,
    )


def carried_entries_figure(orders: Sequence[CarriedOrder]) -> KeyFigure:
    """Entries of address, tax number and HS code that stand as in the source order, typed by
    nobody (R-88)."""
    n = sum(each.compared for each in orders)
    same = sum(each.same for each in orders)
    value = Fraction(same, n) if len(orders) >= MIN_SAMPLE_SIZE and n else None
    return KeyFigure(
        name="entries_carried", requirement="R-88", unit=FigureUnit.SHARE, value=value, n=n, of=same
    )
