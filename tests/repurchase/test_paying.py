"""R-91: an order is paid by its exact total; whatever can't be told exactly is refused with its code."""

import pytest

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.money import Money
from repurchase import paying
from repurchase.lifecycle import OrderStatus
from repurchase.paying import Due


def due(received: dict[str, int] | None = None, **fields) -> Due:
    defaults = {
        "ref": "BR-1",
        "status": OrderStatus.AWAITING_PAYMENT,
        "currency": "USD",
        "total_minor": 10_000,
    }
    return Due(**defaults | fields, received=received or {})


class TestAnOrder:
    @pytest.mark.parametrize(
        ("received", "paid"),
        [
            ({}, False),
            ({"a": 9_999}, False),
            ({"a": 10_000}, True),
            ({"a": 1, "b": 9_999}, True),
            ({"a": 1, "b": 1}, False),
        ],
    )
    def test_is_paid_by_its_exact_total(self, received, paid):
        assert due(received).is_paid is paid


class TestAPayment:
    @pytest.mark.parametrize(
        ("of", "amount", "code"),
        [
            (due(), Money(10_000, "USD"), None),
            (due(), Money(1, "USD"), None),
            (due(), Money(10_001, "USD"), Code.PAYMENT_TOO_MUCH),
            (due({"a": 9_999}), Money(1, "USD"), None),
            (due({"a": 9_999}), Money(2, "USD"), Code.PAYMENT_TOO_MUCH),
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
            paying.judge(of, amount)
            return
        with pytest.raises(Problem) as refused:
            paying.judge(of, amount)
        assert refused.value.code is code

    def test_that_stands_already_is_known(self):
        assert paying.is_known(due({"T-1": 500}), reference="T-1", amount=Money(500, "USD"))
        assert not paying.is_known(due({"T-1": 500}), reference="T-2", amount=Money(500, "USD"))

    @pytest.mark.parametrize("amount", [Money(501, "USD"), Money(500, "EUR")])
    def test_under_a_known_reference_has_its_amount(self, amount):
        with pytest.raises(Problem) as refused:
            paying.is_known(due({"T-1": 500}), reference="T-1", amount=amount)
        assert refused.value.code is Code.PAYMENT_REPEATED
