"""Whether a rate or close as it was read may ever act, and what becomes a new base (reliability
15). Pure."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

MAX_VALUE = Decimal(10**10)
COMPARABLE_AGE = dt.timedelta(days=31)
"""An older good value says nothing about a new one."""
STEADY_RUN_LENGTH = 3
"""So many publications one after the other, each close to the others, are the new base."""
MIN_INVERSE_RATIO = Decimal("1.05")
"""Nearer to its inverse than to what is expected counts only beyond this: about 1 both are the
same, and the dollar moved by 3.6 % in a day across it (2022-11-11)."""
PLAIN_NUMBER_PATTERN = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?", re.ASCII)


class QuarantineReason(StrEnum):
    NOT_A_NUMBER = "not_a_number"  # words, NaN, an infinity
    ZERO = "zero"
    NEGATIVE = "negative"
    TOO_LARGE = "too_large"  # for any rate or index there is
    ABSURD = "absurd"  # too far from the last good one
    INVERSE = "inverse"  # euros for one unit, where units for one euro are expected
    UNEXPECTED = "unexpected"  # beyond whatever the currency was worth


RELEASABLE = frozenset(
    {QuarantineReason.ABSURD, QuarantineReason.INVERSE, QuarantineReason.UNEXPECTED}
)
"""What may be a rate after all, if a person says so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ObservationBounds:
    """The ⚙ values: how far the next one may lie from the last good one, and those of a new base
    from each other."""

    max_jump: Decimal  # a share
    base_spread: Decimal  # the largest ÷ the smallest, at most
    places: int = 8  # decimals that are kept


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedRateRange:
    """What a currency was worth: units for one euro, over all the years, and lately."""

    lowest: Decimal
    highest: Decimal
    latest: Decimal
    latest_on: dt.date

    MARGIN = 4
    LATELY = dt.timedelta(days=366)

    def reason_against(self, value: Decimal, day: dt.date) -> QuarantineReason | None:
        """For a value without a good one to be held against."""
        if not self._is_plausible(value):
            return (
                QuarantineReason.INVERSE
                if self._is_plausible(1 / value)
                else QuarantineReason.UNEXPECTED
            )
        lately = abs(day - self.latest_on) <= self.LATELY
        return QuarantineReason.INVERSE if lately and looks_inverse(value, self.latest) else None

    def _is_plausible(self, value: Decimal) -> bool:
        return self.lowest / self.MARGIN <= value <= self.highest * self.MARGIN


def parse_observation(text: str, places: int = 8) -> Decimal | None:
    """Rounded to the decimals that are kept; None for what is no plain number."""
    if not PLAIN_NUMBER_PATTERN.fullmatch(text.strip()):
        return None
    value = Decimal(text.strip())
    if not -MAX_VALUE < value < MAX_VALUE:  # abs() would overflow at 1e999999999
        return value
    return min(value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP), MAX_VALUE)


def judge_observation(
    text: str, *, last_good: Decimal | None, max_jump: Decimal, places: int = 8
) -> QuarantineReason | None:
    """Why it is quarantined; None when it is sound. Exactly the share `max_jump` away from the
    last good one passes.

    `last_good`: None where there is none that is young enough to be compared with.
    """
    return _quarantine_reason(parse_observation(text, places), last_good, max_jump)


def _quarantine_reason(
    value: Decimal | None, last_good: Decimal | None, max_jump: Decimal
) -> QuarantineReason | None:
    if value is None:
        return QuarantineReason.NOT_A_NUMBER
    if value <= 0:
        return QuarantineReason.NEGATIVE if value < 0 else QuarantineReason.ZERO
    if value >= MAX_VALUE:
        return QuarantineReason.TOO_LARGE
    absurd = last_good is not None and abs(value - last_good) > max_jump * last_good
    return QuarantineReason.ABSURD if absurd else None


def looks_inverse(value: Decimal, expected: Decimal) -> bool:
    """Whether it is nearer to 1 ÷ expected than to what is expected, and not just beside both."""
    product, quotient = value * expected, value / expected
    apart = max(quotient, 1 / quotient)
    return apart > MIN_INVERSE_RATIO and max(product, 1 / product) < apart


def format_observation(value: Decimal | None) -> str:
    """Without the zeros that only its column has; "" for none."""
    return "" if value is None else f"{value.normalize():f}"


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedObservation:
    """An observation as judged. Sound without a reason; `replaced`: days whose observations it
    ends as the new base."""

    reason: QuarantineReason | None
    last_good: Decimal | None
    replaced: tuple[dt.date, ...] = ()


