"""One screener for many orders decides as one for each."""

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from eligibility.facts import LaneFacts, Price
from eligibility.screener import Screener, screen_each, screen_order
from tests.eligibility.facts import NOW, line, order, registration, requirement, sku, world

LANES = [
    LaneFacts(
        service_id=n, country=country, region="", transit_days=10 * n, special_clearance=n == 2
    )
    for country in ("DE", "FR")
    for n in (1, 2)
]
AROUND = world(
    lanes={"DE": LANES[:2], "FR": LANES[2:]},
    requirements={"FR": (requirement(),)},
    registrations=(registration(valid_until=dt.date(2020, 1, 1)),),
)
SKUS = [
    sku(id=1),
    sku(id=2, is_standard=False),
    sku(id=3, stock_synced_at=NOW - dt.timedelta(hours=1)),
    sku(id=4, moq=20, available=15),
    sku(id=5, prices=()),
    sku(id=6, prices=(Price(min_quantity=1, amount=Decimal("10.00"), currency="XXX"),)),
    sku(id=7, prices=(Price(min_quantity=1, amount=Decimal("9.71"), currency="USD"),)),
]
lines = st.builds(
    lambda sku, quantity, total: line(quantity, total)._replace(sku=sku),
    st.sampled_from(SKUS),
    st.sampled_from([1, 10, 20]),
    st.sampled_from([10_000, 20_000, 97_09, 1_030]),
)
orders = st.builds(
    lambda pk, some, **fields: order(
        *[each._replace(id=n, line_no=n) for n, each in enumerate(some, start=1)], id=pk, **fields
    ),
    st.integers(1, 99),
    st.lists(lines, min_size=1, max_size=4),
    country=st.sampled_from(["DE", "FR", "BR"]),
    promise_days=st.sampled_from([5, 10, 30]),
    special_clearance=st.booleans(),
    currency=st.sampled_from(["USD", "EUR"]),
    rating=st.sampled_from([Decimal("4.8"), Decimal(4), None]),
)


class TestAScreener:
    @given(st.lists(orders, min_size=1, max_size=6))
    def test_of_many_orders_decides_as_one_for_each(self, asked):
        alone = [screen_order(each, world=AROUND) for each in asked]
        shared = Screener(AROUND)
        assert [shared.screen(each) for each in asked] == alone
        assert screen_each(asked, world=AROUND, gates={}) == alone

    def test_tells_two_skus_of_one_id_apart(self):
        """Facts of two loadings may differ: a SKU is known by identity, not by its id."""
        shared = Screener(AROUND)
        assert shared.screen(order(line())).outcome == "planned"
        assert "SKU_NOT_STANDARD" in shared.screen(order(line(is_standard=False))).codes


class TestTheStockOfAnOrder:
    def test_is_not_taken_by_a_line_that_is_left_out(self):
        """R-08, R-10: fifteen pieces; a line of ten out of the price band leaves all of them to
        the next."""
        shared = sku(id=1, available=15)
        left_out = line(10, 20_000, line_no=1)._replace(sku=shared)
        kept = line(15, 15_000, line_no=2)._replace(sku=shared)
        first, second = screen_order(order(left_out, kept), world=world()).lines
        assert [f.code for f in first.findings] == ["PRICE_OUT_OF_BAND"]
        assert (second.findings, second.available) == ((), 15)

    def test_is_taken_by_the_lines_that_are_kept(self):
        shared = sku(id=1, available=15)
        asked = [line(10, 10_000, line_no=n)._replace(sku=shared) for n in (1, 2)]
        first, second = screen_order(order(*asked), world=world()).lines
        assert first.findings == ()
        assert ([f.code for f in second.findings], second.available) == (["STOCK_TOO_LOW"], 5)
