import re
import string

import pytest

from diagnostics import problem_texts
from diagnostics.catalogue import CATALOGUE
from diagnostics.catalogue.batches import BATCHES
from diagnostics.catalogue.documents import DOCUMENTS
from diagnostics.catalogue.fulfilment import FULFILMENT
from diagnostics.catalogue.requests import REQUESTS
from diagnostics.catalogue.screening import SCREENING
from diagnostics.codes import Code, Severity

OURS = {
    Code.DATABASE_UNAVAILABLE,
    Code.INTERNAL_ERROR,
    Code.AGREEMENT_DAMAGED,
    Code.PROFORMA_DAMAGED,
    Code.STORAGE_UNAVAILABLE,
    Code.WORK_FAILED,
}  # the fault is on our side


class TestTheCatalogue:
    def test_explains_every_code(self):
        assert set(CATALOGUE) == set(Code)
        assert len(CATALOGUE) == len(SCREENING) + len(BATCHES) + len(REQUESTS) + len(
            FULFILMENT
        ) + len(DOCUMENTS)

    @pytest.mark.parametrize("code", Code)
    def test_has_words_for_each(self, code):
        entry = CATALOGUE[code]
        assert all((entry.title, entry.cause, entry.fix))
        assert re.fullmatch(r"[A-Z][A-Z0-9_]+", code)

    @pytest.mark.parametrize("code", [c for c in Code if CATALOGUE[c].severity is Severity.REFUSAL])
    def test_a_refusal_answers_with_a_client_error_unless_the_fault_is_ours(self, code):
        assert CATALOGUE[code].status // 100 == (5 if code in OURS else 4)

    @pytest.mark.parametrize("code", Code)
    def test_never_fails_for_want_of_evidence(self, code):
        said = problem_texts.describe(code, {})
        named = {name for _, name, _, _ in string.Formatter().parse(CATALOGUE[code].cause) if name}
        assert said.cause.count("—") >= len(named)

    def test_puts_the_evidence_into_the_words(self):
        said = problem_texts.describe(Code.BATCH_TOO_LARGE, {"value": 5001, "limit": 5000})
        assert "5001" in said.cause
        assert "5000" in said.cause

    def test_says_an_instant_in_the_readers_zone(self):
        said = problem_texts.describe(
            Code.LOCK_EXPIRED, {"value": "2026-11-23T08:00:00.123456+00:00"}
        )
        assert "2026-11-23 16:00 (UTC+08:00)" in said.cause
        assert (
            "2026-11-23T08"
            in problem_texts.describe(Code.SKU_UNKNOWN, {"sku": "2026-11-23T08"}).cause
        )
