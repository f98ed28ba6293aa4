"""The picture is the truth, a file's own text a claim: carriers of text that nobody sees, and
honest files.

A part of the carriers in `make test`, each on a fresh seed; all of them by `make ocr-report`.
"""

import json
import random
import secrets
from dataclasses import replace

import pytest

from qualification import document_reader, engines, text_layer
from qualification.extraction.layout import PageLayout, Word
from qualification.readings import Box, DocumentKind, ReadingField, decode_reading, encode_reading
from qualification.text_layer import TextLayer
from repurchase.demo.sample_documents.contents import StatementLayout
from tests.qualification import carriers, cases, forging, measuring, typed

ENGINE = engines.import_engine("qualification.engines.tesseract")
BOX = Box(page=1, x0=0.1, y0=0.1, x1=0.3, y1=0.12)


class TestAForgery:
    @pytest.mark.parametrize(
        ("document", "carrier"),
        [
            ("licence", "white"),
            ("licence", "invisible"),
            ("licence", "outside_the_crop_box"),
            ("licence", "patched_strips"),
            ("declaration", "free_text_note"),
        ],
    )
    def test_is_not_believed(self, document, carrier):
        seed = secrets.token_hex(4)
        assert forging.outcome(document, carrier, seed, ENGINE).believed == [], seed


class TestAPatchOverAScan:
    def test_is_a_finding_at_each_field_that_no_tick_clears(self):
        pair = forging.licence(random.Random("laid over"))
        data = carriers.patched_strips(pair.untouched, pair.forged, random.Random(1))
        found, _ = document_reader.read(data, DocumentKind.LICENCE, engine=ENGINE)
        assert {"credit_code", "valid_until"} <= set(found.laid_over)
        assert "PAGE_LAID_OVER" in forging.findings_of(pair, found, data)
        assert (
            decode_reading(json.loads(json.dumps(encode_reading(found)))).laid_over
            == found.laid_over
        )


class TestAnHonestFile:
    def test_that_was_typed_passes_without_a_finding(self):
        rng = random.Random("typed")
        what = cases.contents.make_statement(
            rng,
            cases.contents.make_company(rng),
            last=cases.LAST_MONTH,
            layout=StatementLayout.IN_AND_OUT,
        )
        found, _ = document_reader.read(
            typed.statement(what, rng), DocumentKind.STATEMENT, engine=ENGINE
        )
        assert (found.differences, found.laid_over) == ([], [])
        told = {f.name: f.value for f in found.fields if not f.for_human}
        assert {n: told[n] for n in ("account", "period_from", "closing_balance")} == {
            "account": what.company.account,
            "period_from": what.begin.isoformat(),
            "closing_balance": f"{what.closing:.2f}",
        }
        assert found.of("credits 2026-10").proven

    def test_that_is_a_scan_with_its_own_text_under_it_passes(self):
        """As scanners with text recognition make it: invisible, and right."""
        pair = forging.licence(random.Random("searchable"))
        data = carriers.invisible_on_a_scan(pair.untouched, pair.untouched, random.Random(1))
        found, _ = document_reader.read(data, DocumentKind.LICENCE, engine=ENGINE)
        case = cases.Case(
            name="", kind=DocumentKind.LICENCE, company=pair.company, truth=pair.truth, pdf=data
        )
        assert (found.differences, found.laid_over) == ([], [])
        assert [t for t in measuring.compare(case, found) if t.silently_wrong] == []


# --- The rule
# ------------------------------------------------------------------------------------------------


def field(name: str, value: str, **other) -> ReadingField:
    return ReadingField(
        name=name, value=value, raw=other.pop("raw", value), confidence=0.95, box=BOX, **other
    )


def page(*words: tuple[str, float, float]) -> PageLayout:
    """Words of 20 pixels' height at (x, y), 10 pixels a sign."""
    found = [
        Word(text=t, x0=x, y0=y, x1=x + 10 * len(t), y1=y + 20, confidence=0.95)
        for t, x, y in words
    ]
    return PageLayout(number=1, width=1000, height=1000, words=found)


def held(seen, said, *, shows=(), unseen=(), pages=(), written=()):
    layer = TextLayer(fields=said, pages=list(written), unseen={1: list(unseen)})
    return text_layer.compare_with_layer(seen, list(pages), layer, lambda box: iter(shows))


