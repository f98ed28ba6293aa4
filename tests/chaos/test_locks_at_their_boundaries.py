"""F-8: rates, index, jumps and deadlines on both sides of their limits, for whatever numbers there
are."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.mirror.observations import QuarantineReason, judge_observation
from marketplace.money import Rates
from pricing.locks import LockStatus, seconds_left, status_at
from pricing.reminders import LOCK_STAGES, RENEGOTIATION_STAGES, next_stage_at, stage_at
from pricing.triggers import TriggerKind, exact_change, is_beyond_limit
from tests.chaos.sizes import size
from tests.pricing.test_locks import Timed

EACH = settings(max_examples=size(250, 2500, 12_500), deadline=None)
"""Eight properties: 2,000 examples in `make test`, 20,000 in `make chaos`, 100,000 in `make
chaos-long`."""

published = st.decimals("0.00000001", "99999999", places=8, allow_nan=False)
limits = st.decimals("0.000001", "0.999999", places=6, allow_nan=False)
# So few places that an edge, and one digit beyond it, are within the eight that a rate is kept to.
prices = st.decimals("0.01", "99999999", places=2, allow_nan=False)
jumps = st.decimals("0.0001", "0.9999", places=4, allow_nan=False)
EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
instants = st.timedeltas(dt.timedelta(0), dt.timedelta(days=25_000)).map(lambda span: EPOCH + span)
moments = st.timedeltas(dt.timedelta(microseconds=1), dt.timedelta(days=30))
TICK = dt.timedelta(microseconds=1)


def cross(order: Decimal, settlement: Decimal) -> Fraction:
    rates = Rates(
        id=1,
        source="t",
        published_on=dt.date(2026, 1, 1),
        per_euro={"USD": order, "CNY": settlement},
    )
    return rates.cross("USD", "CNY")


@EACH
@given(base=published, quote=published, limit=limits, up=st.booleans())
def test_a_rate_exactly_at_its_limit_does_not_trigger_and_one_grain_further_does(
    base, quote, limit, up
):
    frozen = cross(base, quote)
    edge = frozen * (1 + Fraction(limit) if up else 1 - Fraction(limit))
    grain = frozen * Fraction(1, 10**30) * (1 if up else -1)
    assert not is_beyond_limit(TriggerKind.FX, frozen, edge, limit=limit)
    assert is_beyond_limit(TriggerKind.FX, frozen, edge + grain, limit=limit)
    assert not is_beyond_limit(TriggerKind.FX, frozen, edge - grain, limit=limit)


@EACH
@given(then=published, after=published, quote=published, requote=published, limit=limits)
def test_a_trigger_says_what_whole_numbers_say(then, after, quote, requote, limit):
    """|new − base| × 10⁶ > limit × 10⁶ × base, with the cross rates brought to whole numbers
    first."""
    base, new = cross(then, quote), cross(after, requote)
    a = base.numerator * new.denominator
    b = new.numerator * base.denominator
    expected = abs(b - a) * 10**6 > int(limit * 10**6) * a
    assert is_beyond_limit(TriggerKind.FX, base, new, limit=limit) is expected
    assert Fraction(exact_change(base, new)) == Fraction(b - a, a)


@EACH
@given(close=st.decimals("0.0001", "9999999", places=4, allow_nan=False), limit=limits)
def test_an_index_triggers_beyond_its_limit_and_never_when_it_falls(close, limit):
    base = Fraction(close)
    edge = base * (1 + Fraction(limit))
    assert not is_beyond_limit(TriggerKind.INDEX, base, edge, limit=limit)
    assert is_beyond_limit(TriggerKind.INDEX, base, edge + Fraction(1, 10**12), limit=limit)
    assert not is_beyond_limit(TriggerKind.INDEX, base, base / 2, limit=limit)


@EACH
@given(last=prices, jump=jumps, up=st.booleans())
def test_an_observation_exactly_a_jump_away_is_sound_and_one_digit_further_is_absurd(
    last, jump, up
):
    away = jump * last
    edge = last + away if up else last - away
    digit = Decimal(1).scaleb(edge.as_tuple().exponent - 1)
    further = edge + digit if up else edge - digit
    if 0 < edge < 10**10:
        assert judge_observation(f"{edge:f}", last_good=last, max_jump=jump) is None
    if 0 < further < 10**10:
        assert (
            judge_observation(f"{further:f}", last_good=last, max_jump=jump)
            is QuarantineReason.ABSURD
        )


@EACH
@given(end=instants, before=moments)
def test_a_lock_is_open_up_to_its_end_and_expired_from_it_on(end, before):
    lock = Timed(expires_at=end)
    assert status_at(lock, end - before) is LockStatus.OPEN
    assert seconds_left(lock, end - before) == -(-before // dt.timedelta(seconds=1))
    assert {status_at(lock, end), status_at(lock, end + before)} == {LockStatus.EXPIRED}
    assert seconds_left(lock, end) == seconds_left(lock, end + before) == 0


@EACH
@given(end=instants, deadline=instants, before=moments)
def test_a_renegotiation_lives_up_to_its_own_deadline_wherever_the_locks_end_lies(
    end, deadline, before
):
    lock = Timed("renegotiating", expires_at=end, renegotiation_deadline=deadline)
    assert status_at(lock, deadline - before) is LockStatus.RENEGOTIATING
    assert {status_at(lock, deadline), status_at(lock, deadline + before)} == {
        LockStatus.TERMINATED
    }


@EACH
@given(end=instants, before=moments, stages=st.sampled_from([LOCK_STAGES, RENEGOTIATION_STAGES]))
def test_reminders_come_at_their_instants_in_order_and_never_at_or_after_the_end(
    end, before, stages
):
    now = end - before
    following = next_stage_at(stages, ends_at=end, now=now)
    assert following is None or now < following < end
    assert stage_at(stages, ends_at=end, now=end) is None
    for stage in stages:
        assert stage_at(stages, ends_at=end, now=end - stage) == stage
        assert stage_at(stages, ends_at=end, now=end - stage - TICK) != stage


@EACH
@given(text=st.text(max_size=20) | st.decimals().map(str) | st.floats().map(str))
def test_whatever_is_read_is_either_a_positive_number_or_quarantined(text):
    reason = judge_observation(text, last_good=Decimal("7.8"), max_jump=Decimal("0.2"))
    if reason is None:
        assert Decimal("6.24") <= Decimal(text.strip()) <= Decimal("9.36")
