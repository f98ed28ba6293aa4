"""F-15: the receiver fails, is slow, repeats; the sender is killed. Every event arrives, always
with the same id."""

import datetime as dt
import os
import signal
import threading
import time

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import Webhook as Verifier

from outbox import events, http_post, webhook_delivery, webhook_signatures, webhooks
from outbox.models import Delivery, Letter, Webhook
from tests.beside import courier
from tests.outbox.receiving import receiver
from tests.outbox.test_events import AT, tell

pytestmark = pytest.mark.django_db(transaction=True)


def webhook(url: str, *types: str, store_id: int = 1) -> Webhook:
    return webhooks.create(store_id=store_id, url=url, types=types, loopback=True)[0]


def due_now(**filter: object) -> None:
    Delivery.objects.filter(next_try_at__isnull=False, **filter).update(next_try_at=timezone.now())


class TestAWebhook:
    def test_gets_each_event_once_signed_and_in_order(self):
        with receiver() as server:
            made = webhook(server.url)
            for n in range(3):
                tell(n=n)
            assert webhook_delivery.send_due() == 3
            assert webhook_delivery.send_due() == 0
        assert [got.id for got in server.received] == ["evt_1_1", "evt_1_2", "evt_1_3"]
        got = server.received[0]
        assert Verifier(webhook_signatures.secret_of(made)).verify(got.body.decode(), got.headers)
        assert got.event == events.build_payload(events.after(1, 0)[0])
        row = Delivery.objects.order_by("event__seq")[0]
        assert (row.outcome, row.status, row.attempts, row.next_try_at) == (
            "delivered",
            204,
            1,
            None,
        )
        assert row.milliseconds is not None

    def test_gets_what_its_filter_lets_through_of_its_own_store_from_now_on(self):
        tell(type="lock.open")
        with receiver() as server:
            webhook(server.url, "lock.*", "batch.closed")
            for type in ("lock.confirmed", "batch.planned", "batch.closed"):
                tell(type=type)
            tell(2, type="lock.open")
            webhook_delivery.send_due()
        assert [got.event["type"] for got in server.received] == ["lock.confirmed", "batch.closed"]

    def test_that_fails_is_tried_again_later_with_the_same_id(self):
        answers = iter([500, 503, 204])
        with receiver(lambda _: next(answers)) as server:
            webhook(server.url)
            tell()
            assert webhook_delivery.send_due() == 0
            first = Delivery.objects.get()
            assert webhook_delivery.send_due() == 0  # not due yet
            waits = first.next_try_at - first.sent_at
            due_now()
            webhook_delivery.send_due()
            due_now()
            assert webhook_delivery.send_due() == 1
        assert [got.id for got in server.received] == ["evt_1_1"] * 3
        assert dt.timedelta(seconds=4) < waits < dt.timedelta(seconds=7)
        assert Delivery.objects.get().attempts == 3
        assert Webhook.objects.get().failing_since is None

    def test_with_one_event_that_it_can_t_take_gets_the_others(self):
        with receiver(lambda got: 500 if got.id == "evt_1_1" else 204) as server:
            webhook(server.url)
            for _ in range(3):
                tell()
            for _ in range(3):
                webhook_delivery.send_due()
        assert {got.id for got in server.received} == {"evt_1_1", "evt_1_2", "evt_1_3"}
        assert Delivery.objects.filter(delivered_at=None).count() == 1

    def test_that_was_switched_off_gets_everything_when_it_is_on_again(self):
        with receiver() as server:
            made = webhook(server.url)
            webhooks.switch(made, on=False)
            tell()
            assert webhook_delivery.send_due() == 0
            webhooks.switch(made, on=True)
            assert webhook_delivery.send_due() == 1

    def test_is_replayed_from_a_number_with_the_ids_of_the_first_time(self):
        tell()
        with receiver() as server:
            made = webhook(server.url)
            tell()
            tell()
            webhook_delivery.send_due()
            assert webhooks.replay(made, after=0) == 3
            webhook_delivery.send_due()
        assert [got.id for got in server.received] == [
            "evt_1_2",
            "evt_1_3",
            "evt_1_1",
            "evt_1_2",
            "evt_1_3",
        ]

    def test_that_failed_for_three_days_is_switched_off_and_its_developers_are_told(self):
        with receiver(lambda _: 500) as server:
            made = webhook(server.url)
            tell()
            webhook_delivery.send_due()
            assert Webhook.objects.get().enabled
            Webhook.objects.update(failing_since=timezone.now() - webhook_delivery.GIVE_UP_AFTER)
            due_now()
            webhook_delivery.send_due()
        assert Webhook.objects.get().state == "disabled"
        assert Letter.objects.get().kind == "outbox.webhook_disabled"
        assert Letter.objects.get().subjects == {"webhook": str(made.pk)}

    def test_that_says_gone_is_switched_off_at_once(self):
        with receiver(lambda _: 410) as server:
            webhook(server.url)
            tell()
            webhook_delivery.send_due()
        assert Webhook.objects.get().state == "disabled"

    def test_in_production_is_never_sent_to_this_machine(self, settings):
        with receiver() as server:
            webhook(server.url)
            settings.WEBHOOKS_TO_LOOPBACK = False
            tell()
            assert webhook_delivery.send_due() == 0
        assert server.received == []
        assert Delivery.objects.get().outcome == http_post.PostOutcome.FORBIDDEN

    def test_is_served_by_one_sender_at_a_time(self):
        made = webhook("http://127.0.0.1:9/")
        tell()
        webhook_delivery.queue_events()
        assert webhook_delivery.claim(10) == [made.pk]
        assert webhook_delivery.claim(10) == []
        # as when a lost sender's lease has run out
        Webhook.objects.update(busy_until=timezone.now())
        assert webhook_delivery.claim(10) == [made.pk]


