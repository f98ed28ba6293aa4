"""Why orders of a batch are not repeated, as a file that people sort and programs read: XLSX and
JSON Lines."""

import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _

from marketplace.spreadsheet_cells import escape_formula
from repurchase.batches.queries.exclusions import ExclusionRow

XLSX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
JSONL_MEDIA_TYPE = "application/x-ndjson"


def render_jsonl(rows: Iterable[ExclusionRow]) -> Iterator[bytes]:
    for row in rows:
        yield (
            json.dumps(_serialize_exclusion(row), ensure_ascii=False, default=str).encode() + b"\n"
        )


def _serialize_exclusion(row: ExclusionRow) -> dict[str, Any]:
    return {
        "order": row.order,
        "source_number": row.number,
        "status": row.status,
        "line": row.line_no,
        "sku": row.sku,
        "code": row.code,
        "severity": row.severity,
        "fixer": row.fixer,
        "cause": row.cause,
        "fix": row.fix,
        "evidence": row.evidence,
    }


def render_xlsx(rows: Iterable[ExclusionRow]) -> bytes:
    """One sheet, one finding a row. No cell is a formula, whatever stands in it."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("refused")
        bold, wrapped = (
            book.add_format({"bold": True}),
            book.add_format({"text_wrap": True, "valign": "top"}),
        )
        for place, (title, width) in enumerate(_column_headings()):
            sheet.write_string(0, place, title, bold)
            sheet.set_column(place, place, width)
        sheet.freeze_panes(1, 0)
        last = 0
        for last, row in enumerate(rows, start=1):
            for place, value in enumerate(_exclusion_cells(row)):
                if isinstance(value, int):
                    sheet.write_number(last, place, value)
                else:
                    sheet.write_string(last, place, escape_formula(value), wrapped)
        sheet.autofilter(0, 0, last, len(_column_headings()) - 1)
    return out.getvalue()


def _column_headings() -> list[tuple[str, int]]:
    return [
        (_("Repeat order"), 18),
        (_("Source order"), 20),
        (_("State"), 10),
        (_("Line"), 6),
        (_("SKU"), 18),
        (_("Code"), 28),
        (_("Who can fix it"), 14),
        (_("Cause"), 60),
        (_("Fix"), 60),
    ]


def _exclusion_cells(row: ExclusionRow) -> list[str | int]:
    line = "" if row.line_no is None else row.line_no
    return [
        row.order,
        row.number,
        row.status,
        line,
        row.sku,
        row.code,
        row.fixer,
        row.cause,
        row.fix,
    ]
