"""The business licence: company, credit code, founding, term (R-31). Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace

from qualification import credit_code
from qualification.extraction.layout import (
    DATE_PATTERN,
    PLAIN_PUNCTUATION,
    PageLayout,
    SecondReading,
    TextRow,
    find_first,
    iso_date,
    rows_of_pages,
)
from qualification.readings import ReadingField

MISREAD_CHARACTERS = str.maketrans("OIZSV", "01257")
"""Signs that no credit code has, and what they were before they were misread; the check sign
decides."""
FOREVER = "9999-12-31"


def fields(pages: Sequence[PageLayout], look: SecondReading) -> list[ReadingField]:
    rows = rows_of_pages(pages)
    name = find_first(rows, r"^名.?:?(.{2,}(?:公司|厂|中心|商行|合作社|企业.*|Ltd\.?|Inc\.?))$")
    founded = find_first(rows, rf"成立日期:?({DATE_PATTERN})")
    term = find_first(rows, rf"(?:营业期限|经营期限):?.*至({DATE_PATTERN}|长期)") or find_first(
        rows, r"(?:营业期限|经营期限):?(长期)"
    )
    return [
        name.field("company") if name else ReadingField(name="company", value=""),
        _credit_code_field(rows, look),
        founded.field("founded_on", iso_date(founded.text))
        if founded
        else ReadingField(name="founded_on", value=""),
        term.field("valid_until", iso_date(term.text) or FOREVER)
        if term
        else ReadingField(name="valid_until", value=""),
    ]


def _credit_code_field(rows: Sequence[TextRow], look: SecondReading) -> ReadingField:
    """A code that its check sign does not prove may be misread as well as wrong: it is for the
    human."""
    found = find_first(rows, r"(?<![0-9A-Z])([0-9A-Z]{18})(?![0-9A-Z])") or find_first(
        rows, r"([0-9A-Z]{15,22})"
    )
    if not found:
        label = find_first(rows, r"信用代码")
        return ReadingField(name="credit_code", value="", box=label.box if label else None)
    read = _clean_code(found.text)
    if not credit_code.is_valid(read):
        read = next(filter(credit_code.is_valid, map(_clean_code, look(found.box))), read)
    valid = credit_code.is_valid(read)
    field = found.field("credit_code", read, proven=valid)
    return field if valid else replace(field, confidence=0.0)


def _clean_code(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.translate(PLAIN_PUNCTUATION).upper()).translate(
        MISREAD_CHARACTERS
    )
