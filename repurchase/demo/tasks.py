"""What runs in the background of the demo alone."""

from celery import shared_task

from repurchase.demo import simulator


@shared_task(name="repurchase.simulate")
def simulate() -> None:
    simulator.simulate()
