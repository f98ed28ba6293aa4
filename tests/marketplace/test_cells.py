"""Reliability 11: no cell of an export is run as a formula, whatever stands before its first
sign."""

import ast
from pathlib import Path

import pytest

from marketplace.spreadsheet_cells import escape_formula

ROOT = Path(__file__).parents[2]


class TestACell:
    @pytest.mark.parametrize(
        "text",
        [
            "=1+1",
            "+1+1",
            "-1+cmd|' /C calc'!A0",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\r\n=1",
            "\n",
            " =1",
            "\u3000=1",
            "＝1+1",
            "＋1",
            "－1",
            "＠SUM(A1)",
            "﹦1",
            "−1",
            "\u200b=1",
            "\ufeff=1",
            "\u200d\u200b=1",
            "\u202e=1",
            "\u2060@x",
            "\x00=1",
            "\u2028=1",
            "\xad=1",
            " \u200b\n＝HYPERLINK(1)",
            "-",
            "+-5",
            "-1-1",
            "+٣",
        ],
    )
    def test_that_would_be_run_gets_an_apostrophe(self, text):
        assert escape_formula(text) == f"'{text}"

    @pytest.mark.parametrize(
        "text", ["", "1", "-5", "+12.50", "a=b", "SKU-1", "王", "'=1", "0=1", "\u200bSKU", "👩"]
    )
    def test_that_is_a_number_or_a_text_stays(self, text):
        assert escape_formula(text) == text


def test_whatever_writes_a_sheet_asks_this_module():
    """Of the product's own modules; what PostgreSQL reads by COPY, and samples of files, are no
    sheets of ours."""
    apart = {"marketplace/mirror/bulk_copy.py", "marketplace/mirror/samples/cut.py"}
    writers, asking = set(), set()
    for app in (
        "diagnostics",
        "outbox",
        "marketplace",
        "qualification",
        "eligibility",
        "pricing",
        "repurchase",
    ):
        for path in (ROOT / app).rglob("*.py"):
            tree, name = ast.parse(path.read_text(encoding="utf-8")), str(path.relative_to(ROOT))
            called = {
                ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)
            }
            if called & {"csv.writer", "csv.DictWriter", "xlsxwriter.Workbook"}:
                writers.add(name)
            if "escape_formula" in {
                name for call in called for name in call.split(".")
            } or "escape_formula" in ast.unparse(tree):
                asking.add(name)
    assert len(writers - apart) >= 3
    assert writers - apart <= asking
