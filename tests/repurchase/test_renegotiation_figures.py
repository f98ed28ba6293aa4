import datetime as dt
from fractions import Fraction

import pytest

from marketplace import clock
from outbox import events
from repurchase.confirmation.queries import renegotiation_figures
from tests import world

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def tell(store, lock: int, *states: str, at: dt.datetime) -> None:
    for state in states:
        events.publish(store_id=store.pk, type=f"lock.{state}", subject=f"lock:{lock}", at=at)


class TestTheShareOfFailures:
    def test_is_counted_from_events_with_its_sample_sizes(self, store, django_assert_num_queries):
        """R-57."""
        now = clock.now(store)
        tell(store, 1, "open", "confirmed", at=now - DAY)
        tell(store, 2, "open", "renegotiating", "confirmed", at=now - DAY)
        tell(store, 3, "open", "renegotiating", "terminated", at=now - DAY)
        tell(store, 4, "open", "renegotiating", "declined", at=now - DAY)
        tell(store, 5, "open", "expired", at=now - DAY)
        tell(store, 6, "open", "renegotiating", at=now - DAY)  # not ended yet
        tell(store, 7, "renegotiating", "terminated", at=now - 91 * DAY)
        tell(world.store(), 8, "renegotiating", "terminated", at=now - DAY)
        with django_assert_num_queries(1):
            found = renegotiation_figures.renegotiation_figures(store, until=now)
        assert (found.locks, found.renegotiated) == (5, 3)
        assert (found.confirmed, found.declined, found.terminated, found.failed) == (1, 1, 1, 2)
        assert (found.failure_share, found.failure_share_of_renegotiated) == (
            Fraction(2, 5),
            Fraction(2, 3),
        )

    def test_of_nothing_is_no_share(self, store):
        found = renegotiation_figures.renegotiation_figures(store, until=clock.now(store))
        assert (found.locks, found.failure_share, found.failure_share_of_renegotiated) == (
            0,
            None,
            None,
        )

    def test_ends_before_its_instant(self, store):
        now = clock.now(store)
        tell(store, 1, "renegotiating", "terminated", at=now)
        assert renegotiation_figures.renegotiation_figures(store, until=now).locks == 0
        assert renegotiation_figures.renegotiation_figures(store, until=now + DAY).failed == 1


def test_the_workbench_shows_it(store, alice, client):
    from tests.repurchase.test_locking import locked

    locked(store)
    now = clock.now(store)
    client.force_login(alice)
    assert "40.0" not in client.get("/", headers={"Accept-Language": "en"}).content.decode()
    for n, end in enumerate(["confirmed", "expired", "cancelled"]):
        tell(store, n, end, at=now - DAY)
    tell(store, 8, "renegotiating", "terminated", at=now - DAY)
    tell(store, 9, "renegotiating", "declined", at=now - DAY)
    assert (
        "2, 40.0 % of 5 locks"
        in client.get("/", headers={"Accept-Language": "en"}).content.decode()
    )
