"""Money in whole minor units, exchange by a frozen rate set, and the one way to round.

Pure: no float, no framework. Amounts are `int` minor units beside an ISO 4217 code.
"""

import csv
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from diagnostics.codes import Code
from diagnostics.problem import Problem

with (Path(__file__).parent / "data" / "iso4217_minor_units.csv").open(encoding="utf-8") as _file:
    EXPONENTS: Mapping[str, int] = {
        row["code"]: int(row["exponent"])
        for row in csv.DictReader(_file)
        if row["exponent"].isdigit()
    }
"""Minor-unit digits by currency: 2 for USD, 0 for JPY, 3 for KWD."""


PLAIN_AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,18})?")
MINOR_MAX = 2**63 - 1
"""What a column of minor units holds."""


def minor_unit_digits(currency: str) -> int:
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise Problem(Code.CURRENCY_UNKNOWN, currency=currency) from None


def round_half_up(value: Fraction | Decimal | int) -> int:
    """The nearest whole number; a half goes away from zero. The only rounding of money there is."""
    return round_ratio_half_up(*value.as_integer_ratio())


def round_ratio_half_up(numerator: int, denominator: int) -> int:
    """`round_half_up` of an exact quotient; the denominator is positive. Whole numbers only, for
    the hot path."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


@lru_cache(maxsize=1024)
def rate_as_ratio(rate: Decimal) -> tuple[int, int]:
    """A rate as whole numbers; the few rates there are come again with every order."""
    return rate.as_integer_ratio()


def apply_rate(minor: int, rate: Decimal) -> int:
    """`rate` of an amount, rounded once, half up: share(1837, Decimal("0.19")) == 349."""
    numerator, denominator = rate_as_ratio(rate)
    return round_ratio_half_up(minor * numerator, denominator)


class ExactRate:
    """A rate that is taken of many amounts: exact whole numbers kept ready, each amount rounded
    once, half up.

    Share(19, 100).of(1837) == 349, as `apply_rate` says it.
    """

    __slots__ = ("doubled", "half", "whole")

    def __init__(self, numerator: int, denominator: int) -> None:
        self.doubled, self.half, self.whole = 2 * numerator, denominator, 2 * denominator

    def of(self, minor: int) -> int:
        product = minor * self.doubled
        if product < 0:
            return -((self.half - product) // self.whole)
        return (product + self.half) // self.whole


@dataclass(frozen=True, slots=True, order=True)
class Money:
    minor: int
    currency: str

    @classmethod
    def of(cls, amount: str | Decimal | int, currency: str) -> "Money":
        """From a decimal amount; one with more digits than the currency has is refused, never
        rounded.

        A text is plain ASCII digits: no exponent, no separator, no space. CURRENCY_UNKNOWN,
        AMOUNT_INVALID.
        """
        digits, text = (
            minor_unit_digits(currency),
            amount if isinstance(amount, str) else f"{amount:f}",
        )
        if PLAIN_AMOUNT.fullmatch(text):
            minor = Fraction(text) * 10**digits
            if minor.denominator == 1 and abs(minor) <= MINOR_MAX:
                return cls(int(minor), currency)
        raise Problem(Code.AMOUNT_INVALID, amount=text[:40], currency=currency)

    @property
    def amount(self) -> Decimal:
        return Decimal(self.minor).scaleb(-minor_unit_digits(self.currency))

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,.{minor_unit_digits(self.currency)}f}"


def decimal_text(minor: int, currency: str) -> str:
    """The amount as JSON and XML carry it: plain digits, all minor digits written, "1234.50"."""
    return f"{Decimal(minor).scaleb(-minor_unit_digits(currency)):.{minor_unit_digits(currency)}f}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """One frozen publication of reference rates: units of each currency for one euro.

    `waiting`: currencies whose newest observation somebody of the platform still has to decide,
    each with its day. Nothing is exchanged by an older one of theirs.
    """

    id: int
    source: str
    published_on: dt.date
    per_euro: Mapping[str, Decimal]
    waiting: Mapping[str, dt.date] = field(default_factory=dict)

    def cross(self, base: str, quote: str) -> Fraction:
        """Units of `quote` for one unit of `base`, exact. FX_RATE_MISSING when either is not
        published."""
        return Fraction(1) if base == quote else Fraction(*self._cross_ratio(base, quote))

    def convert(self, minor: int, base: str, quote: str) -> Fraction:
        """Minor units of `quote`, exact and not yet rounded."""
        return (
            Fraction(minor)
            if base == quote
            else Fraction(*self._converted_ratio(minor, base, quote))
        )

    def exchange(self, minor: int, base: str, quote: str) -> int:
        """Minor units of `quote`, rounded once, half up."""
        return (
            minor
            if base == quote
            else round_ratio_half_up(*self._converted_ratio(minor, base, quote))
        )

    def exchanger(self, base: str, quote: str) -> ExactRate:
        """`exchange` of many amounts. FX_RATE_MISSING when either is not published."""
        return (
            ExactRate(1, 1) if base == quote else ExactRate(*self._converted_ratio(1, base, quote))
        )

    def require_decided(self, *currencies: str) -> None:
        """FX_RATE_STALE where the newest observation of one of them waits."""
        for currency in currencies:
            if day := self.waiting.get(currency):
                raise undecided_rate_problem(currency, day, published_on=self.published_on)

    def knows(self, *currencies: str) -> bool:
        return all(currency == "EUR" or currency in self.per_euro for currency in currencies)

    def told(self, base: str, quote: str) -> dict[str, str]:
        """The published rates that an exchange goes by, as texts; the euro itself needs none."""
        return {
            currency: str(self._units_per_euro(currency))
            for currency in (base, quote)
            if currency != "EUR"
        }

    def _converted_ratio(self, minor: int, base: str, quote: str) -> tuple[int, int]:
        numerator, denominator = self._cross_ratio(base, quote)
        shift = minor_unit_digits(quote) - minor_unit_digits(base)
        return minor * numerator * 10 ** max(shift, 0), denominator * 10 ** max(-shift, 0)

    def _cross_ratio(self, base: str, quote: str) -> tuple[int, int]:
        """The cross rate as whole numbers: exact, and quick enough for every fee line of a
        batch."""
        base_units, base_euros = rate_as_ratio(self._units_per_euro(base))
        quote_units, quote_euros = rate_as_ratio(self._units_per_euro(quote))
        return quote_units * base_euros, quote_euros * base_units

    def _units_per_euro(self, currency: str) -> Decimal:
        if currency == "EUR":
            return Decimal(1)
        self.require_decided(currency)
        try:
            return self.per_euro[currency]
        except KeyError:
            raise Problem(
                Code.FX_RATE_MISSING, currency=currency, published_on=self.published_on.isoformat()
            ) from None


def undecided_rate_problem(currency: str, day: dt.date, *, published_on: dt.date) -> Problem:
    """FX_RATE_STALE: the currency's newest observation waits, and none older acts in its place."""
    waiting = f"{currency} {day.isoformat()}"
    return Problem(
        Code.FX_RATE_STALE, currency=currency, value=published_on.isoformat(), waiting=waiting
    )


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """`total` split in proportion to `weights` by largest remainder; the parts sum to it exactly
    (R-17).

    A tie goes to the earlier part. All weights zero: everything goes to the first.
    """
    whole = sum(weights)
    if not whole:
        return [total, *([0] * (len(weights) - 1))] if weights else []
    products = [total * weight for weight in weights]
    parts = [product // whole for product in products]
    if missing := total - sum(parts):
        remainders = [product % whole for product in products]
        largest_first = sorted(
            range(len(weights)), key=remainders.__getitem__, reverse=True
        )  # stable
        for i in largest_first[:missing]:
            parts[i] += 1
    return parts
