"""The ISO 9001 certificate: standard, company, until when (R-38). Pure."""

from collections.abc import Sequence

from qualification.extraction.layout import DATE, Look, Page, first, iso_date, rows_of
from qualification.readings import Field


def fields(pages: Sequence[Page], look: Look) -> list[Field]:
    rows = rows_of(pages)
    company = first(rows, r"(?:兹证明|获证组织|组织名称):?(.{4,})$")
    standard = first(rows, r"(ISO9001)") or first(rows, r"(T19001)")
    until = first(rows, rf"(?:有效期至|有效期.*至):?({DATE})")
    return [
        company.field("company") if company else Field(name="company", value=""),
        standard.field("standard", "ISO 9001", proven=True)
        if standard
        else Field(name="standard", value=""),
        until.field("valid_until", iso_date(until.text))
        if until
        else Field(name="valid_until", value=""),
    ]
