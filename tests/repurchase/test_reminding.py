"""Reminders: one letter a plan, event and reader, in time or not at all."""

import datetime as dt

import pytest
from django.core import mail

from outbox.emails import deliver_due
from outbox.models import Letter
from pricing.models import Lock, Renegotiation
from repurchase.deadlines import reminders as deadline_reminders
from repurchase.deadlines import sweep
from tests import world
from tests.pricing.locked import renegotiate
from tests.repurchase.test_locking import locked
from tests.repurchase.test_triggering import accept

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def batch(store):
    return locked(store)


def at(store, instant: dt.datetime) -> None:
    world.move_clock(store, instant)
    deadline_reminders.remind()


def reminders() -> list[str]:
    rows = Letter.objects.filter(kind__contains="reminder").order_by("written_at", "kind")
    return [kind.removeprefix("repurchase.") for kind in rows.values_list("kind", flat=True)]


class TestALock:
    def test_is_reminded_of_24_6_and_1_hours_before_its_end_once_each(self, batch, store):
        end = Lock.objects.get().expires_at
        for before, told in [(25, 0), (24, 1), (20, 1), (6, 2), (5, 2), (1, 3), (0.5, 3)]:
            at(store, end - before * HOUR)
            deadline_reminders.remind()
            assert (before, len(reminders())) == (before, told)

    def test_whose_reminders_were_missed_gets_the_last_that_has_come(self, batch, store):
        at(store, Lock.objects.get().expires_at - 0.5 * HOUR)
        assert len(reminders()) == 1
        assert Lock.objects.get().next_reminder_at is None

    def test_at_its_end_is_reminded_of_no_more(self, batch, store):
        at(store, Lock.objects.get().expires_at)
        assert reminders() == []

    def test_that_was_confirmed_is_not_reminded_of(self, batch, store):
        end = Lock.objects.get().expires_at
        accept(batch)
        at(store, end - HOUR)
        assert reminders() == []

    def test_that_was_settled_before_the_letter_left_is_not_told_of(self, batch, store):
        at(store, Lock.objects.get().expires_at - HOUR)
        accept(batch)
        mail.outbox.clear()
        deliver_due()
        assert not Letter.objects.exclude(last_error="").exists()
        assert not [letter for letter in mail.outbox if "still waiting" in letter.body]

    def test_is_told_of_to_the_buyer_with_the_link_and_the_end(self, batch, store):
        at(store, Lock.objects.get().expires_at - HOUR)
        mail.outbox.clear()
        deliver_due()
        (letter,) = [letter for letter in mail.outbox if "still waiting" in letter.body]
        assert letter.to == [batch.buyer.email]
        assert "/b/" in letter.body
        assert batch.ref in letter.subject


class TestARenegotiation:
    def test_is_reminded_of_2_hours_and_30_minutes_before_its_end_on_both_sides(self, batch, store):
        renegotiate(Lock.objects.select_related("store").get())
        end = Renegotiation.objects.get().deadline_at
        for before, told in [(3, 0), (2, 2), (1, 2), (0.5, 4), (0.1, 4), (0, 4)]:
            at(store, end - before * HOUR)
            assert (before, len(reminders())) == (before, told)
        assert set(reminders()) == {"renegotiation_reminder_buyer", "renegotiation_reminder_seller"}
        deliver_due()
        assert not Letter.objects.exclude(last_error="").exists()

    def test_silences_the_reminders_of_its_lock(self, batch, store):
        renegotiate(Lock.objects.select_related("store").get())
        at(store, Lock.objects.get().expires_at - 24 * HOUR)
        assert reminders() == []


def test_the_sweep_reminds(store):
    locked(store)
    world.move_clock(store, Lock.objects.get().expires_at - HOUR)
    assert (sweep.run_sweep().reminders, len(reminders())) == (1, 1)
