"""Offers: exact amounts, the band on both sides of its limit, and what counts as agreed."""

import datetime as dt
from decimal import Decimal

import pytest

from diagnostics.problem import Problem
from pricing import renegotiation as core
from pricing.renegotiation import LockedLotLine, ProposalRule, Side, SideSignature
from tests.world import NOW

BAND = Decimal("0.03")
DIGEST, OTHER = "a" * 64, "b" * 64


def line(minor: int, *, quantity: int = 10, sku: str = "A", pk: int = 1) -> LockedLotLine:
    return LockedLotLine(id=pk, order=1, sku=sku, quantity=quantity, minor=minor)


class TestAUniformChange:
    @pytest.mark.parametrize(
        ("percent", "minor", "offered"),
        [
            ("-1.5", 10_000, 9_850),
            ("+1.5", 10_000, 10_150),
            ("1.5", 333, 338),  # 337.995
            ("-1.5", 333, 328),  # 328.005
            ("5", 10, 11),  # 10.5: a half goes up
            ("-5", 10, 10),  # 9.5
            ("0.0001", 1_000_000, 1_000_001),
            ("-50", 1, 1),  # 0.5
            ("10", 0, 0),
        ],
    )
    def test_rounds_each_line_once_half_up(self, percent, minor, offered):
        assert core.offered_by_line(core.parse_uniform_change(percent), [line(minor)], "USD") == {
            1: offered
        }

    def test_of_many_lines_is_the_sum_of_rounded_lines(self):
        lines = [line(333, pk=n) for n in range(100)]
        # not 33,799.5
        assert (
            sum(core.offered_by_line(core.parse_uniform_change("1.5"), lines, "USD").values())
            == 33_800
        )

    @pytest.mark.parametrize("text", ["1,5", " 1.5 % ", "+1.50", "1.5000"])
    def test_is_read_as_people_type_it(self, text):
        assert core.parse_uniform_change(text).said() == {"rule": "uniform", "percent": "1.5"}

    def test_of_minus_reads_the_typographic_sign(self):
        assert core.parse_uniform_change("−2").percent == Decimal(-2)

    @pytest.mark.parametrize("text", ["0", "-0", "+0.00"])
    def test_of_nothing_keeps_the_old_price(self, text):
        assert core.parse_uniform_change(text) == core.keep_locked_prices()

    @pytest.mark.parametrize(
        "text",
        ["", "x", "1.5.5", "1e1", "NaN", "50.0001", "-51", "0.00001", "1 000", "Infinity", "١"],
    )
    def test_that_is_none_is_refused(self, text):
        with pytest.raises(Problem, match="INPUT_INVALID"):
            core.parse_uniform_change(text)


class TestPricesASku:
    def test_are_a_pieces_and_leave_the_others_as_locked(self):
        lines = [line(10_000), line(5_000, sku="B", pk=2)]
        proposal = core.parse_sku_prices({"A": "9.855", "B": ""}, {"A", "B"})
        assert core.offered_by_line(proposal, lines, "USD") == {1: 9_855, 2: 5_000}

    @pytest.mark.parametrize(
        ("currency", "price", "quantity", "minor"),
        [
            ("USD", "0.333333", 3, 100),
            ("JPY", "12.5", 3, 38),
            ("KWD", "1.2345", 1, 1_235),
            ("USD", "0.005", 1, 1),
        ],
    )
    def test_round_the_whole_line_in_the_currencys_digits(self, currency, price, quantity, minor):
        proposal = core.parse_sku_prices({"A": price}, {"A"})
        assert core.offered_by_line(proposal, [line(1, quantity=quantity)], currency) == {1: minor}

    @pytest.mark.parametrize("price", ["0", "0.00", "-1", "x", "1e3", "1.1234567", "NaN", "1" * 13])
    def test_that_are_none_are_refused(self, price):
        with pytest.raises(Problem, match="INPUT_INVALID"):
            core.parse_sku_prices({"A": price}, {"A"})

    def test_of_a_foreign_sku_are_refused(self):
        with pytest.raises(Problem, match="INPUT_INVALID"):
            core.parse_sku_prices({"Z": "1"}, {"A"})

    def test_that_are_all_empty_keep_the_old_price(self):
        assert core.parse_sku_prices({"A": " "}, {"A"}) == core.keep_locked_prices()


