import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import attribution
from diagnostics.attribution import (
    END_CODE_BY_STATE,
    EXPLAINING_CODES,
    STAGE_BY_CODE,
    CauseRole,
    FailureFinding,
    OrderStage,
    TimelineEntry,
)
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code, Severity

C = Code
SHANGHAI = ZoneInfo("Asia/Shanghai")


def told(of_order, of_lines=()):
    findings = attribution.merge_findings(
        [FailureFinding(code=c) for c in of_order], list(of_lines)
    )
    return [(c.code, c.role, c.because) for c in attribution.attribute(findings)]


def on(line: int, code: Code, sku: str = "") -> FailureFinding:
    return FailureFinding(code=code, line=line, evidence={"sku": sku or f"S{line}"})


class TestTheFirstCause:
    @pytest.mark.parametrize(
        ("of_order", "of_lines", "expected"),
        [
            # alone, each is the first cause
            (
                [C.BUYER_CERTIFICATE_EXPIRED],
                [],
                [(C.BUYER_CERTIFICATE_EXPIRED, CauseRole.FIRST, None)],
            ),
            (
                [C.STOCK_SYNC_STALE],
                [on(1, C.STOCK_SYNC_STALE)],
                [(C.STOCK_SYNC_STALE, CauseRole.FIRST, None)],
            ),
            ([C.LANE_UNREACHABLE], [], [(C.LANE_UNREACHABLE, CauseRole.FIRST, None)]),
            # the earlier in the path comes first, the other would have failed it on its own
            (
                [C.LANE_UNREACHABLE, C.BUYER_CERTIFICATE_EXPIRED],
                [],
                [
                    (C.BUYER_CERTIFICATE_EXPIRED, CauseRole.FIRST, None),
                    (C.LANE_UNREACHABLE, CauseRole.ALSO, None),
                ],
            ),
            # what nothing cures comes before what somebody can
            (
                [C.BUYER_CERTIFICATE_EXPIRED, C.ORDER_TOO_OLD],
                [],
                [
                    (C.ORDER_TOO_OLD, CauseRole.FIRST, None),
                    (C.BUYER_CERTIFICATE_EXPIRED, CauseRole.ALSO, None),
                ],
            ),
            # a level that is out of date explains the lack, of the same SKU only
            (
                [C.STOCK_SYNC_STALE, C.STOCK_TOO_LOW],
                [on(1, C.STOCK_SYNC_STALE, "A"), on(1, C.STOCK_TOO_LOW, "A")],
                [
                    (C.STOCK_SYNC_STALE, CauseRole.FIRST, None),
                    (C.STOCK_TOO_LOW, CauseRole.CONSEQUENCE, C.STOCK_SYNC_STALE),
                ],
            ),
            (
                [C.STOCK_SYNC_STALE, C.STOCK_TOO_LOW],
                [on(1, C.STOCK_SYNC_STALE, "A"), on(2, C.STOCK_TOO_LOW, "B")],
                [
                    (C.STOCK_SYNC_STALE, CauseRole.FIRST, None),
                    (C.STOCK_TOO_LOW, CauseRole.ALSO, None),
                ],
            ),
            # an order without lines fails by what took its lines
            (
                [C.ORDER_WITHOUT_LINES],
                [on(1, C.SKU_NOT_STANDARD)],
                [
                    (C.SKU_NOT_STANDARD, CauseRole.FIRST, None),
                    (C.ORDER_WITHOUT_LINES, CauseRole.CONSEQUENCE, C.SKU_NOT_STANDARD),
                ],
            ),
            # a line that leaves stops no order: not the one that is ready, nor one that fails for
            # another reason
            ([], [on(2, C.SKU_NOT_STANDARD)], [(C.SKU_NOT_STANDARD, CauseRole.LINE, None)]),
            (
                [C.LANE_UNREACHABLE],
                [on(2, C.SKU_NOT_STANDARD)],
                [
                    (C.LANE_UNREACHABLE, CauseRole.FIRST, None),
                    (C.SKU_NOT_STANDARD, CauseRole.LINE, None),
                ],
            ),
            ([], [], []),
        ],
    )
    def test_is_the_earliest_that_follows_from_nothing(self, of_order, of_lines, expected):
        assert told(of_order, of_lines) == expected

    @given(
        st.lists(st.sampled_from(sorted(STAGE_BY_CODE)), max_size=6),
        st.lists(st.tuples(st.integers(1, 3), st.sampled_from(sorted(STAGE_BY_CODE))), max_size=6),
    )
    def test_is_one_at_most_and_there_wherever_something_is_decisive(self, of_order, of_lines):
        findings = attribution.merge_findings(
            [FailureFinding(code=c) for c in of_order], [on(line, code) for line, code in of_lines]
        )
        causes = attribution.attribute(findings)
        assert len(causes) == len(findings)
        firsts = [c for c in causes if c.role is CauseRole.FIRST]
        distinct = {(f.code, f.line) for f in findings}
        if any(f.decisive for f in findings):
            assert {(c.code, c.found.line) for c in firsts} <= distinct
            assert attribution.find_first_cause(causes) == causes[0]
        else:
            assert firsts == []

    def test_does_not_depend_on_the_order_of_the_findings(self):
        one, other = C.BUYER_GMV_TOO_LOW, C.TRANSIT_TOO_SLOW
        assert told([one, other])[0] == told([other, one])[0]

    def test_is_kept_and_read_back_as_it_was(self):
        causes = attribution.attribute(
            [on(1, C.STOCK_SYNC_STALE, "A"), on(1, C.STOCK_TOO_LOW, "A")]
        )
        assert [
            attribution.cause_from_json(attribution.cause_to_json(c)).because for c in causes
        ] == [None, C.STOCK_SYNC_STALE]
        assert [
            attribution.cause_to_json(attribution.cause_from_json(attribution.cause_to_json(c)))
            for c in causes
        ] == list(map(attribution.cause_to_json, causes))


