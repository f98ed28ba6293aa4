import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import attribution
from diagnostics.attribution import ENDS, FOLLOWS, STAGES, Found, Happening, Role, Stage
from diagnostics.catalogue import CATALOGUE
from diagnostics.codes import Code, Severity

C = Code
SHANGHAI = ZoneInfo("Asia/Shanghai")


def told(of_order, of_lines=()):
    findings = attribution.merged([Found(code=c) for c in of_order], list(of_lines))
    return [(c.code, c.role, c.because) for c in attribution.attribute(findings)]


def on(line: int, code: Code, sku: str = "") -> Found:
    return Found(code=code, line=line, evidence={"sku": sku or f"S{line}"})


class TestTheFirstCause:
    @pytest.mark.parametrize(
        ("of_order", "of_lines", "expected"),
        [
            # alone, each is the first cause
            ([C.BUYER_CERTIFICATE_EXPIRED], [], [(C.BUYER_CERTIFICATE_EXPIRED, Role.FIRST, None)]),
            (
                [C.STOCK_SYNC_STALE],
                [on(1, C.STOCK_SYNC_STALE)],
                [(C.STOCK_SYNC_STALE, Role.FIRST, None)],
            ),
            ([C.LANE_UNREACHABLE], [], [(C.LANE_UNREACHABLE, Role.FIRST, None)]),
            # the earlier in the path comes first, the other would have failed it on its own
            (
                [C.LANE_UNREACHABLE, C.BUYER_CERTIFICATE_EXPIRED],
                [],
                [
                    (C.BUYER_CERTIFICATE_EXPIRED, Role.FIRST, None),
                    (C.LANE_UNREACHABLE, Role.ALSO, None),
                ],
            ),
            # what nothing cures comes before what somebody can
            (
                [C.BUYER_CERTIFICATE_EXPIRED, C.ORDER_TOO_OLD],
                [],
                [
                    (C.ORDER_TOO_OLD, Role.FIRST, None),
                    (C.BUYER_CERTIFICATE_EXPIRED, Role.ALSO, None),
                ],
            ),
            # a level that is out of date explains the lack, of the same SKU only
            (
                [C.STOCK_SYNC_STALE, C.STOCK_TOO_LOW],
                [on(1, C.STOCK_SYNC_STALE, "A"), on(1, C.STOCK_TOO_LOW, "A")],
                [
                    (C.STOCK_SYNC_STALE, Role.FIRST, None),
                    (C.STOCK_TOO_LOW, Role.CONSEQUENCE, C.STOCK_SYNC_STALE),
                ],
            ),
            (
                [C.STOCK_SYNC_STALE, C.STOCK_TOO_LOW],
                [on(1, C.STOCK_SYNC_STALE, "A"), on(2, C.STOCK_TOO_LOW, "B")],
                [(C.STOCK_SYNC_STALE, Role.FIRST, None), (C.STOCK_TOO_LOW, Role.ALSO, None)],
            ),
            # an order without lines fails by what took its lines
            (
                [C.ORDER_WITHOUT_LINES],
                [on(1, C.SKU_NOT_STANDARD)],
                [
                    (C.SKU_NOT_STANDARD, Role.FIRST, None),
                    (C.ORDER_WITHOUT_LINES, Role.CONSEQUENCE, C.SKU_NOT_STANDARD),
                ],
            ),
            # a line that leaves stops no order: not the one that is ready, nor one that fails for
            # another reason
            ([], [on(2, C.SKU_NOT_STANDARD)], [(C.SKU_NOT_STANDARD, Role.LINE, None)]),
            (
                [C.LANE_UNREACHABLE],
                [on(2, C.SKU_NOT_STANDARD)],
                [(C.LANE_UNREACHABLE, Role.FIRST, None), (C.SKU_NOT_STANDARD, Role.LINE, None)],
            ),
            ([], [], []),
        ],
    )
    def test_is_the_earliest_that_follows_from_nothing(self, of_order, of_lines, expected):
        assert told(of_order, of_lines) == expected

    @given(
        st.lists(st.sampled_from(sorted(STAGES)), max_size=6),
        st.lists(st.tuples(st.integers(1, 3), st.sampled_from(sorted(STAGES))), max_size=6),
    )
    def test_is_one_at_most_and_there_wherever_something_is_decisive(self, of_order, of_lines):
        findings = attribution.merged(
            [Found(code=c) for c in of_order], [on(line, code) for line, code in of_lines]
        )
        causes = attribution.attribute(findings)
        assert len(causes) == len(findings)
        firsts = [c for c in causes if c.role is Role.FIRST]
        distinct = {(f.code, f.line) for f in findings}
        if any(f.decisive for f in findings):
            assert {(c.code, c.found.line) for c in firsts} <= distinct
            assert attribution.first_of(causes) == causes[0]
        else:
            assert firsts == []

    def test_does_not_depend_on_the_order_of_the_findings(self):
        one, other = C.BUYER_GMV_TOO_LOW, C.TRANSIT_TOO_SLOW
        assert told([one, other])[0] == told([other, one])[0]

    def test_is_kept_and_read_back_as_it_was(self):
        causes = attribution.attribute(
            [on(1, C.STOCK_SYNC_STALE, "A"), on(1, C.STOCK_TOO_LOW, "A")]
        )
        assert [attribution.read(attribution.kept(c)).because for c in causes] == [
            None,
            C.STOCK_SYNC_STALE,
        ]
        assert [attribution.kept(attribution.read(attribution.kept(c))) for c in causes] == list(
            map(attribution.kept, causes)
        )


