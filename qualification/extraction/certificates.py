"""The ISO 9001 certificate: standard, company, until when (R-38). Pure."""

from collections.abc import Sequence

from qualification.extraction.layout import (
    DATE_PATTERN,
    PageLayout,
    SecondReading,
    find_first,
    iso_date,
    rows_of_pages,
)
from qualification.readings import ReadingField


def fields(pages: Sequence[PageLayout], look: SecondReading) -> list[ReadingField]:
    rows = rows_of_pages(pages)
    company = find_first(rows, r"(?:兹证明|获证组织|组织名称):?(.{4,})$")
    standard = find_first(rows, r"(ISO9001)") or find_first(rows, r"(T19001)")
    until = find_first(rows, rf"(?:有效期至|有效期.*至):?({DATE_PATTERN})")
    return [
        company.field("company") if company else ReadingField(name="company", value=""),
        standard.field("standard", "ISO 9001", proven=True)
        if standard
        else ReadingField(name="standard", value=""),
        until.field("valid_until", iso_date(until.text))
        if until
        else ReadingField(name="valid_until", value=""),
    ]
