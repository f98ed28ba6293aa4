import datetime as dt
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from diagnostics import failure_counts
from diagnostics.codes import Code
from diagnostics.failure_counts import PeriodLength, RecordedFailure

C = Code
SHANGHAI = ZoneInfo("Asia/Shanghai")


CODES = st.sampled_from(
    [C.BUYER_CERTIFICATE_EXPIRED, C.STOCK_SYNC_STALE, C.LANE_UNREACHABLE, C.MOQ_NOT_MET]
)
INSTANTS = st.integers(0, 364 * 86_400).map(
    lambda s: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=s)
)
EVENTS = st.lists(
    st.builds(
        RecordedFailure,
        ref=st.text("0123456789", min_size=1, max_size=4),
        at=INSTANTS,
        code=CODES,
        currency=st.sampled_from(["USD", "EUR", "JPY"]),
        blocked_minor=st.integers(0, 10**12),
    ),
    max_size=60,
)


class TestTheShares:
    @given(EVENTS)
    def test_equal_the_raw_events(self, events):
        """R-76: counted, every event is in one share; the money is exact and in its own
        currency."""
        made = failure_counts.count_by_cause(events)
        for share in made:
            mine = [e for e in events if e.code is share.code]
            assert share.failures == len(mine)
            assert share.share == Fraction(len(mine), len(events))
            for currency, minor in share.blocked.items():
                assert minor == sum(e.blocked_minor for e in mine if e.currency == currency)
        assert sum((share.share for share in made), Fraction(0)) == (1 if events else 0)
        assert {e.code for e in events} == {share.code for share in made}

    @given(EVENTS, st.sampled_from(PeriodLength))
    def test_of_the_periods_add_up_to_those_of_the_whole(self, events, span):
        periods = failure_counts.count_by_period(events, span=span, zone=SHANGHAI)
        assert sum(period.failures for period in periods) == len(events)
        for code in {e.code for e in events}:
            counted = sum(s.failures for p in periods for s in p.shares if s.code is code)
            assert counted == sum(e.code is code for e in events)
        for period in periods:
            inside = [
                e for e in events if period.first <= e.at.astimezone(SHANGHAI).date() <= period.last
            ]
            assert len(inside) == period.failures

    def test_of_the_source_come_out_as_it_says(self):
        """R-69: 412 of 1000 failures by an expired certificate are 41.2 %."""
        at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
        counts = {
            C.BUYER_CERTIFICATE_EXPIRED: 412,
            C.STOCK_SYNC_STALE: 285,
            C.LANE_UNREACHABLE: 197,
            C.MOQ_NOT_MET: 106,
        }
        events = [
            RecordedFailure(ref="x", at=at, code=code, currency="USD", blocked_minor=1)
            for code, n in counts.items()
            for _ in range(n)
        ]
        assert [(s.code, s.share) for s in failure_counts.count_by_cause(events)] == [
            (code, Fraction(n, 1000)) for code, n in counts.items()
        ]

    def test_of_a_day_end_at_midnight_of_the_zone(self):
        late = dt.datetime(2026, 11, 30, 16, 0, tzinfo=dt.UTC)  # 1 December in Shanghai
        event = RecordedFailure(
            ref="x", at=late, code=C.MOQ_NOT_MET, currency="USD", blocked_minor=1
        )
        (month,) = failure_counts.count_by_period([event], span=PeriodLength.MONTH, zone=SHANGHAI)
        assert (month.first, month.last) == (dt.date(2026, 12, 1), dt.date(2026, 12, 31))
        (week,) = failure_counts.count_by_period([event], span=PeriodLength.WEEK, zone=SHANGHAI)
        assert (week.first, week.last) == (dt.date(2026, 11, 30), dt.date(2026, 12, 6))
