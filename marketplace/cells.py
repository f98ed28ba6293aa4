"""Cells of a spreadsheet: what a program would run as a formula is made harmless, here and nowhere else. Pure."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(text: str) -> str:
    """A cell that a spreadsheet would run as a formula gets an apostrophe; numbers stay numbers."""
    if not text.startswith(FORMULA) or _is_number(text):
        return text
    return f"'{text}"


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace(".", "", 1).isdecimal()
