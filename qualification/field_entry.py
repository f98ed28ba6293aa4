"""What a reviewer types into a field, made plain as a reading is; what can't be its value is
refused. Pure."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from qualification.extraction.layout import PLAIN, iso_date
from qualification.extraction.licences import FOREVER


def plain(name: str, typed: str) -> str:
    """The value as the checks take it: “1,234.5” as 1234.50, “2026年8月3日” as 2026-08-03.
    ValueError for any other."""
    form = FORMS.get(name.split()[0])
    return form(typed.translate(PLAIN).strip()) if form else typed.strip()


def _day(text: str) -> str:
    if text in ("长期", FOREVER):
        return FOREVER
    if day := iso_date(text):
        return day
    raise ValueError(text)


def _amount(text: str) -> str:
    digits = text.replace(",", "").replace(" ", "")
    if not re.fullmatch(r"-?[0-9]{1,15}(?:\.[0-9]{1,4})?", digits):
        raise ValueError(text)
    return str(Decimal(digits).quantize(Decimal("0.01")))


def _figure(text: str) -> str:
    """Of pieces, or of a price with more than two decimals."""
    digits = text.replace(",", "").replace(" ", "")
    if not re.fullmatch(r"[0-9]{1,15}(?:\.[0-9]{1,6})?", digits):
        raise ValueError(text)
    return digits


def _digits(text: str) -> str:
    digits = re.sub(r"[\s.-]", "", text)
    if not re.fullmatch(r"[0-9]{4,30}", digits):
        raise ValueError(text)
    return digits


def _code(text: str) -> str:
    return re.sub(r"\s", "", text).upper()


def _currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code := text.upper()):
        raise ValueError(text)
    return code


FORMS: Mapping[str, Callable[[str], str]] = {
    "credit_code": _code,
    "founded_on": _day,
    "valid_until": _day,
    "period_from": _day,
    "period_to": _day,
    "declared_on": _day,
    "opening_balance": _amount,
    "closing_balance": _amount,
    "credits": _amount,
    "debits": _amount,
    "total": _amount,
    "quantity": _figure,
    "unit_price": _figure,
    "number": _digits,
    "hs": _digits,
    "currency": _currency,
}
"""By the first word of a field's name; every other is text."""
