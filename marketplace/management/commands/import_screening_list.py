"""`manage.py import_screening_list --list NAME FILE`: parties that nothing may be sent to (docs/importing.md)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from marketplace.mirror import export_control
from marketplace.mirror.commands import ImportCommand


class Command(ImportCommand):
    help = "Imports a screening list. Running it twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--list", required=True, help="the list's name, shown with every match")

    def work(self, **options: Any) -> dict[str, Any]:
        report = export_control.import_screening_list(path=options["file"], list_name=options["list"])
        return {
            "new": report.new,
            "changed": report.changed,
            "already_there": report.already_there,
            "not_in_the_file": report.not_in_the_file,
            "refused": dict(report.refused),
        }
