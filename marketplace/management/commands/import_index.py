"""`manage.py import_index --series CRB FILE`: closes of a commodity index (docs/importing.md)."""

from typing import Any

from django.core.management.base import CommandParser

from marketplace.mirror import closes
from marketplace.mirror.commands import ObservationsCommand, changes_as_dicts, styles_from_options


class Command(ObservationsCommand):
    help = "Imports closes of a commodity index. Running it twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--series", required=True, help="CRB")
        parser.add_argument(
            "--source", default="file", help="who published it, as the pages name it"
        )

    def work(self, **options: Any) -> dict[str, Any]:
        report = closes.import_closes(
            path=options["file"],
            series=options["series"],
            source=options["source"],
            update=options["update"],
            styles=styles_from_options(options),
        )
        kinds = (
            "imported",
            "already_there",
            "quarantined",
            "refused",
            "changed",
            "corrected",
            "gap",
            "conflicting",
        )
        counts = {kind: report.rows[kind] for kind in kinds}
        return counts | {
            "dates": report.dates,
            "column": report.column,
            "refused_days": report.rows["refused"] + report.rows["conflicting"],
            "conflicting": report.conflicting,
            "changes": changes_as_dicts(report.changes),
            "updated": options["update"],
        }
