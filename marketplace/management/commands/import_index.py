"""`manage.py import_index --series CRB FILE`: closes of a commodity index (docs/importing.md)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from marketplace.mirror import closes
from marketplace.mirror.commands import ImportCommand


class Command(ImportCommand):
    help = "Imports closes of a commodity index. Running it twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--series", required=True, help="CRB")
        parser.add_argument("--source", default="file", help="who published it, as the pages name it")

    def work(self, **options: Any) -> dict[str, Any]:
        report = closes.import_closes(
            path=options["file"], series=options["series"], source=options["source"]
        )
        return {kind: report.rows[kind] for kind in ("imported", "already_there", "quarantined", "refused")}
