"""What the import commands share: problems as one clear line, results as JSON or as a table, a progress bar."""

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from diagnostics import words
from diagnostics.problem import Problem
from marketplace.mirror.files import Progress
from marketplace.models import Store

BAR = 30
PATIENCE_SECONDS = 1.0


class ImportCommand(BaseCommand):
    """Subclasses write `work(**options)`, which returns a plain dict; a Problem ends in exit 1 and one line."""

    requires_system_checks: list[str] = []  # an import needs the database only

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="prints the result as JSON")

    def handle(self, **options: Any) -> None:
        try:
            result = self.work(**options)
        except Problem as problem:
            said = words.of(problem.code, problem.evidence)
            raise CommandError(f"{said.code}: {said.cause} {said.fix}") from None
        except OSError as error:  # a full disk, a folder that may not be written to
            raise CommandError(f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")) from None
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=2, default=str))
        else:
            self._print(result)

    def work(self, **options: Any) -> dict[str, Any]:
        raise NotImplementedError

    def _print(self, result: dict[str, Any], indent: str = "") -> None:
        for name, value in result.items():
            label = f"{indent}{name.replace('_', ' ')}"
            if isinstance(value, dict):
                self.stdout.write(label)
                self._print(value, indent + "  ")
            else:
                shown = (
                    f"{value:>12,}" if isinstance(value, int) and not isinstance(value, bool) else f" {value}"
                )
                self.stdout.write(f"{label:<34}{shown}")


def store_of(code: str) -> Store:
    store = Store.objects.filter(code=code).first()
    if store is None:
        raise CommandError(f"There is no store “{code}”.")
    return store


def progress_bar() -> Progress | None:
    """A bar on a terminal, shown once a second has passed; nothing elsewhere."""
    if not sys.stderr.isatty():
        return None
    began = time.monotonic()

    def show(share: float) -> None:
        if time.monotonic() - began > PATIENCE_SECONDS:
            done = int(share * BAR)
            sys.stderr.write(
                f"\r[{'█' * done}{'·' * (BAR - done)}] {share:4.0%}" + ("\n" if share >= 1 else "")
            )
            sys.stderr.flush()

    return show
