"""R-91: an order is paid by its exact total; whatever can't be told exactly is refused with its
code."""

from decimal import Decimal

import pytest

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money
from repurchase.fulfilment import payment_rules
from repurchase.fulfilment.payment_rules import OrderBalance
from repurchase.models.order_states import OrderStatus


def due(received: dict[str, int] | None = None, **fields) -> OrderBalance:
    defaults = {
        "ref": "BR-1",
        "status": OrderStatus.AWAITING_PAYMENT,
        "currency": "USD",
        "total_minor": 10_000,
    }
    return OrderBalance(**defaults | fields, received=received or {})


class TestAnOrder:
    @pytest.mark.parametrize(
        ("received", "paid"),
        [
            ({}, False),
            ({"a": 9_999}, False),
            ({"a": 10_000}, True),
            ({"a": 1, "b": 9_999}, True),
            ({"a": 1, "b": 1}, False),
            ({"a": 10_194}, True),
        ],
    )
    def test_is_paid_once_nothing_is_open(self, received, paid):
        assert due(received).is_paid is paid

    @pytest.mark.parametrize(
        ("received", "settled", "outstanding", "overpaid"),
        [(8_500, 0, 1_500, 0), (8_500, 1_500, 0, 0), (10_000, 0, 0, 0), (10_194, 0, 0, 194)],
    )
    def test_tells_what_is_open_and_what_came_beyond(
        self, received, settled, outstanding, overpaid
    ):
        found = due({"a": received}, settled_minor=settled)
        assert (found.outstanding_minor, found.overpaid_minor) == (outstanding, overpaid)


class TestAPayment:
    @pytest.mark.parametrize(
        ("of", "amount", "code"),
        [
            (due(), Money(10_000, "USD"), None),
            (due(), Money(1, "USD"), None),
            (due(), Money(15_000, "USD"), None),
            (due(), Money(15_001, "USD"), Code.PAYMENT_TOO_MUCH),
            (due({"a": 9_999}), Money(1, "USD"), None),
            (due({"a": 9_999}), Money(5_001, "USD"), None),
            (due({"a": 9_999}), Money(5_002, "USD"), Code.PAYMENT_TOO_MUCH),
            (due(), Money(10_000, "EUR"), Code.PAYMENT_CURRENCY),
            (due(), Money(0, "USD"), Code.AMOUNT_INVALID),
            (due(), Money(-5, "USD"), Code.AMOUNT_INVALID),
            *(
                (due(status=status), Money(1, "USD"), Code.ORDER_NOT_PAYABLE)
                for status in OrderStatus
                if status is not OrderStatus.AWAITING_PAYMENT
            ),
        ],
    )
    def test_is_judged_exactly(self, of, amount, code):
        if code is None:
            payment_rules.check_payment(of, amount, most_beyond=Decimal("0.5"))
            return
        with pytest.raises(Problem) as refused:
            payment_rules.check_payment(of, amount, most_beyond=Decimal("0.5"))
        assert refused.value.code is code

    def test_that_stands_already_is_known(self):
        assert payment_rules.is_payment_recorded(
            due({"T-1": 500}), reference="T-1", amount=Money(500, "USD")
        )
        assert not payment_rules.is_payment_recorded(
            due({"T-1": 500}), reference="T-2", amount=Money(500, "USD")
        )

    @pytest.mark.parametrize("amount", [Money(501, "USD"), Money(500, "EUR")])
    def test_under_a_known_reference_has_its_amount(self, amount):
        with pytest.raises(Problem) as refused:
            payment_rules.is_payment_recorded(due({"T-1": 500}), reference="T-1", amount=amount)
        assert refused.value.code is Code.PAYMENT_REPEATED


