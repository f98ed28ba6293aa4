"""`celery -A tests.chaos.poisoned`: our worker, but planning an order whose note says so kills its
process (SIGKILL)."""

import os
import signal

from celery.signals import worker_process_init

from repurchase.celery import app as app

NOTE = "poison"


@worker_process_init.connect
def poison(**_: object) -> None:
    """In each child, once Django is set up."""
    from repurchase.batches.services import planning

    plans_of = planning.plan_orders

    def deadly(batch, orders, *arguments, **options):
        if any(order.note == NOTE for order in orders):
            os.kill(os.getpid(), signal.SIGKILL)
        return plans_of(batch, orders, *arguments, **options)

    planning.plan_orders = deadly
