"""VAT and GST: the treatment of a destination, its tax code, and the split into net and tax
(R-64). Pure."""

from dataclasses import dataclass
from decimal import Decimal

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import ExactRate, rate_as_ratio
from marketplace.territories import Destination

PREFIXES = {"GR": "EL"}
"""Where a VAT number begins with other letters than the country's own."""

STANDARD = "S"
REVERSE_CHARGE = "AE"
ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaxRule:
    """One row of the tax table, as in force on the day. `category` is UNCL5305: S, AE, Z, G or
    O."""

    category: str
    rate: Decimal
    reverse_charge: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Treatment:
    """How an order is taxed. `code` is category, jurisdiction, percent, registration:
    "S-DE-19.00-DE123456789".

    `included_rate` is the tax that stands inside a price that includes tax: the rate itself, but
    under reverse charge the rate that the destination would else have, so that the base becomes
    net.
    """

    category: str
    rate: Decimal
    included_rate: Decimal
    code: str


def determine_treatment(
    rule: TaxRule | None,
    *,
    destination: Destination,
    buyer_number: str,
    buyer_number_checked: bool,
    seller_registration: str,
) -> Treatment:
    """Reverse charge only where the rule allows it and the buyer's number was checked and is of
    the destination, else the rule's own category. TAX_CODE_MISSING when the rule or the number
    that its category demands is missing."""
    where = destination.country
    if rule is None:
        raise Problem(Code.TAX_CODE_MISSING, country=where, missing="rate")
    checked = buyer_number_checked and is_of_jurisdiction(buyer_number, destination.jurisdiction)
    checked_number = buyer_number if checked else ""
    if rule.category == REVERSE_CHARGE or (rule.reverse_charge and checked_number):
        number = _require_number(checked_number, country=where, missing="checked buyer number")
        return _build_treatment(
            rule, destination, category=REVERSE_CHARGE, rate=ZERO, number=number
        )
    if rule.category == STANDARD:
        number = _require_number(seller_registration, country=where, missing="registration")
        return _build_treatment(rule, destination, category=STANDARD, rate=rule.rate, number=number)
    return _build_treatment(rule, destination, category=rule.category, rate=rule.rate, number="")


def is_of_jurisdiction(number: str, jurisdiction: str) -> bool:
    """Whether a tax number belongs to a jurisdiction, by the prefix that it begins with."""
    return number.strip().upper().startswith(PREFIXES.get(jurisdiction, jurisdiction))


class TaxCalculator:
    """A treatment's rates, resolved once for all the orders that it holds for. Tax is rounded once
    an order."""

    __slots__ = ("_contained", "_owed", "on_top")

    def __init__(self, treatment: Treatment) -> None:
        numerator, denominator = rate_as_ratio(treatment.included_rate)
        self.on_top = ExactRate(*rate_as_ratio(treatment.rate))
        self._contained = ExactRate(numerator, numerator + denominator)
        self._owed = bool(treatment.rate)

    def taken_out(self, amount_minor: int) -> tuple[int, int]:
        """(net, tax) of what includes tax, in minor units; under reverse charge it is taken out
        and not owed."""
        contained = self._contained.of(amount_minor)
        return amount_minor - contained, contained if self._owed else 0


def _require_number(number: str, *, country: str, missing: str) -> str:
    if not number:
        raise Problem(Code.TAX_CODE_MISSING, country=country, missing=missing)
    return number


def _build_treatment(
    rule: TaxRule, destination: Destination, *, category: str, rate: Decimal, number: str
) -> Treatment:
    parts = [category, destination.jurisdiction, format_rate_percent(rate), number]
    code = "-".join(part for part in parts if part)
    return Treatment(category=category, rate=rate, included_rate=rule.rate, code=code)


def format_rate_percent(rate: Decimal) -> str:
    """0.19 → "19.00"; digits beyond two are written only where the rate has them: 0.08875 →
    "8.875"."""
    value = (rate * 100).normalize()
    digits = max(2, -int(value.as_tuple().exponent))
    return f"{value:.{digits}f}"
