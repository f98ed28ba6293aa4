"""What the import commands share: problems as one clear line, results as JSON or as a table, a
progress bar."""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnostics import problem_texts
from diagnostics.problem import Problem
from marketplace.mirror import days, numbers
from marketplace.mirror.corrections import MAX_SHOWN_CHANGES, ObservationChange
from marketplace.mirror.files import ProgressCallback
from marketplace.mirror.rate_files import FileStyles
from marketplace.models import Store

BAR_WIDTH = 30
SECONDS_BEFORE_BAR = 1.0
EXIT_PARTLY_REFUSED = 3
"""The exit code when some of a file was taken and some was not."""


class ImportCommand(BaseCommand):
    """Subclasses write `work(**options)`, which returns a plain dict; a Problem ends in exit 1 and
    one line.

    Exit 3 where `incomplete` says that some of it was not taken.
    """

    requires_system_checks: list[str] = []  # an import needs the database only

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="prints the result as JSON")

    def handle(self, **options: Any) -> None:
        try:
            result = self.work(**options)
        except Problem as problem:
            said = problem_texts.describe(problem.code, problem.evidence)
            raise CommandError(f"{said.code}: {said.cause} {said.fix}") from None
        except OSError as error:  # a full disk, a folder that may not be written to
            raise CommandError(
                f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
            ) from None
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=2, default=str))
        else:
            self._print_result(result)
        if self.incomplete(result):
            sys.exit(EXIT_PARTLY_REFUSED)

    def incomplete(self, result: dict[str, Any]) -> bool:
        return False

    def work(self, **options: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _print_result(self, result: dict[str, Any], indent: str = "") -> None:
        for name, value in result.items():
            label = f"{indent}{name.replace('_', ' ')}"
            if isinstance(value, dict):
                self.stdout.write(label)
                self._print_result(value, indent + "  ")
            elif isinstance(value, list):
                self.stdout.write(label)
                for each in value:
                    said = " ".join(map(str, each.values())) if isinstance(each, dict) else each
                    self.stdout.write(f"{indent}  {said}")
            else:
                shown = (
                    f"{value:>12,}"
                    if isinstance(value, int) and not isinstance(value, bool)
                    else f" {value}"
                )
                self.stdout.write(f"{label:<34}{shown}")


class ObservationsCommand(ImportCommand):
    """Files of rates and closes: what a file leaves open, and whether it may correct what is
    known."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--update", action="store_true", help="takes values of known days that differ"
        )
        parser.add_argument(
            "--dates", choices=days.DATE_ORDERS, default="", help="the order of day and month"
        )
        parser.add_argument(
            "--numbers", choices=numbers.DECIMAL_STYLES, default="", help="the decimal sign"
        )

    def incomplete(self, result: dict[str, Any]) -> bool:
        """Days that were refused, or values that differ from what is known and were only told."""
        return bool(result["refused_days"] or (result["changes"] and not result["updated"]))


def styles_from_options(options: Mapping[str, Any]) -> FileStyles:
    return FileStyles(dates=options["dates"], numbers=options["numbers"])


def changes_as_dicts(changes: Sequence[ObservationChange]) -> list[dict[str, str]]:
    """The first of them: currency or series, day, what acts and what was read."""
    return [change.told for change in changes[:MAX_SHOWN_CHANGES]]


def get_store_by_code(code: str) -> Store:
    store = Store.objects.filter(code=code).first()
    if store is None:
        raise CommandError(f"There is no store “{code}”.")
    return store


def progress_bar() -> ProgressCallback | None:
    """A bar on a terminal, shown once a second has passed; nothing elsewhere."""
    if not sys.stderr.isatty():
        return None
    began = time.monotonic()

    def show(share: float) -> None:
        if time.monotonic() - began > SECONDS_BEFORE_BAR:
            done = int(share * BAR_WIDTH)
            sys.stderr.write(
                f"\r[{'█' * done}{'·' * (BAR_WIDTH - done)}] {share:4.0%}"
                + ("\n" if share >= 1 else "")
            )
            sys.stderr.flush()

    return show
