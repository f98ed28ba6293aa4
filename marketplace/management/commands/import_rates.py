"""`manage.py import_rates --source ecb FILE`: published reference rates (docs/importing.md)."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from marketplace.mirror import rates
from marketplace.mirror.commands import ImportCommand


class Command(ImportCommand):
    help = "Imports exchange rates. Running it twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", required=True, help=f"one of: {', '.join(rates.SOURCES)}")
        parser.add_argument("--since", type=dt.date.fromisoformat, metavar="DATE")

    def work(self, **options: Any) -> dict[str, Any]:
        report = rates.import_rates(path=options["file"], source=options["source"], since=options["since"])
        return {
            "days": {
                "new": report.new_days,
                "already_there": report.days_already_there,
                "refused": report.days_refused,
            },
            "rates": {kind: report.cells[kind] for kind in ("imported", "gap", "quarantined")},
        }