class TestTheCausesAsTheyAreRead:
    def test_are_told_once_for_lines_of_which_the_same_was_found(self):
        same = [
            Found(code=C.REGISTRATION_MISSING, line=n, evidence={"country": "FR"})
            for n in (1, 2, 3)
        ]
        other = Found(code=C.REGISTRATION_MISSING, line=4, evidence={"country": "ES"})
        causes = attribution.attribute(
            attribution.merged([Found(code=C.REGISTRATION_MISSING)], [*same, other])
        )
        told = attribution.distinct(causes)
        assert [(c.role, lines) for c, lines in told] == [
            (Role.FIRST, (1, 2, 3)),
            (Role.ALSO, (4,)),
        ]


class TestThePath:
    def test_marks_where_an_order_came_to_nothing(self):
        causes = attribution.attribute(
            attribution.merged(
                [Found(code=C.BUYER_CERTIFICATE_EXPIRED), Found(code=C.LANE_UNREACHABLE)],
                [on(1, C.SKU_NOT_STANDARD)],
            )
        )
        marks = {stage.name: str(mark) for stage, mark in attribution.path(causes)}
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
        path = dict(attribution.path(attribution.attribute([Found(code=C.LOCK_EXPIRED)])))
        assert path[Stage.LOCK] == "first"
        assert set(path.values()) == {"first", "clear"}


class TestTheTables:
    def test_place_every_code_that_screening_can_give(self):
        of_orders = {
            c for c, e in CATALOGUE.items() if e.severity in (Severity.FINAL, Severity.CURABLE)
        }
        assert of_orders - set(STAGES) == {C.CUSTOM_SERVICE_UNCONFIRMED}  # of the lock

    def test_never_explain_a_code_by_itself(self):
        for code, sources in FOLLOWS.items():
            assert all(code not in FOLLOWS.get(source, ()) for source in sources)
            assert code not in sources

    def test_give_every_end_of_a_lock_a_code_that_says_so(self):
        assert {CATALOGUE[code].severity for code in ENDS.values()} <= {
            Severity.OUTCOME,
            Severity.REFUSAL,
        }
        assert STAGES.get(C.LOCK_EXPIRED, Stage.LOCK) is Stage.LOCK


class TestTheTimeline:
    def test_is_oldest_first_and_keeps_the_order_of_one_instant(self):
        at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
        kinds = [("b", 1), ("c", 1), ("a", 0)]
        made = attribution.timeline(
            Happening(at=at + dt.timedelta(hours=h), kind=k) for k, h in kinds
        )
        assert [each.kind for each in made] == ["a", "b", "c"]
