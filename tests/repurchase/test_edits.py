"""R-16, R-17: the fold of edits over a source order."""

import datetime as dt

import pytest

from repurchase.batches.edits import (
    EditScope,
    PlanEdit,
    apply_edits,
    parse_edit,
    prorate_line_total,
    serialize_edit,
)
from tests.eligibility.facts import line, order, sku

TODAY = dt.date(2026, 11, 23)


def source(quantity: int = 12, total: int = 1_000, moq: int = 1):
    return order(line(quantity, total, moq=moq)._replace(sku=sku(id=7, moq=moq)))


def fold(*edits: PlanEdit, **fields):
    return apply_edits(source(**fields), edits, today=TODAY)


ALL = {"by": EditScope.ALL}


class TestAnEdit:
    @pytest.mark.parametrize(
        ("total", "quantity", "to", "base"),
        [
            (1_000, 12, 24, 2_000),
            (1_000, 12, 1, 83),  # 83.33…
            (1_000, 12, 5, 417),  # 416.67
            (1_001, 2, 1, 501),  # a half goes up
            (1_003, 2, 3, 1_505),  # 1504.5
            (1, 3, 1, 0),
            (1, 2, 1, 1),
            (0, 4, 9, 0),
            (99_999_999_999, 7, 1_000_000, 14_285_714_285_571_429),
        ],
    )
    def test_computes_the_base_from_what_was_paid(self, total, quantity, to, base):
        assert prorate_line_total(line(quantity=quantity, total_minor=total), to) == base

    @pytest.mark.parametrize(
        ("edits", "quantity", "moq"),
        [
            ([PlanEdit(moq=20, **ALL)], 20, 20),
            ([PlanEdit(moq=12, **ALL)], 12, 12),
            ([PlanEdit(moq=5, **ALL)], 12, 5),  # a smaller one raises nothing
            # the last word, not the raised quantity
            ([PlanEdit(moq=20, **ALL), PlanEdit(moq=15, **ALL)], 15, 15),
            ([PlanEdit(quantity=40, **ALL)], 40, None),
            ([PlanEdit(quantity=5, **ALL)], 5, None),
            ([PlanEdit(quantity=5, **ALL), PlanEdit(moq=8, **ALL)], 8, 8),
            ([PlanEdit(moq=8, **ALL), PlanEdit(quantity=30, **ALL)], 30, 8),
            ([PlanEdit(moq=20, by=EditScope.SKUS, ids=frozenset({7}))], 20, 20),
            ([PlanEdit(moq=20, by=EditScope.SKUS, ids=frozenset({8}))], 12, None),
            ([PlanEdit(moq=20, by=EditScope.LINES, ids=frozenset({1}))], 20, 20),
            ([PlanEdit(moq=20, by=EditScope.ORDERS, ids=frozenset({99}))], 12, None),
        ],
    )
    def test_sets_the_moq_and_raises_what_is_smaller(self, edits, quantity, moq):
        made = fold(*edits).lines[0]
        assert (made.quantity, made.moq) == (quantity, moq)
        assert made.total_minor == prorate_line_total(source().lines[0], quantity)

    def test_never_computes_from_an_earlier_edit(self):
        """1000 for 12 → 5 is 417; from there 12 again would be 1001."""
        made = fold(PlanEdit(quantity=5, **ALL), PlanEdit(quantity=12, **ALL)).lines[0]
        assert made.total_minor == 1_000

    @pytest.mark.parametrize(
        ("edit", "days"),
        [
            (PlanEdit(promise_days=45, **ALL), 45),
            (PlanEdit(promise_date=dt.date(2026, 12, 3), **ALL), 10),
            (PlanEdit(promise_date=dt.date(2026, 11, 1), **ALL), 0),
            (PlanEdit(moq=3, **ALL), 30),
        ],
    )
    def test_promises_by_days_or_by_a_date(self, edit, days):
        assert fold(edit).promise_days == days

    def test_of_one_line_promises_for_its_order(self):
        other = source().lines[0]._replace(id=2, line_no=2)
        both = source()._replace(lines=(source().lines[0], other))
        edit = PlanEdit(by=EditScope.LINES, ids=frozenset({2}), promise_days=9, quantity=24)
        made = apply_edits(both, [edit], today=TODAY)
        assert made.promise_days == 9
        assert [x.quantity for x in made.lines] == [12, 24]

    @pytest.mark.parametrize(
        "edit",
        [
            PlanEdit(moq=3, **ALL),
            PlanEdit(
                by=EditScope.LINES,
                ids=frozenset({3, 1}),
                quantity=4,
                promise_date=dt.date(2026, 12, 1),
            ),
            PlanEdit(by=EditScope.SKUS, ids=frozenset({3}), promise_days=4),
        ],
    )
    def test_is_read_back_as_it_was_kept(self, edit):
        assert parse_edit(serialize_edit(edit)) == edit