class TestTheCausesAsTheyAreRead:
    def test_are_told_once_for_lines_of_which_the_same_was_found(self):
        same = [
            FailureFinding(code=C.REGISTRATION_MISSING, line=n, evidence={"country": "FR"})
            for n in (1, 2, 3)
        ]
        other = FailureFinding(code=C.REGISTRATION_MISSING, line=4, evidence={"country": "ES"})
        causes = attribution.attribute(
            attribution.merge_findings(
                [FailureFinding(code=C.REGISTRATION_MISSING)], [*same, other]
            )
        )
        told = attribution.group_lines_by_cause(causes)
        assert [(c.role, lines) for c, lines in told] == [
            (CauseRole.FIRST, (1, 2, 3)),
            (CauseRole.ALSO, (4,)),
        ]


class TestThePath:
    def test_marks_where_an_order_came_to_nothing(self):
        causes = attribution.attribute(
            attribution.merge_findings(
                [
                    FailureFinding(code=C.BUYER_CERTIFICATE_EXPIRED),
                    FailureFinding(code=C.LANE_UNREACHABLE),
                ],
                [on(1, C.SKU_NOT_STANDARD)],
            )
        )
        marks = {stage.name: str(mark) for stage, mark in attribution.mark_stages(causes)}
        assert marks == {
            "STORE": "clear",
            "BUYER": "first",
            "ORDER": "clear",
            "ROUTE": "also",
            "LINE": "line",
            "PRICE": "clear",
            "LOCK": "unreached",
        }

    def test_of_an_order_whose_lock_lapsed_ends_at_the_lock(self):
        path = dict(
            attribution.mark_stages(attribution.attribute([FailureFinding(code=C.LOCK_EXPIRED)]))
        )
        assert path[OrderStage.LOCK] == "first"
        assert set(path.values()) == {"first", "clear"}


class TestTheTables:
    def test_place_every_code_that_screening_can_give(self):
        of_orders = {
            c for c, e in CATALOGUE.items() if e.severity in (Severity.FINAL, Severity.CURABLE)
        }
        assert of_orders - set(STAGE_BY_CODE) == {C.CUSTOM_SERVICE_UNCONFIRMED}  # of the lock

    def test_never_explain_a_code_by_itself(self):
        for code, sources in EXPLAINING_CODES.items():
            assert all(code not in EXPLAINING_CODES.get(source, ()) for source in sources)
            assert code not in sources

    def test_give_every_end_of_a_lock_a_code_that_says_so(self):
        assert {CATALOGUE[code].severity for code in END_CODE_BY_STATE.values()} <= {
            Severity.OUTCOME,
            Severity.REFUSAL,
        }
        assert STAGE_BY_CODE.get(C.LOCK_EXPIRED, OrderStage.LOCK) is OrderStage.LOCK


class TestTheTimeline:
    def test_is_oldest_first_and_keeps_the_order_of_one_instant(self):
        at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
        kinds = [("b", 1), ("c", 1), ("a", 0)]
        made = attribution.sort_timeline(
            TimelineEntry(at=at + dt.timedelta(hours=h), kind=k) for k, h in kinds
        )
        assert [each.kind for each in made] == ["a", "b", "c"]
