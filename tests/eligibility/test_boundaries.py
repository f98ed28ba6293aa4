"""Both sides of each limit, down to the microsecond."""

import datetime as dt
from dataclasses import replace

import pytest

from eligibility.gates import evaluate_gates
from eligibility.queries import gate_facts, order_facts, world_facts
from eligibility.screener import screen_order
from marketplace.calendar import platform_day
from marketplace.models import Dispute
from tests import world as making
from tests.eligibility.facts import GATE_FACTS, LIMITS, NOW, RATES, line, order
from tests.eligibility.facts import world as around

US = dt.timedelta(microseconds=1)
DAY = dt.timedelta(days=1)


class TestTheAgeOfAnOrder:
    @pytest.mark.parametrize(("age", "codes"), [(90 * DAY, []), (90 * DAY + US, ["ORDER_TOO_OLD"])])
    def test_ends_with_the_ninetieth_day_of_24_hours(self, age, codes):
        assert screen_order(order(completed_at=NOW - age), world=around()).codes == codes


class TestTheStock:
    @pytest.mark.parametrize(
        ("age", "fresh"),
        [
            (dt.timedelta(minutes=15), True),
            (dt.timedelta(minutes=15) + US, False),
            (dt.timedelta(minutes=15, seconds=1), False),
        ],
    )
    def test_is_fresh_for_fifteen_minutes(self, age, fresh):
        codes = screen_order(order(line(stock_synced_at=NOW - age)), world=around()).codes
        assert codes == ([] if fresh else ["STOCK_SYNC_STALE"])


class TestTheCertificate:
    """R-23: its last day counts in the platform's zone, Asia/Shanghai: it ends at 16:00 UTC."""

    @pytest.mark.parametrize(
        ("now", "passes"),
        [
            (dt.datetime(2026, 11, 23, 15, 59, 59, tzinfo=dt.UTC), True),
            (dt.datetime(2026, 11, 23, 16, 0, 0, tzinfo=dt.UTC), False),
        ],
    )
    def test_holds_until_midnight_in_shanghai(self, now, passes):
        facts = replace(GATE_FACTS, certificate_valid_until=dt.date(2026, 11, 23))
        verdicts = evaluate_gates(facts, limits=LIMITS, today=platform_day(now))
        assert all(gate.passed for gate in verdicts) is passes


@pytest.mark.django_db
class TestTheDisputeWindow:
    @pytest.mark.parametrize(
        ("ago", "counts"), [(30 * DAY, 1), (30 * DAY + US, 0), (0 * DAY, 1), (-US, 0)]
    )
    def test_is_thirty_times_24_hours_with_both_ends(self, store, ago, counts):
        buyer = making.buyer(store)
        paid = making.past_order(store, buyer, [], paid_at=NOW - ago)
        Dispute.objects.create(
            store=store, order=paid, external_id="D", opened_at=NOW - ago, **making.MIRRORED
        )
        facts = gate_facts(store=store, buyers=[buyer], limits=LIMITS, now=NOW)[buyer.pk]
        assert (facts.disputes, facts.paid_orders) == (counts, counts)


@pytest.mark.django_db
class TestTheBusinessWithABuyer:
    """R-25: completed, net of refunds, each order at its own day's rate."""

    def worth(self, store, *orders) -> tuple[int, bool]:
        buyer = making.buyer(store)
        for paid, fields in orders:
            refunded = fields.pop("refunded_minor", 0)
            made = making.past_order(store, buyer, [], **fields)
            made.paid_minor, made.refunded_minor = paid, refunded
            made.save()
        facts = gate_facts(store=store, buyers=[buyer], limits=LIMITS, now=NOW)[buyer.pk]
        (gate,) = (
            g
            for g in evaluate_gates(facts, limits=LIMITS, today=NOW.date())
            if g.name == "buyer_gmv"
        )
        return facts.gmv_usd_minor, gate.passed

    @pytest.mark.parametrize(
        ("refunded", "worth", "passes"), [(500_000, 2_000_000, True), (500_001, 1_999_999, False)]
    )
    def test_counts_what_was_not_refunded(self, store, refunded, worth, passes):
        orders = [(1_000_000, {}), (1_500_000, {"refunded_minor": refunded})]
        assert self.worth(store, *orders) == (worth, passes)

    def test_leaves_out_what_is_not_completed(self, store):
        open_order = (5_000_000, {"completed_at": None})
        assert self.worth(store, (1_999_999, {}), open_order) == (1_999_999, False)

    @pytest.mark.parametrize(
        ("rate", "worth", "passes"), [("1.25", 2_000_000, True), ("1.249999", 1_999_999, False)]
    )
    def test_takes_the_rate_of_the_orders_own_day(self, store, rate, worth, passes):
        """EUR 8,000.00 on the day of the rate and USD 10,000.00; a later, higher rate changes
        nothing."""
        on = (NOW - 10 * DAY).date()
        making.rates(published_on=on, USD=rate)
        making.rates(published_on=on + DAY, USD="9.99", source="later")
        day = {"currency": "EUR", "completed_at": NOW - 10 * DAY}
        assert self.worth(store, (800_000, day), (1_000_000, {})) == (worth, passes)

    def test_takes_the_last_rate_before_a_day_without_one(self, store):
        making.rates(published_on=(NOW - 13 * DAY).date(), USD="1.25")
        day = {"currency": "EUR", "completed_at": NOW - 10 * DAY}
        assert self.worth(store, (1_600_000, day)) == (2_000_000, True)

    def test_rounds_each_order_once(self, store):
        """Three times EUR 0.01 at 1.50 are three times 2 cents, not 5."""
        making.rates(published_on=(NOW - 10 * DAY).date(), USD="1.50")
        cent = {"currency": "EUR", "completed_at": NOW - 10 * DAY}
        assert self.worth(store, (1, dict(cent)), (1, dict(cent)), (1, dict(cent)))[0] == 6


@pytest.mark.django_db
class TestLoadingTheFacts:
    @pytest.mark.parametrize("size", [50, 5000])
    def test_takes_the_same_queries_for_50_and_for_5000_orders(
        self, store, size, django_assert_num_queries
    ):
        from tests.bench.filling import orders_of

        buyer = making.buyer(store)
        orders_of(store, buyer, [making.sku(store) for _ in range(5)], orders=size, lines=3)
        ids = list(buyer.past_orders.values_list("pk", flat=True))
        with django_assert_num_queries(QUERIES):
            facts = order_facts(store=store, order_ids=ids, now=NOW)
            world_facts(store=store, orders=facts, limits=LIMITS, rates=RATES, now=NOW)
        assert (len(facts), sum(len(each.lines) for each in facts)) == (size, size * 3)


QUERIES = 6 + 5
"""The orders with lines, SKUs, stock claims, price list and order claims; then what holds for all
of them."""
