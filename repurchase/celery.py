"""The Celery app. The queue is a hint: every deadline and every piece of work is a row (ADR 2)."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init, task_postrun, task_prerun
from celery.states import SUCCESS
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "repurchase.settings")

app = Celery("repurchase")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf["CELERY_DB_REUSE_MAX"] = (
    10**9
)  # no connection is closed by Celery; below is said which is kept
app.autodiscover_tasks()

CONNECTION_KEEP_SECONDS = 300
"""So long a worker's process keeps its connection: a new one, its plans and caches, costs a chunk
a tenth of its time."""


@celeryd_init.connect
@beat_init.connect
def stop_unsafe_process(**_: Any) -> None:
    """Before the first task, or the first bell. A signal's own failure would only be logged."""
    from repurchase.site import start_up

    try:
        start_up.refuse_unsafe_start()
    except ImproperlyConfigured as error:
        # Beat has put its log in the place of sys.stderr by now.
        (sys.__stderr__ or sys.stderr).write(f"{error}\n")
        raise SystemExit(1) from None


@task_prerun.connect
def reuse_connection(**_: Any) -> None:
    """Asked whether it lives before its first statement, so that a restarted database is noticed
    here."""
    connection.settings_dict.update(CONN_MAX_AGE=CONNECTION_KEEP_SECONDS, CONN_HEALTH_CHECKS=True)
    connection.close_if_unusable_or_obsolete()


@task_postrun.connect
def close_connection_after_failure(*, state: str, **_: Any) -> None:
    if state != SUCCESS:
        connection.close()
