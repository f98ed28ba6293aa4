"""`manage.py replay_screening BATCH_REF`: decides every kept screening of a batch again; exit 1
unless all agree."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from eligibility import replay
from repurchase.batches.queries.screening_explanation import records_of_batch
from repurchase.models import Batch


class Command(BaseCommand):
    help = "Re-runs the kept screenings of a batch by the rules and facts of their day: same or different."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ref", help="a batch's reference, BR-XXXXXXXX")
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args: Any, **options: Any) -> None:
        batch = Batch.objects.filter(ref=options["ref"]).first()
        if batch is None:
            raise CommandError(f"NOT_FOUND: there is no batch {options['ref']}")
        told = [
            _replay_as_dict(replay.rerun(record)) for record in records_of_batch(batch).iterator()
        ]
        if not told:
            raise CommandError(f"NOT_FOUND: no screening of {batch.ref} was kept")
        text = "\n".join(
            f"attempt {t['attempt']} {t['part']} from {t['first_position']}: {t['outcome']}"
            for t in told
        )
        self.stdout.write(json.dumps(told) if options["json"] else text)
        if bad := [t for t in told if t["outcome"] != replay.ReplayOutcome.SAME]:
            raise CommandError(f"{len(bad)} of {len(told)} kept screenings are not the same")


def _replay_as_dict(rerun: replay.Rerun) -> dict[str, Any]:
    r = rerun.record
    return {
        "attempt": r.attempt,
        "part": r.part,
        "first_position": r.first_position,
        "orders": len(r.past_order_ids),
        "rule_version": r.rule_version,
        "outcome": str(rerun.outcome),
    }
