"""Versions of programs, compared number by number: 5.10 is later than 5.9 (R-79). Pure."""

import re

VERSION_PATTERN = r"[vV]?[0-9]{1,9}(\.[0-9]{1,9}){0,4}\Z"


def parse_version(text: str) -> tuple[int, ...]:
    """ "V5.3.0" → (5, 3): zeros at the end say nothing. ValueError for what is no version."""
    if not re.match(VERSION_PATTERN, text, re.ASCII):
        raise ValueError(f"no version: {text[:40]}")
    numbers = [int(part) for part in text.lstrip("vV").split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def is_at_least(version: str, minimum: str) -> bool:
    """Whether `version` is `minimum` or a later one; an empty minimum asks for nothing."""
    return not minimum or parse_version(version) >= parse_version(minimum)
