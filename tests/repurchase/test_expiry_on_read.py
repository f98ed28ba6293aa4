"""R-49: whoever reads after a lock's end reads that it ended, though no sweep ever came by."""

import datetime as dt
import json

import pytest
from django.core.management import call_command

from pricing.models import Lock
from repurchase.batches.queries import batches
from repurchase.models import RepeatOrder
from tests import world
from tests.pricing.locked import renegotiate
from tests.repurchase import orders as made
from tests.repurchase.test_locking import locked

pytestmark = pytest.mark.django_db
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def batch(store):
    return locked(store)


@pytest.fixture
def ended(batch, store):
    """The very instant of the lock's end has come; nothing swept."""
    world.move_clock(store, Lock.objects.get().expires_at)
    assert Lock.objects.get().status == "open"
    return batch


@pytest.fixture
def erp(client, store):
    key = world.key(store, "read")

    def get(path):
        return client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {key}"})

    return get


class TestBeforeTheEnd:
    def test_everything_is_locked(self, batch, store, erp):
        world.move_clock(store, Lock.objects.get().expires_at - 30 * SECOND)
        told = erp(f"batches/{batch.ref}/").json()
        assert (told["status"], told["counts"]["locked"], told["counts"]["ended"]) == (
            "locked",
            5,
            0,
        )
        assert len(erp(f"batches/{batch.ref}/orders/?status=locked").json()["results"]) == 5
        assert (
            b"<Status>locked</Status>"
            in erp(f"batches/{batch.ref}/orders.xml?include=locked").getvalue()
        )


class TestAtTheEndAnApiReads:
    def test_the_batch_as_closed_with_counts_that_add_up(self, ended, erp):
        told = erp(f"batches/{ended.ref}/").json()
        assert (told["status"], told["counts"]["locked"], told["counts"]["ended"]) == (
            "closed",
            0,
            5,
        )
        assert told["lots"][0]["status"] == "expired"
        assert erp("batches/").json()["results"][0]["status"] == "closed"

    def test_its_orders_as_expired(self, ended, erp):
        assert erp(f"batches/{ended.ref}/orders/?status=locked").json()["results"] == []
        rows = erp(f"batches/{ended.ref}/orders/?status=expired").json()["results"]
        assert [row["status"] for row in rows] == ["expired"] * 5
        assert erp(f"orders/{rows[0]['ref']}/").json()["order"]["status"] == "expired"

    def test_no_expired_order_in_the_feed_of_locked_ones(self, ended, erp):
        assert b"<Order " not in erp(f"batches/{ended.ref}/orders.xml?include=locked").getvalue()


class TestAtTheEndAPageShows:
    @pytest.fixture
    def page(self, client, alice):
        client.force_login(alice)
        return lambda path: client.get(path, headers={"Accept-Language": "en"}).content.decode()

    def test_the_batch_as_closed_and_its_orders_as_expired(self, ended, page):
        shown = page(f"/batches/{ended.ref}/")
        assert "Closed" in shown
        assert shown.count("Expired") >= 5
        assert "Price locked" not in shown
        assert "Locked, sent" not in shown
        assert "Locked, sent" not in page("/batches/")
        assert "Locked, sent" not in page("/")

    def test_the_order_as_expired(self, ended, page):
        shown = page(f"/orders/{ended.orders.first().ref}/")
        assert "Expired" in shown
        assert "Price locked" not in shown

    def test_the_admin_the_same(self, ended, client):
        client.force_login(world.user(is_staff=True, is_superuser=True))
        for rows, state in (
            ("repurchase/batch", "closed"),
            ("repurchase/repeatorder", "expired"),
            ("pricing/lock", "expired"),
        ):
            there = client.get(f"/admin/{rows}/?state={state}").context["cl"].result_count
            assert (rows, there > 0) == (rows, True)
            assert client.get(f"/admin/{rows}/?state=locked").context["cl"].result_count == 0
            assert client.get(f"/admin/{rows}/?state=open").context["cl"].result_count == 0


class TestAtTheEndACommandSays:
    def test_expired(self, ended, capsys):
        call_command("explain", ended.orders.first().ref, "--json")
        assert json.loads(capsys.readouterr().out)["status"] == "expired"


class TestARenegotiation:
    def test_suspends_the_lapse(self, ended, store):
        """R-53: also beyond hour 72."""
        end = Lock.objects.get().expires_at
        world.move_clock(store, end - 3600 * SECOND)
        renegotiate(Lock.objects.select_related("store").get())
        now = end + 3600 * SECOND
        assert batches.get_batch(store, ended.ref, now=now).state == "locked"
        assert set(RepeatOrder.objects.at(now).values_list("state", flat=True)) == {"locked"}

    def test_that_nobody_settled_ends_at_its_deadline(self, batch, store, erp):
        """R-55, on every path and without a sweep."""
        renegotiation = renegotiate(Lock.objects.select_related("store").get())
        world.move_clock(store, renegotiation.deadline_at)
        told = erp(f"batches/{batch.ref}/").json()
        assert (told["status"], told["counts"]["locked"], told["counts"]["ended"]) == (
            "closed",
            0,
            5,
        )
        assert told["lots"][0]["status"] == "terminated"
        rows = erp(f"batches/{batch.ref}/orders/?status=terminated").json()["results"]
        assert [row["status"] for row in rows] == ["terminated"] * 5
        assert b"<Order " not in erp(f"batches/{batch.ref}/orders.xml?include=locked").getvalue()
        assert Lock.objects.get().status == "renegotiating"


class TestAcceptedOrders:
    def test_stay_what_they_are(self, store):
        (order,) = made.repeats(made.batch(store))
        later = Lock.objects.get(pk=order.lock_id).expires_at + SECOND
        assert RepeatOrder.objects.at(later).get(pk=order.pk).state == "confirmed"
