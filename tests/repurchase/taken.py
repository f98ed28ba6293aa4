"""Included by a worker of a test: it says which task it takes up, in its own words on its log."""

import sys
from typing import Any

from celery import Task
from celery.signals import task_prerun


@task_prerun.connect
def say(sender: Task, **_: Any) -> None:
    print(f"taken {sender.name}", file=sys.__stderr__, flush=True)
