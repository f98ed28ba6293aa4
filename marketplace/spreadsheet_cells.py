"""Cells of a spreadsheet: what a program would run as a formula is made harmless, here and nowhere
else. Pure."""

import re
import unicodedata

FORMULA_SIGNS = frozenset("=+-@＝＋－＠﹢﹣﹦﹫−")
"""What begins a formula, also as East Asian keyboards and typographers write it: programs fold
them."""

INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Line ends, tabs, blanks, zero-width signs and marks of direction: programs pass over them."""

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def escape_formula(text: str) -> str:
    """A cell that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers."""
    if not _begins_a_formula(text) or NUMBER.fullmatch(text):
        return text
    return f"'{text}"


def _begins_a_formula(text: str) -> bool:
    if text.startswith(("\t", "\r", "\n")):
        return True
    first = next(
        (sign for sign in text if unicodedata.category(sign) not in INVISIBLE_CATEGORIES), ""
    )
    return first in FORMULA_SIGNS
