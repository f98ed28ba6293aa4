"""Values as the schema's simple types write them."""

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

from marketplace.money import minor_unit_digits, round_half_up

# https://www.w3.org/TR/xml/#charsets: everything else has no place in an XML 1.0 document, not
# even escaped.
ILLEGAL = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
HS = re.compile(r"[0-9]{6,10}")


def xml_prose(text: str) -> str:
    """What people read: characters that XML 1.0 can't carry are dropped."""
    return ILLEGAL.sub("", text)


def xml_identifier(text: str) -> str:
    """What programs compare: such a character leaves a visible mark, so two codes never become one
    unseen."""
    return ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)


def format_instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"


def format_decimal(value: Decimal) -> str:
    """Plain digits without trailing zeros: 0.080000 is "0.08", 1E+2 is "100"."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_boolean(value: bool) -> str:
    return "true" if value else "false"


def format_unit_price(total_minor: int, quantity: int, currency: str) -> str:
    """The price of a piece to six decimals; whoever needs the exact amount takes the line's
    total."""
    millionths = round_half_up(
        Fraction(total_minor * 10**6, quantity * 10 ** minor_unit_digits(currency))
    )
    return f"{Decimal(millionths).scaleb(-6):.6f}"


def normalize_hs_code(text: str) -> str:
    """Digits only ("6911.10" → "691110"); "" when that is no HS code."""
    digits = re.sub(r"[ .]", "", text)
    return digits if HS.fullmatch(digits) else ""


def schema_field_names(fields: list[str]) -> str:
    """Field names as the schema lists them: "hs_code" → "hsCode"."""
    return " ".join(
        re.sub(r"_([a-z0-9])", lambda m: m[1].upper(), re.sub(r"\W", "_", f)) for f in fields
    )
