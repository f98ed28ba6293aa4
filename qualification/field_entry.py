"""What a reviewer types into a field, made plain as a reading is; what can't be its value is
refused. Pure."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from qualification.extraction.layout import PLAIN_PUNCTUATION, iso_date
from qualification.extraction.licences import FOREVER


def normalize_entry(name: str, typed: str) -> str:
    """The value as the checks take it: “1,234.5” as 1234.50, “2026年8月3日” as 2026-08-03.
    ValueError for any other."""
    form = ENTRY_NORMALIZERS.get(name.split()[0])
    return form(typed.translate(PLAIN_PUNCTUATION).strip()) if form else typed.strip()


def _normalize_day(text: str) -> str:
    if text in ("长期", FOREVER):
        return FOREVER
    if day := iso_date(text):
        return day
    raise ValueError(text)


def _normalize_amount(text: str) -> str:
    digits = text.replace(",", "").replace(" ", "")
    if not re.fullmatch(r"-?[0-9]{1,15}(?:\.[0-9]{1,4})?", digits):
        raise ValueError(text)
    return str(Decimal(digits).quantize(Decimal("0.01")))


def _normalize_figure(text: str) -> str:
    """Of pieces, or of a price with more than two decimals."""
    digits = text.replace(",", "").replace(" ", "")
    if not re.fullmatch(r"[0-9]{1,15}(?:\.[0-9]{1,6})?", digits):
        raise ValueError(text)
    return digits


def _normalize_digits(text: str) -> str:
    digits = re.sub(r"[\s.-]", "", text)
    if not re.fullmatch(r"[0-9]{4,30}", digits):
        raise ValueError(text)
    return digits


def _normalize_code(text: str) -> str:
    return re.sub(r"\s", "", text).upper()


def _normalize_currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", code := text.upper()):
        raise ValueError(text)
    return code


ENTRY_NORMALIZERS: Mapping[str, Callable[[str], str]] = {
    "credit_code": _normalize_code,
    "founded_on": _normalize_day,
    "valid_until": _normalize_day,
    "period_from": _normalize_day,
    "period_to": _normalize_day,
    "declared_on": _normalize_day,
    "opening_balance": _normalize_amount,
    "closing_balance": _normalize_amount,
    "credits": _normalize_amount,
    "debits": _normalize_amount,
    "total": _normalize_amount,
    "quantity": _normalize_figure,
    "unit_price": _normalize_figure,
    "number": _normalize_digits,
    "hs": _normalize_digits,
    "currency": _normalize_currency,
}
"""By the first word of a field's name; every other is text."""
