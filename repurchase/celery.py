"""The Celery app. The queue is a hint: every deadline and every piece of work is a row (ADR 2)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "repurchase.settings")

app = Celery("repurchase")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
