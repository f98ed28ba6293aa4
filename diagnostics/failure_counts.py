"""Failures counted by first cause and by period, without a remainder (R-76). Pure."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from diagnostics.codes import Code


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedFailure:
    """One failure as it was recorded. `blocked_minor`: goods and freight before tax, whole minor
    units."""

    ref: str
    at: dt.datetime
    code: Code
    currency: str
    blocked_minor: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureShare:
    code: Code
    failures: int
    share: Fraction  # of all failures counted; the shares of a list come to exactly 1
    blocked: Mapping[str, int]  # whole minor units by currency, never converted


@dataclass(frozen=True, kw_only=True, slots=True)
class FailurePeriod:
    """`first` and `last` are its days, both included, in the zone that was asked for."""

    first: dt.date
    last: dt.date
    shares: tuple[FailureShare, ...]

    @property
    def failures(self) -> int:
        return sum(share.failures for share in self.shares)


class PeriodLength(StrEnum):
    DAY = "day"
    WEEK = "week"  # from Monday
    MONTH = "month"


def count_by_cause(failed: Iterable[RecordedFailure]) -> tuple[FailureShare, ...]:
    """By first cause, most first; what shares a number of failures by its code."""
    by_code: dict[Code, list[RecordedFailure]] = defaultdict(list)
    for each in failed:
        by_code[each.code].append(each)
    total = sum(map(len, by_code.values()))
    made = [
        FailureShare(
            code=code,
            failures=len(some),
            share=Fraction(len(some), total),
            blocked=sum_blocked_amounts(some),
        )
        for code, some in by_code.items()
    ]
    return tuple(sorted(made, key=lambda share: (-share.failures, share.code)))


def sum_blocked_amounts(failed: Iterable[RecordedFailure]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for each in failed:
        sums[each.currency] += each.blocked_minor
    return dict(sorted(sums.items()))


def count_by_period(
    failed: Iterable[RecordedFailure], *, span: PeriodLength, zone: dt.tzinfo
) -> tuple[FailurePeriod, ...]:
    """Periods with a failure in them, oldest first; each failure falls into exactly one."""
    parts: dict[dt.date, list[RecordedFailure]] = defaultdict(list)
    for each in failed:
        parts[_first_day(each.at.astimezone(zone).date(), span)].append(each)
    return tuple(
        FailurePeriod(first=first, last=_last_day(first, span), shares=count_by_cause(some))
        for first, some in sorted(parts.items())
    )


def _first_day(day: dt.date, span: PeriodLength) -> dt.date:
    match span:
        case PeriodLength.WEEK:
            return day - dt.timedelta(days=day.weekday())
        case PeriodLength.MONTH:
            return day.replace(day=1)
    return day


def _last_day(first: dt.date, span: PeriodLength) -> dt.date:
    match span:
        case PeriodLength.WEEK:
            return first + dt.timedelta(days=6)
        case PeriodLength.MONTH:
            return (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return first
