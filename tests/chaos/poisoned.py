"""`celery -A tests.chaos.poisoned`: our worker, but planning an order whose note says so kills its process (SIGKILL)."""

import os
import signal

from repurchase.celery import app as app
from repurchase.services import generating

NOTE = "poison"
plans_of = generating.plans_of


def deadly(batch, orders, *arguments, **options):
    if any(order.note == NOTE for order in orders):
        os.kill(os.getpid(), signal.SIGKILL)
    return plans_of(batch, orders, *arguments, **options)


generating.plans_of = deadly
