"""F-19, small: it costs its own time limit, again and again, and nobody else anything."""

import sys

import pytest

from marketplace.models import Store
from pricing.models import SealedAgreement, Sealing
from repurchase.batches.services import batches
from repurchase.deadlines import sweep
from repurchase.models import Proforma
from tests import world
from tests.chaos.endless import WORDS
from tests.chaos.fleet import fleet
from tests.chaos.stage import wait_until
from tests.repurchase import paid
from tests.repurchase.sealing import confirmed
from tests.repurchase.test_queues import RING, python

pytestmark = pytest.mark.django_db(transaction=True)
CELERY = [
    sys.executable,
    "-m",
    "celery",
    "-A",
    "tests.chaos.endless",
    "worker",
    "--loglevel",
    "info",
    "--without-gossip",
    "--without-mingle",
    "--concurrency",
    "2",
]
HANGS = 300


class TestAPaperThatNeverRenders:
    def test_holds_up_nothing(self):
        store, other, third = world.store(), world.store(), world.store()
        for each in (store, other, third):
            world.move_clock(each, world.NOW)
        Store.objects.filter(pk=store.pk).update(pay_to=WORDS)
        endless, sound = confirmed(store), confirmed(other)
        assert {o.status for o in endless.orders.all()} == {"awaiting_payment"}
        _, past = world.repeatable(third)
        with fleet() as beside:
            beside.environment["PAPER_SECONDS"] = "20"
            beside._start("papers", [*CELERY, "-Q", "papers", "--hostname", "papers@fleet"], "")
            beside._start(
                "worker", [*CELERY, "-Q", "timers,bulk,documents", "--hostname", "others@fleet"], ""
            )
            bells = [
                ("repurchase.issue_proforma", {"proforma_id": str(endless.proformas.get().pk)}),
                ("repurchase.issue_proforma", {"proforma_id": str(sound.proformas.get().pk)}),
                *(
                    ("pricing.seal", {"sealing_id": pk})
                    for pk in Sealing.objects.values_list("pk", flat=True)
                ),
            ]
            planned = batches.create(store=third, numbers=[o.number for o in past], by="user:1")
            python(RING.format(bells=[*bells, ("repurchase.generate_next", {})]), beside)

            def all_others_are_done() -> bool:
                planned.refresh_from_db()
                return (
                    planned.status == "planned"
                    and SealedAgreement.objects.count() == 2
                    and Proforma.objects.get(batch=sound).issued_at is not None
                )

            try:
                wait_until(all_others_are_done, seconds=HANGS)
                wait_until(lambda: bool(Proforma.objects.get(batch=endless).error), seconds=HANGS)
            except AssertionError as error:
                raise AssertionError(beside.told()) from error
        found = Proforma.objects.get(batch=endless)
        assert (found.issued_at, found.tries, found.busy_until) == (None, 1, None)
        assert found.error.startswith("SoftTimeLimitExceeded")
        paid.pay(endless)
        assert {o.status for o in endless.orders.all()} == {"paid"}
        Proforma.objects.filter(pk=found.pk).update(tries=3)
        assert sweep.run_sweep().paper_alarms == 1
