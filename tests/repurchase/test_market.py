from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.models import FxRateSet, Store
from pricing.models import Lock, Renegotiation
from repurchase.confirmation.queries import renegotiation_page
from repurchase.demo import market
from tests import world
from tests.repurchase.test_locking import locked

pytestmark = pytest.mark.django_db


class TestAMoveOfTheMarket:
    def test_reopens_the_prices_of_its_own_store_alone(self, store, client, alice):
        other = world.store(clock_offset=store.clock_offset)
        mine, theirs = locked(store), locked(other)
        client.force_login(alice)
        assert b"USD +3 %" in client.get("/").content
        answer = client.post(
            "/simulator/rate/", {"currency": "USD", "direction": "up"}, follow=True
        )
        assert answer.status_code == 200
        assert Lock.objects.get(subject=mine.ref).status == "renegotiating"
        assert Lock.objects.get(subject=theirs.ref).status == "open"
        made = Renegotiation.objects.get()
        assert made.new_rate_set.source == "simulated"
        assert made.percent.startswith("+3.000")

    def test_stays_drawn_as_what_triggered_when_the_rate_comes_back(self, store):
        locked(store)
        market.move_rate(store=store, currency="USD", percent=Decimal(3), by="x")
        market.move_rate(store=store, currency="USD", percent=Decimal(-3), by="x")
        found = Renegotiation.objects.get()
        assert renegotiation_page.rate_chart_of(found).last.value == found.new_value
        assert renegotiation_page.rate_chart_of(found).last.value > found.base_value

    @pytest.mark.parametrize(("percent", "opened"), [("2.4", 0), ("-3", 1)])
    def test_opens_nothing_within_the_limit(self, store, percent, opened):
        locked(store)
        assert (
            market.move_rate(store=store, currency="USD", percent=Decimal(percent), by="x")
            == opened
        )

    @pytest.mark.parametrize(
        ("currency", "percent"),
        [("USD", "21"), ("USD", "0"), ("CNY", "3"), ("ZZZ", "3"), ("USD", "NaN")],
    )
    def test_that_makes_no_sense_is_refused(self, store, currency, percent):
        locked(store)
        before = FxRateSet.objects.count()
        with pytest.raises(Problem) as refused:
            market.move_rate(store=store, currency=currency, percent=Decimal(percent), by="x")
        assert refused.value.code is Code.INPUT_INVALID
        assert FxRateSet.objects.count() == before

    def test_is_not_there_for_a_live_store(self, store, client, alice):
        locked(store)
        Store.objects.update(sandbox=False, clock_offset="0")
        client.force_login(alice)
        assert b"+3 %" not in client.get("/").content
        assert (
            client.post("/simulator/rate/", {"currency": "USD", "direction": "up"}).status_code
            == 404
        )
        with pytest.raises(CommandError, match="NOT_FOUND"):
            call_command("move_rate", "--store", store.code)
        assert Lock.objects.get().status == "open"

    def test_is_made_by_who_may_lock(self, store, client, bob):
        locked(store)
        client.force_login(bob)
        assert b"+3 %" not in client.get("/").content
        assert (
            client.post("/simulator/rate/", {"currency": "USD", "direction": "up"}).status_code
            == 403
        )
