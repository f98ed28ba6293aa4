"""R-15: what an order note asks for, in tables; garbage and hostile text ask for nothing or for
little."""

import time

import pytest

from repurchase.batches.customisation_notes import (
    MAX_CUSTOMISATIONS,
    MAX_NOTE_LENGTH,
    MAX_TEXT_LENGTH,
    NotedCustomisation,
    clean_text,
    parse_customisations,
)

THREE = (1, 2, 3)


class TestAMarker:
    @pytest.mark.parametrize(
        ("note", "expected"),
        [
            ("[service line=2] extra manual", [(2, "extra manual")]),
            ("[service 2] extra manual", [(2, "extra manual")]),
            ("[SERVICE Line=2]Extra manual", [(2, "Extra manual")]),
            ("[service line=1,3] own label", [(1, "own label"), (3, "own label")]),
            ("[service line=2] manual; [service line=3] carton", [(2, "manual"), (3, "carton")]),
            ("[service line=2] manual [service line=3] carton", [(2, "manual"), (3, "carton")]),
            ("Leave at the gate.\n[service line=2] manual\nThanks!", [(2, "manual")]),
            ("custom service line 2: extra manual", [(2, "extra manual")]),
            ("Customised service 3: red tape", [(3, "red tape")]),
            ("定制服务 2: 特殊纸箱", [(2, "特殊纸箱")]),
            ("定制服务2：特殊纸箱；定制服务3：附加说明书", [(2, "特殊纸箱"), (3, "附加说明书")]),
            ("定制服务 第二行：特殊纸箱", [(2, "特殊纸箱")]),
            ("定制服务 第２行：特殊纸箱", [(2, "特殊纸箱")]),
            ("定制服务 1、3：贴标", [(1, "贴标"), (3, "贴标")]),
            ("［定制服务 行=2］ 附加说明书", [(2, "附加说明书")]),
            ("【定制服务】", []),
            ("[service] extra manual", [(None, "extra manual")]),
            ("定制服务：特殊纸箱", [(None, "特殊纸箱")]),
            ("[service line=9] extra manual", [(None, "extra manual")]),
            ("[service line=0] extra manual", [(None, "extra manual")]),
            ("[service line=2]", []),
            ("[service line=2] ;", []),
            ("[service line=2] manual\n[service line=2] manual", [(2, "manual")]),
        ],
    )
    def test_asks_for_its_text_on_its_lines(self, note, expected):
        assert [(s.line_no, s.text) for s in parse_customisations(note, line_nos=THREE)] == expected

    def test_without_a_line_is_of_the_only_line(self):
        assert parse_customisations("[service] manual", line_nos=[1]) == [
            NotedCustomisation(1, "manual")
        ]

    def test_of_a_line_that_is_not_there_is_of_the_whole_order_even_so(self):
        assert parse_customisations("[service line=2] manual", line_nos=[1]) == [
            NotedCustomisation(None, "manual")
        ]


class TestASentence:
    @pytest.mark.parametrize(
        ("note", "expected"),
        [
            (
                "Please add an extra manual for line 2.",
                [(2, "Please add an extra manual for line 2.")],
            ),
            ("Extra manual please. Ring twice.", [(None, "Extra manual please.")]),
            ("第2项用特殊纸箱。送货前打电话", [(2, "第2项用特殊纸箱")]),
            ("请附英文说明书", [(None, "请附英文说明书")]),
            ("Private label on item #3; call first", [(3, "Private label on item #3")]),
            ("Red cartons, please.", []),
            ("请在上午送货", []),
            ("Deliver to line 2 of the dock", []),
            ("", []),
        ],
    )
    def test_asks_by_a_known_word(self, note, expected):
        assert [(s.line_no, s.text) for s in parse_customisations(note, line_nos=THREE)] == expected


class TestGarbage:
    @pytest.mark.parametrize(
        "note",
        [
            "\x00\x01\x02",
            "[" * 5000,
            "[service line=" * 2000,
            "]" * 5000,
            "[service line=" + "1," * 9000 + "]",
            "🙂" * 500,
            "\u202e\u2066\u200b",
            " \t\r\n" * 3000,
            "[service line=99999999999999999999999] x",
            "custom service " * 2000,
            "定制服务" * 3000,
            "第" * 9000,
            "line " * 5000,
        ],
    )
    def test_is_read_in_no_time_and_bounded(self, note):
        began = time.perf_counter()
        found = parse_customisations(note, line_nos=THREE)
        assert time.perf_counter() - began < 0.5
        assert len(found) <= MAX_CUSTOMISATIONS + 1
        assert all(0 < len(s.text) <= MAX_TEXT_LENGTH for s in found)

    def test_beyond_the_limit_stays_as_one_service_of_the_order(self):
        note = "\n".join(f"[service line=2] manual {n}" for n in range(MAX_CUSTOMISATIONS + 5))
        found = parse_customisations(note, line_nos=THREE)
        assert len(found) == MAX_CUSTOMISATIONS + 1
        assert found[-1].line_no is None
        assert f"manual {MAX_CUSTOMISATIONS + 4}" in found[-1].text

    def test_can_t_hide_what_is_confirmed(self):
        assert clean_text("man\u202eual\x00\u200b\tA  B ") == "man ual A B"
        assert parse_customisations(
            "[service line=2] <script>alert(1)</script>", line_nos=THREE
        ) == [NotedCustomisation(2, "<script>alert(1)</script>")]

    def test_longer_than_a_note_may_be_is_cut(self):
        assert (
            parse_customisations("x" * MAX_NOTE_LENGTH + "[service] manual", line_nos=THREE) == []
        )
