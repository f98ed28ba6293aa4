"""`manage.py import_screening_list --list NAME FILE`: parties that nothing may be sent to
(docs/importing.md)."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils.text import slugify

from marketplace.mirror import export_control
from marketplace.mirror.commands import ImportCommand

EXIT_WITH_REMARKS = 3
"""The exit code of an import that is done and has something to tell."""


class Command(ImportCommand):
    help = (
        "Imports a screening list; running it twice changes nothing. Every row with a name is taken. It ends with 3 "
        "when a row had no name, or when a country or a date could not be read and was left blank."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--list", required=True, help="the list's name, shown with every match")
        parser.add_argument(
            "--refused", type=Path, metavar="FILE", help="where rows without a name go"
        )

    def handle(self, **options: Any) -> None:
        super().handle(**options)
        if not self._report.is_whole:
            raise CommandError(
                "The list was imported; see what was refused or left blank.",
                returncode=EXIT_WITH_REMARKS,
            )

    def work(self, **options: Any) -> dict[str, Any]:
        stem = f"{slugify(options['list'])}-{options['file'].name.split('.')[0]}"
        refused_path = options["refused"] or settings.DATA_DIR / "refused" / f"{stem}.csv"
        self._report = report = export_control.import_screening_list(
            path=options["file"], list_name=options["list"], refused_path=refused_path
        )
        return {
            "new": report.new,
            "changed": report.changed,
            "already_there": report.already_there,
            "given_twice": report.given_twice,
            "not_in_the_file": report.not_in_the_file,
            "refused": report.refused,
            "refused_rows_file": str(report.refused_file or ""),
            "left_blank": dict(report.left_blank),
            "left_blank_rows": report.examples,
        }
