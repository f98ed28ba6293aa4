import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.problem import Problem
from pricing.totals import TotalsGroup
from repurchase.models import batch_states, order_states
from repurchase.models.batch_states import BatchEvent, BatchStatus
from repurchase.models.order_states import OrderStatus


class TestChunks:
    @given(st.integers(0, 5000), st.integers(1, 700))
    def test_hold_every_order_once_in_order(self, n, size):
        ids = list(range(n))
        parts = list(batch_states.chunks(ids, size))
        assert [pk for _, part in parts for pk in part] == ids
        assert [first for first, _ in parts] == list(range(1, n + 1, size))


class TestCounts:
    @given(
        st.dictionaries(st.sampled_from([s.value for s in OrderStatus]), st.integers(0, 300)),
        st.integers(0, 300),
    )
    def test_add_up_at_every_moment(self, by_status, without_row):
        c = batch_states.count(sum(by_status.values()) + without_row, by_status)
        assert (
            c.asked
            == c.pending + c.failed + c.excluded + c.planned + c.locked + c.accepted + c.ended
        )


class TestABatchsStates:
    @pytest.mark.parametrize("status", [BatchStatus.CLOSED, BatchStatus.CANCELLED])
    @pytest.mark.parametrize("event", BatchEvent)
    def test_that_are_final_allow_nothing(self, status, event):
        with pytest.raises(Problem):
            batch_states.advance(status, event)

    @pytest.mark.parametrize(
        "status", [s for s in BatchStatus if s not in (BatchStatus.CLOSED, BatchStatus.CANCELLED)]
    )
    def test_that_are_not_final_have_a_way_out(self, status):
        assert any(state is status for state, _ in batch_states.BATCH_TRANSITIONS)


class TestAnOrdersStates:
    def test_can_all_be_reached(self):
        reached = {OrderStatus.PENDING}.union(*order_states.ORDER_TRANSITIONS.values())
        assert reached == set(OrderStatus)

    def test_a_locked_order_is_entered_from_a_planned_one_only(self):
        assert order_states.source_states(OrderStatus.LOCKED) == ["planned"]

    def test_an_ended_order_never_comes_back(self):
        assert not order_states.ENDED & set(order_states.ORDER_TRANSITIONS)

    @pytest.mark.parametrize(
        ("statuses", "group"),
        [
            ("failed excluded", TotalsGroup.LEFT_OUT),
            ("planned locked", TotalsGroup.OFFERED),
            ("confirmed awaiting_payment paid released shipped completed", TotalsGroup.ACCEPTED),
            ("declined expired terminated cancelled", TotalsGroup.ENDED),
            ("pending", None),
        ],
    )
    def test_has_one_group_that_its_money_counts_as(self, statuses, group):
        assert {
            order_states.MONEY_GROUPS.get(OrderStatus(status)) for status in statuses.split()
        } == {group}

    def test_has_a_group_once_it_is_planned(self):
        assert set(order_states.MONEY_GROUPS) == set(OrderStatus) - {OrderStatus.PENDING}
