import time

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import transaction

from outbox import task_queue


@pytest.fixture
def deaf(monkeypatch):
    """No broker answers at its address."""
    nobody = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.5, retry=None)
    monkeypatch.setattr(task_queue, "quick_redis", lambda: nobody)


def queued() -> int:
    return redis.Redis.from_url(settings.REDIS_URL).llen(current_app.conf.task_default_queue)


@pytest.mark.django_db(transaction=True)
class TestABell:
    def test_rings_after_the_commit_and_not_before(self):
        before = queued()
        with transaction.atomic():
            task_queue.enqueue_task("test.nothing", thing_id=1)
            assert queued() == before
        assert queued() == before + 1

    def test_rings_as_often_as_workers_may_come(self):
        before = queued()
        task_queue.enqueue_task("test.nothing", times=3)
        assert queued() == before + 3

    def test_is_silent_when_the_transaction_fails(self):
        before = queued()
        with transaction.atomic():
            task_queue.enqueue_task("test.nothing", thing_id=1)
            transaction.set_rollback(True)
        assert queued() == before

    def test_with_nobody_listening_holds_nobody_up(self, deaf):
        started = time.monotonic()
        for _ in range(10):
            task_queue.enqueue_task("test.nothing", thing_id=1)
        assert time.monotonic() - started < 5
