"""The business licence: company, credit code, founding, term (R-31). Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace

from qualification import credit_code
from qualification.extraction.layout import DATE, PLAIN, Look, Page, Row, first, iso_date, rows_of
from qualification.readings import Field

IMPOSSIBLE = str.maketrans("OIZSV", "01257")
"""Signs that no credit code has, and what they were before they were misread; the check sign
decides."""
FOREVER = "9999-12-31"


def fields(pages: Sequence[Page], look: Look) -> list[Field]:
    rows = rows_of(pages)
    name = first(rows, r"^名.?:?(.{2,}(?:公司|厂|中心|商行|合作社|企业.*|Ltd\.?|Inc\.?))$")
    founded = first(rows, rf"成立日期:?({DATE})")
    term = first(rows, rf"(?:营业期限|经营期限):?.*至({DATE}|长期)") or first(
        rows, r"(?:营业期限|经营期限):?(长期)"
    )
    return [
        name.field("company") if name else Field(name="company", value=""),
        _code(rows, look),
        founded.field("founded_on", iso_date(founded.text))
        if founded
        else Field(name="founded_on", value=""),
        term.field("valid_until", iso_date(term.text) or FOREVER)
        if term
        else Field(name="valid_until", value=""),
    ]


def _code(rows: Sequence[Row], look: Look) -> Field:
    """A code that its check sign does not prove may be misread as well as wrong: it is for the
    human."""
    found = first(rows, r"(?<![0-9A-Z])([0-9A-Z]{18})(?![0-9A-Z])") or first(
        rows, r"([0-9A-Z]{15,22})"
    )
    if not found:
        label = first(rows, r"信用代码")
        return Field(name="credit_code", value="", box=label.box if label else None)
    read = _signs(found.text)
    if not credit_code.is_valid(read):
        read = next(filter(credit_code.is_valid, map(_signs, look(found.box))), read)
    valid = credit_code.is_valid(read)
    field = found.field("credit_code", read, proven=valid)
    return field if valid else replace(field, confidence=0.0)


def _signs(text: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", text.translate(PLAIN).upper()).translate(IMPOSSIBLE)
