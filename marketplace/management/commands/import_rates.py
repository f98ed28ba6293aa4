"""`manage.py import_rates --source ecb FILE`: published reference rates (docs/importing.md)."""

import datetime as dt
from typing import Any

from django.core.management.base import CommandParser

from marketplace.mirror import rates
from marketplace.mirror.commands import ObservationsCommand, changes_as_dicts, styles_from_options


class Command(ObservationsCommand):
    help = "Imports exchange rates. Running it twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--source", required=True, help=f"one of: {', '.join(rates.RATE_SOURCES)}"
        )
        parser.add_argument("--since", type=dt.date.fromisoformat, metavar="DATE")

    def work(self, **options: Any) -> dict[str, Any]:
        report = rates.import_rates(
            path=options["file"],
            source=options["source"],
            since=options["since"],
            update=options["update"],
            styles=styles_from_options(options),
        )
        days = {
            "new": report.new_days,
            "already_there": report.days_already_there,
            "refused": report.days_refused,
        }
        kinds = ("imported", "gap", "quarantined", "changed", "corrected")
        return {
            "days": days | ({"completed": report.completed_days} if report.completed_days else {}),
            "rates": {kind: report.cells[kind] for kind in kinds},
            "dates": report.dates,
            "refused_days": dict(report.refused),
            "conflicting": report.conflicting,
            "changes": changes_as_dicts(report.changes),
            "updated": options["update"],
        }