@dataclass(kw_only=True, slots=True)
class ObservationCourse:
    """The observations of one currency or series, told day by day."""

    bounds: ObservationBounds
    expected: ExpectedRateRange | None = None
    units: bool = False  # whether an inverse quote can be told at all: of rates, not of an index
    _last: tuple[dt.date, Decimal] | None = None
    _run: list[tuple[dt.date, Decimal]] = field(default_factory=list)

    def good(self, day: dt.date, value: Decimal) -> None:
        self._last = day, value
        self._run.clear()

    def out(self) -> None:
        """A publication that says nothing of use, or was discarded: no base is made across it."""
        self._run.clear()

    def correct(self, day: dt.date, value: Decimal | None, *, first: Decimal) -> JudgedObservation:
        """Judges a correction of a day that has a good value, and changes nothing.

        Against the first good one of that day as well: the day before may have been corrected by
        the same file, and the value that is superseded by an earlier correction. Many small ones
        would lead anywhere.
        """
        sight = self.look(day, value)
        if value is None or sight.reason:
            return sight
        reason = _quarantine_reason(value, first, self.bounds.max_jump)
        if self.units and looks_inverse(value, first):
            reason = QuarantineReason.INVERSE
        return JudgedObservation(reason=reason, last_good=first) if reason else sight

    def look(self, day: dt.date, value: Decimal | None) -> JudgedObservation:
        """Judges and changes nothing. `value`: None for no number."""
        last = self._comparable_last_good(day)
        reason = _quarantine_reason(value, last, self.bounds.max_jump)
        if value is not None and reason in (None, QuarantineReason.ABSURD):
            reason = self._compare_with_expected(value, day, last, reason)
        return JudgedObservation(reason=reason, last_good=last)

    def see(self, day: dt.date, value: Decimal | None) -> JudgedObservation:
        """The next observation: a sound one is held against from now on; the third of a steady run
        is the new base."""
        sight = self.look(day, value)
        if sight.reason is None:
            self.good(day, value)
        elif sight.reason is QuarantineReason.ABSURD:
            self._run.append((day, value))
            if self._is_steady_run(day):
                replaced = tuple(earlier for earlier, _ in self._run[:-1])
                self.good(day, value)
                return JudgedObservation(reason=None, last_good=sight.last_good, replaced=replaced)
        else:
            self._run.clear()
        return sight

    def _compare_with_expected(
        self, value: Decimal, day: dt.date, last: Decimal | None, reason: QuarantineReason | None
    ) -> QuarantineReason | None:
        if self.units and last is not None and looks_inverse(value, last):
            return QuarantineReason.INVERSE
        if self.expected and (last is None or reason is QuarantineReason.ABSURD):
            strange = self.expected.reason_against(value, day)
            return strange if last is None or strange is QuarantineReason.UNEXPECTED else reason
        return reason

    def _comparable_last_good(self, day: dt.date) -> Decimal | None:
        if self._last is None or day - self._last[0] > COMPARABLE_AGE:
            return None
        return self._last[1]

    def _is_steady_run(self, day: dt.date) -> bool:
        three = self._run[-STEADY_RUN_LENGTH:]
        if len(three) < STEADY_RUN_LENGTH or day - three[0][0] > COMPARABLE_AGE:
            return False
        values = [value for _, value in three]
        return max(values) <= self.bounds.base_spread * min(values)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownObservations:
    """What is there of one currency or series, by day."""

    good: Mapping[dt.date, Decimal]
    first: Mapping[dt.date, Decimal] = field(
        default_factory=dict
    )  # of days that were corrected: before they were
    waiting: Mapping[dt.date, str] = field(default_factory=dict)  # absurd, and not decided
    out: frozenset[dt.date] = frozenset()  # days of which nothing may act


@dataclass(kw_only=True, slots=True)
class ObservationOutcome:
    """What follows: values that act from now on, texts that do not, and what became of those that
    waited."""

    acting: dict[dt.date, Decimal] = field(default_factory=dict)
    held: dict[dt.date, tuple[str, JudgedObservation]] = field(default_factory=dict)
    bases: list[dt.date] = field(default_factory=list)  # days that begin a new base
    replaced: set[dt.date] = field(default_factory=set)  # days whose observations never act
    strange: int = 0  # inverse or beyond anything expected, among the new ones
    sound: int = 0  # as expected, among the new ones, where something was expected


def evaluate_observations(
    known: KnownObservations, news: Mapping[dt.date, str], *, course: ObservationCourse
) -> ObservationOutcome:
    """Walks through all that is known and new, by day. What waits is judged again in the light of
    what came before it."""
    settled = ObservationOutcome()
    days = sorted({*known.good, *known.waiting, *known.out, *news})
    for day in days:
        good, text = known.good.get(day), news.get(day, known.waiting.get(day))
        if good is not None and day not in news:
            course.good(day, good)
        elif text is None:
            course.out()
        else:
            value = parse_observation(text, course.bounds.places)
            if good is None:
                sight = course.see(day, value)
            else:
                sight = course.correct(day, value, first=known.first.get(day, good))
            _apply_judgement(settled, day, text, value, sight, new=day in news)
            settled.sound += (
                day in news
                and sight.reason is None
                and (sight.last_good or course.expected) is not None
            )
            if good is not None:
                course.good(day, settled.acting.get(day, good))
    return settled


def _apply_judgement(
    settled: ObservationOutcome,
    day: dt.date,
    text: str,
    value: Decimal | None,
    sight: JudgedObservation,
    *,
    new: bool,
) -> None:
    settled.replaced.update(sight.replaced)
    settled.bases += [day] if sight.replaced else []
    if sight.reason is None:
        settled.acting[day] = value
    elif new:
        settled.held[day] = text, sight
        settled.strange += sight.reason in (QuarantineReason.INVERSE, QuarantineReason.UNEXPECTED)