class TestADifference:
    @pytest.mark.parametrize(
        ("of", "stated", "code"),
        [
            (due({"a": 8_500}), Money(1_500, "USD"), None),
            (due({"a": 8_500}), Money(1_499, "USD"), Code.DIFFERENCE_NOT_STATED),
            (due({"a": 8_500}), Money(1_501, "USD"), Code.DIFFERENCE_NOT_STATED),
            (due({"a": 8_499}), Money(1_501, "USD"), Code.DIFFERENCE_TOO_LARGE),
            # nothing came
            (due(total_minor=1_500), Money(1_500, "USD"), Code.DIFFERENCE_NOT_STATED),
            (due({"a": 8_500}), Money(1_500, "EUR"), Code.PAYMENT_CURRENCY),
            (
                due({"a": 8_500}, status=OrderStatus.PAID),
                Money(1_500, "USD"),
                Code.ORDER_NOT_PAYABLE,
            ),
            (
                due({"a": 8_500}, status=OrderStatus.RELEASED),
                Money(1_500, "USD"),
                Code.ORDER_NOT_PAYABLE,
            ),
        ],
    )
    def test_is_settled_exactly_and_up_to_a_limit(self, of, stated, code):
        if code is None:
            payment_rules.check_difference(of, stated, most=Money(1_500, "USD"))
            return
        with pytest.raises(Problem) as refused:
            payment_rules.check_difference(of, stated, most=Money(1_500, "USD"))
        assert refused.value.code is code

    @pytest.mark.parametrize(
        ("asked", "most"),
        [(10_000, 1_000), (50_000, 5_000), (50_001, 5_000), (9, 0), (10**9, 5_000)],
    )
    def test_has_the_smaller_of_two_limits(self, asked, most):
        limit = payment_rules.largest_difference(
            Money(asked, "USD"), share=Decimal("0.1"), amount=Money(5_000, "USD")
        )
        assert limit == Money(most, "USD")

    @pytest.mark.parametrize(
        ("settled", "most"), [(0, 5_000), (3_000, 2_000), (5_000, 0), (6_000, 0)]
    )
    def test_has_what_earlier_ones_left_of_the_limit(self, settled, most):
        limit = payment_rules.largest_difference(
            Money(100_000, "USD"),
            share=Decimal("0.1"),
            amount=Money(5_000, "USD"),
            settled_minor=settled,
        )
        assert limit == Money(most, "USD")


class TestATransferForAll:
    @pytest.mark.parametrize(
        ("came", "parts"),
        [
            (600, {1: 100, 2: 300, 3: 200}),
            (585, {1: 98, 2: 292, 3: 195}),
            (250, {1: 42, 2: 125, 3: 83}),
            (3, {1: 1, 2: 1, 3: 1}),
            (610, {1: 100, 2: 310, 3: 200}),
            (1_200, {1: 200, 2: 600, 3: 400}),
            (1_300, {1: 200, 2: 700, 3: 400}),
        ],
    )
    def test_is_spread_exactly(self, came, parts):
        assert payment_rules.allocate_transfer({1: 100, 2: 300, 3: 200}, came) == parts

    @pytest.mark.parametrize(
        ("asked", "came"),
        [
            ([4_500, 3_000, 4_000], 7_000),  # short of more than the largest
            ([1_000] * 50, 45_000),
            ([1_000] * 50, 49_999),
            ([1, 1, 100_000], 90_002),
            ([7, 11, 13, 10**12], 9 * 10**11),
        ],
    )
    def test_that_is_short_pays_every_order_in_part(self, asked, came):
        open_minor = dict(enumerate(asked))
        parts = payment_rules.allocate_transfer(open_minor, came)
        assert sum(parts.values()) == came
        for key, minor in open_minor.items():
            assert 1 <= parts[key] <= minor
            assert abs(parts[key] - minor * came / sum(asked)) < 2

    def test_leaves_out_what_owes_nothing(self):
        assert payment_rules.allocate_transfer({1: 0, 2: 200, 3: 200}, 300) == {
            1: 0,
            2: 150,
            3: 150,
        }

    def test_is_not_spread_where_an_order_would_get_nothing(self):
        with pytest.raises(ValueError, match="would get nothing"):
            payment_rules.allocate_transfer({1: 100, 2: 300, 3: 200}, 2)
