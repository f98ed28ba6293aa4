"""B-10: 72 hours in a second, in a sandbox store only."""

import datetime as dt
import json

import pytest

from diagnostics.codes import Code
from diagnostics.models import LedgerEntry
from diagnostics.problem import Problem
from marketplace import clock
from marketplace.models import Store
from repurchase.deadlines import sandbox_clock
from tests import world
from tests.repurchase import paid
from tests.repurchase.sealing import planned
from tests.repurchase.test_api import Caller, problem

pytestmark = pytest.mark.django_db
THREE_DAYS = 72 * 3600


class TestTheClock:
    def test_is_moved_by_the_api_and_ends_what_is_due(self, client, store):
        erp = Caller(client, store, "read", "write")
        _, past = world.repeatable(store)
        batch = planned(store, past)
        before = erp.get("sandbox/clock/").json()
        moved = erp.post("sandbox/clock/", {"seconds": THREE_DAYS}).json()
        assert moved["ended_locks"] == 1
        assert moved["moved_by"] - before["moved_by"] == THREE_DAYS
        assert set(batch.orders.values_list("status", flat=True)) == {"expired"}
        assert LedgerEntry.objects.get(kind="clock.moved").facts == {"seconds": THREE_DAYS}

    def test_is_moved_by_the_page(self, client, store, alice):
        client.force_login(alice)
        client.cookies["django_language"] = "en"
        batch = paid.invoiced(store)
        paid.pay(batch)
        page = client.post("/developers/sandbox/", {"hours": "1"}, follow=True).content.decode()
        assert "orders released: 5" in page

    def test_of_a_live_store_stands(self, client):
        live = world.store(sandbox=False)
        erp = Caller(client, live, "read", "write")
        problem(erp.post("sandbox/clock/", {"seconds": 1}), 409, "CLOCK_NOT_MOVABLE")
        client.force_login(world.member(live))
        assert client.post("/developers/sandbox/", {"hours": "1"}).status_code == 409
        live.refresh_from_db()
        assert live.clock_offset == dt.timedelta(0)

    def test_of_another_store_stands(self, store):
        other = world.store()
        before = clock.now(other)
        sandbox_clock.move(store=store, by_seconds=THREE_DAYS, by="user:1")
        other.refresh_from_db()
        assert clock.now(other) - before < dt.timedelta(minutes=1)

    @pytest.mark.parametrize("seconds", [0, -1, 401 * 86_400])
    def test_goes_forward_and_not_without_end(self, store, seconds):
        with pytest.raises(Problem) as refused:
            sandbox_clock.move(store=store, by_seconds=seconds, by="user:1")
        assert refused.value.code is Code.CLOCK_NOT_MOVABLE

    def test_never_runs_out_of_calendar(self, store):
        Store.objects.filter(pk=store.pk).update(clock_offset=dt.timedelta(days=3649))
        with pytest.raises(Problem):
            sandbox_clock.move(store=store, by_seconds=2 * 86_400, by="user:1")

    @pytest.mark.parametrize(
        "body", [{}, {"seconds": "x"}, {"seconds": 1.5}, {"hours": 72}, {"seconds": 10**30}]
    )
    def test_takes_whole_seconds(self, client, store, body):
        erp = Caller(client, store, "read", "write")
        answer = client.post(
            "/api/v1/sandbox/clock/",
            json.dumps(body),
            content_type="application/json",
            headers=erp.headers,
        )
        problem(answer, 422, "INPUT_INVALID")