class TestTheCourier:
    def test_sends_within_a_second_of_the_commit_while_another_receiver_hangs(self):
        hanging = threading.Event()
        with receiver(lambda _: hanging.wait(15) and 204) as slow, receiver() as quick, courier():
            webhook(slow.url)
            webhook(quick.url)
            tell()  # it has started once this has arrived
            quick.wait_for(lambda got: len(got) == 1, 60)
            late = []
            for n in range(20):
                tell(n=n)
                committed = events.after(1, 0).last().committed_at.timestamp()
                got = quick.wait_for(lambda got, n=n: len(got) == n + 2)
                late.append(got[-1].at - committed)
            still_waiting = len(slow.received)
            hanging.set()
        assert max(late) < 1, late
        assert still_waiting == 1

    def test_killed_while_it_sends_loses_nothing_and_repeats_with_the_same_id(self, monkeypatch):
        """The receiver has got the event and never answers; the sender dies; another one sends it
        again."""
        wanted = {f"evt_1_{n}" for n in range(1, 31)}
        killed = threading.Event()

        def answer(got) -> int:
            if got.id == "evt_1_11" and not killed.is_set():
                killed.wait(20)  # whoever sent this does not live to hear the answer
            return 500 if hash(got.at) % 7 == 0 else 204

        with receiver(answer) as server:
            webhook(server.url)
            for n in range(30):
                events.publish(store_id=1, type="order.locked", subject="batch:BR-1", at=AT, n=n)
            with courier() as sender:
                server.wait_for(lambda got: any(g.id == "evt_1_11" for g in got), 60)
                os.kill(sender.pid, signal.SIGKILL)
                sender.wait(10)
            killed.set()
            Webhook.objects.update(busy_until=timezone.now())  # a minute later
            with courier():
                until = time.monotonic() + 60
                while (
                    Delivery.objects.exclude(next_try_at=None).exists() and time.monotonic() < until
                ):
                    due_now(attempts__gt=0)
                    time.sleep(0.3)
        ids = [got.id for got in server.received]
        assert set(ids) == wanted
        assert ids.count("evt_1_11") >= 2
        assert not Delivery.objects.filter(delivered_at=None).exists()
