"""Six scans of the generator, read for real; `make ocr-report` measures many more on fresh
seeds."""

import random

import pytest

from qualification import document_reader, engines
from qualification.document_checks import CheckVerdict
from qualification.readings import Reading, decode_reading, encode_reading
from repurchase.demo.sample_documents.contents import StatementLayout
from tests.qualification import cases, measuring

ENGINE = engines.import_engine("qualification.engines.tesseract")
SIX = {
    "licence": lambda: cases.licence(random.Random("licence")),
    "licence, sealed over its dates": lambda: cases.licence(random.Random("over"), over=True),
    "statement": lambda: cases.statement(random.Random("in"), StatementLayout.IN_AND_OUT),
    "statement, edited": lambda: cases.edited_credit(random.Random("edited")),
    "declaration": lambda: cases.declaration(random.Random("declaration")),
    "certificate": lambda: cases.iso_9001(random.Random("iso")),
}


@pytest.fixture(scope="module")
def read():
    """`read(name)`: the case and its reading, read once a module."""
    known: dict[str, tuple[cases.Case, Reading]] = {}

    def once(name: str) -> tuple[cases.Case, Reading]:
        if name not in known:
            case = SIX[name]()
            known[name] = case, document_reader.read(case.pdf, case.kind, engine=ENGINE)[0]
        return known[name]

    return once


class TestAScan:
    @pytest.mark.parametrize("name", SIX)
    def test_is_read_right_or_shown_to_a_human(self, read, name):
        told = list(measuring.compare(*read(name)))
        assert [t for t in told if t.silently_wrong] == []
        assert sum(t.right for t in told) / len(told) > 0.6

    @pytest.mark.parametrize("name", [n for n in SIX if n != "certificate"])
    def test_shows_its_seal(self, read, name):
        assert len(read(name)[1].seals) == 1

    def test_gives_what_lies_under_a_seal_to_the_human(self, read):
        """Pitfall 11."""
        _, found = read("licence, sealed over its dates")
        covered = [f.name for f in found.fields if f.under_seal]
        assert covered
        assert all(found.of(name).for_human for name in covered)

    def test_keeps_where_each_field_stands(self, read):
        _, found = read("licence")
        box = found.of("credit_code").box
        assert box is not None
        assert 0 < box.x0 < box.x1 < 1
        assert 0.2 < box.y0 < box.y1 < 0.3

    def test_survives_being_stored(self, read):
        _, found = read("declaration")
        assert decode_reading(encode_reading(found)) == found


class TestAnEditedCredit:
    def test_breaks_the_balances(self, read):
        """Never passed by the machine; and a person who confirms every figure as it was read
        passes it no more."""
        case, found = read("statement, edited")
        as_read = {field.name: field.value for field in found.fields}
        assert self.balances(case, found) - {CheckVerdict.PASSED}
        assert CheckVerdict.FAILED in self.balances(case, found, as_read)

    @staticmethod
    def balances(*read) -> set[CheckVerdict]:
        return {c.verdict for c in measuring.checks(*read) if c.code == "STATEMENT_BALANCE_BROKEN"}