class TestAProposal:
    @pytest.mark.parametrize(
        "proposal",
        [
            core.keep_locked_prices(),
            core.parse_uniform_change("-1.5"),
            core.parse_sku_prices({"A": "9.50", "B": "0.1"}, {"A", "B"}),
        ],
    )
    def test_survives_being_said_and_heard(self, proposal):
        assert core.parse_proposal(proposal.said()).said() == proposal.said()
        assert core.offered_by_line(
            core.parse_proposal(proposal.said()), [line(10_000)], "USD"
        ) == core.offered_by_line(proposal, [line(10_000)], "USD")

    def test_to_keep_changes_nothing(self):
        assert core.offered_by_line(core.keep_locked_prices(), [line(12_345)], "USD") == {1: 12_345}
        assert core.keep_locked_prices().rule is ProposalRule.KEEP


class TestTheBand:
    """Beyond ±3 % of the locked price a second member of the store has to agree (R-47)."""

    @pytest.mark.parametrize(
        ("percent", "beyond"),
        [
            ("3", False),
            ("-3", False),
            ("3.0001", True),
            ("-3.0001", True),
            ("0.5", False),
            ("10", True),
        ],
    )
    def test_includes_its_limit_on_both_sides(self, percent, beyond):
        assert (
            core.is_beyond_band(
                core.parse_uniform_change(percent), [line(10_000)], "USD", band=BAND
            )
            is beyond
        )

    @pytest.mark.parametrize("minor", [1, 16, 33, 333])
    def test_is_judged_before_the_rounding(self, minor):
        """33 cents and 3 per cent are 33.99, rounded 34: 3.03 per cent, and yet nobody has to be
        asked."""
        assert not core.is_beyond_band(
            core.parse_uniform_change("3"), [line(minor)], "USD", band=BAND
        )

    @pytest.mark.parametrize(
        ("price", "beyond"),
        [("10.30", False), ("10.3001", True), ("9.70", False), ("9.6999", True)],
    )
    def test_is_judged_line_by_line(self, price, beyond):
        lines = [line(10_000), line(1_000_000, sku="B", pk=2)]
        assert (
            core.is_beyond_band(core.parse_sku_prices({"A": price}, {"A"}), lines, "USD", band=BAND)
            is beyond
        )

    def test_of_a_line_that_cost_nothing_has_no_width(self):
        assert core.is_beyond_band(
            core.parse_sku_prices({"A": "0.01"}, {"A"}), [line(0)], "USD", band=BAND
        )
        assert not core.is_beyond_band(core.parse_uniform_change("10"), [line(0)], "USD", band=BAND)


class TestTheDiff:
    def test_sums_lines_a_sku_the_greatest_change_first(self):
        lines = [
            line(100, pk=1),
            line(200, pk=2),
            line(1_000, sku="B", pk=3),
            line(50, sku="C", pk=4),
        ]
        diffs = core.by_sku(lines, {1: 110, 2: 190, 3: 900, 4: 50})
        assert [(d.sku, d.lines, d.quantity, d.locked_minor, d.offered_minor) for d in diffs] == [
            ("B", 1, 10, 1_000, 900),
            ("A", 2, 20, 300, 300),
            ("C", 1, 10, 50, 50),
        ]


DEADLINE = NOW + dt.timedelta(hours=4)
TICK = dt.timedelta(microseconds=1)


def signed(side: Side, *, digest: str = DIGEST, at: dt.datetime = NOW) -> SideSignature:
    return SideSignature(side=side, digest=digest, at=at)


class TestAnAgreement:
    @pytest.mark.parametrize(
        ("signatures", "at"),
        [
            ([], None),
            ([signed(Side.SELLER)], None),
            ([signed(Side.BUYER)], None),
            ([signed(Side.SELLER), signed(Side.SELLER)], None),
            ([signed(Side.SELLER), signed(Side.BUYER, digest=OTHER)], None),
            ([signed(Side.SELLER, digest=OTHER), signed(Side.BUYER, digest=OTHER)], None),
            ([signed(Side.SELLER), signed(Side.BUYER, at=DEADLINE)], None),
            ([signed(Side.SELLER, at=DEADLINE), signed(Side.BUYER)], None),
            ([signed(Side.SELLER), signed(Side.BUYER, at=DEADLINE - TICK)], DEADLINE - TICK),
            ([signed(Side.BUYER), signed(Side.SELLER)], NOW),
        ],
    )
    def test_takes_both_sides_the_same_terms_and_the_time(self, signatures, at):
        """One signature is none (R-54); the deadline itself is too late (R-53)."""
        assert core.agreed_at(DIGEST, signatures, deadline_at=DEADLINE) == at