class TestAFieldOfThePicture:
    @pytest.mark.parametrize(
        ("seen", "said", "shows", "value", "for_human", "differs"),
        [
            ("2026-12-31", "2026-12-31", (), "2026-12-31", False, False),
            ("甲（集团）公司", "甲(集团)公司", (), "甲（集团）公司", False, False),
            ("2026-12-31", "2036-12-31", ("2026-12-31",), "2026-12-31", True, True),
            # misread at first
            ("2026-12-31", "2036-12-31", ("2036-12-31",), "2026-12-31", True, False),
            ("2026-12-31", "2036-12-31", ("2026-12-31", "2036-12-31"), "2026-12-31", True, False),
            ("2026-12-31", "2036-12-31", ("~",), "2026-12-31", True, False),  # nobody can say
            ("2026-12-31", "", (), "2026-12-31", False, False),  # a scan
        ],
    )
    def test_stands_beside_what_the_text_says(self, seen, said, shows, value, for_human, differs):
        name = "valid_until" if seen[0].isdigit() else "company"
        fields, differences = held([field(name, seen)], [field(name, said)], shows=shows)
        assert (fields[0].value, fields[0].for_human, bool(differences)) == (
            value,
            for_human,
            differs,
        )

    @pytest.mark.parametrize(("seen", "said"), [("20.00", "-20.00"), ("12.30", "1.23")])
    def test_that_is_an_amount_is_compared_to_its_sign_and_point(self, seen, said):
        fields, _ = held(
            [field("opening_balance", seen)], [field("opening_balance", said)], shows=(seen,)
        )
        assert fields[0].for_human

    @pytest.mark.parametrize("confidence", [0.0, 0.2, 0.79, 0.8, 0.95])
    def test_is_never_surer_because_the_text_repeats_it(self, confidence):
        seen = replace(field("valid_until", "2036-12-31"), confidence=confidence)
        fields, differences = held(
            [seen], [field("valid_until", "2036-12-31")], shows=("2036-12-31",)
        )
        assert (fields, differences) == ([seen], [])
        assert fields[0].for_human is (confidence < 0.8)

    def test_that_was_read_unsurely_is_no_finding(self):
        unsure = replace(field("valid_until", "2026-12-31"), confidence=0.5)
        fields, differences = held(
            [unsure], [field("valid_until", "2036-12-31")], shows=("2026-12-31",)
        )
        assert (fields[0].for_human, differences) == (True, [])

    def test_that_only_the_text_has_is_left_to_the_human_without_its_value(self):
        fields, differences = held([], [field("total 3", "9.00")])
        assert [(f.name, f.value, f.for_human) for f in fields] == [("total 3", "", True)]
        assert differences == []


class TestAMonth:
    def month(self, raw: str, value: str, *, proven: bool = True) -> ReadingField:
        return field("credits 2026-08", value, raw=raw, proven=proven)

    @pytest.mark.parametrize(
        ("seen", "said", "differs", "for_human"),
        [
            ("2026-08-03 +5.00 = 9.00", "2026-08-03 +5.00 = 9.00", False, False),
            ("2026-08-03 +5.00 = 9.00", "2026-08-03 +7.00 = 9.00", True, True),
            # a day: maybe misread
            ("2026-08-03 +5.00 = 9.00", "2026-08-08 +5.00 = 9.00", False, True),
            (
                "2026-08-03 +5.00 = 9.00; 2026-08-04 +1.00 = 10.00",
                "2026-08-03 +1.00 = 5.00; 2026-08-04 +5.00 = 10.00",
                True,
                True,
            ),
        ],
    )
    def test_is_compared_movement_by_movement(self, seen, said, differs, for_human):
        fields, differences = held([self.month(seen, "5.00")], [self.month(said, "5.00")])
        assert (bool(differences), fields[0].for_human) == (differs, for_human)

    def test_that_both_read_alike_and_that_does_not_hold_is_no_misreading(self):
        broken = replace(self.month("x", "5.00", proven=False), unclear=True)
        fields, _ = held([broken], [broken])
        assert not fields[0].unclear

    def test_that_only_the_text_has_is_a_finding(self):
        fields, differences = held([field("account", "1")], [self.month("x", "5.00")])
        assert [(d.field, d.shown, d.written) for d in differences] == [
            ("credits 2026-08", "", "5.00")
        ]
        assert fields[-1].for_human


class TestAnAmountOnThePage:
    def told(self, seen: str, said: str, *shows: str) -> list[tuple[str, str]]:
        _, differences = held(
            [], [], pages=[page((seen, 300, 50))], written=[page((said, 301, 51))], shows=shows
        )
        return [(d.shown, d.written) for d in differences]

    def test_that_is_written_otherwise_in_its_place_is_a_finding(self):
        assert self.told("100.00", "900.00", "100.00") == [("100.00", "900.00")]

    @pytest.mark.parametrize(
        ("seen", "said", "shows"),
        [
            ("1,100.00", "1.100,00", ()),  # only the signs between the digits
            ("100.00", "900.00", ("900.00",)),  # misread at first
            ("100.00", "900.00", ("~",)),  # nobody can say
            ("100.00", "SUM", ()),  # no figures there
            ("No. 1", "No. 2", ("No. 1",)),  # neither amount nor day
        ],
    )
    def test_is_no_finding_otherwise(self, seen, said, shows):
        assert self.told(seen, said, *shows) == []


class TestTextThatNoPixelShows:
    def test_is_always_a_finding(self):
        word = Word(text="999", x0=1, y0=1, x1=9, y1=9, confidence=1.0)
        _, differences = held([field("account", "1")], [field("account", "1")], unseen=[word])
        assert [(d.page, d.field, d.shown, d.written) for d in differences] == [(1, "", "", "999")]
