"""Where the queue lies is a setting (docs/scaling.md)."""

import json
import os
import subprocess
import sys

from django.conf import settings

TOLD = """
import django; django.setup()
from django.conf import settings as s
import json; print(json.dumps([s.CELERY_BROKER_URL, s.CELERY_BROKER_TRANSPORT_OPTIONS]))
"""


def told(**environment: str) -> tuple[str, dict]:
    done = subprocess.run(
        [sys.executable, "-c", TOLD],
        env=os.environ | environment,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(json.loads(done.stdout.splitlines()[-1]))


class TestTheQueue:
    def test_lies_in_redis_unless_it_is_said(self):
        url, options = told(BROKER_URL="", BROKER_OPTIONS="")
        assert url == settings.REDIS_URL.replace("unix://", "redis+socket://", 1)
        assert options["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT

    def test_may_lie_in_rabbitmq_without_the_options_of_redis(self):
        url = "amqp://user:password@a//;amqp://user:password@b//"
        assert told(BROKER_URL=url) == (url, {})

    def test_may_lie_in_redis_behind_sentinel(self):
        url, options = told(
            BROKER_URL="sentinel://a:26379", BROKER_OPTIONS='{"master_name": "main"}'
        )
        assert url == "sentinel://a:26379"
        assert options["master_name"] == "main"
        assert options["socket_timeout"] == 5
