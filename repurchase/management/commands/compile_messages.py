"""Compiles locale/*/LC_MESSAGES/*.po to .mo with babel, so that running the product needs no
gettext.

Quick when nothing has changed; a file is replaced in one step, so two runs at once do no harm.
"""

import io
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management.base import BaseCommand

from marketplace.atomic_files import write_atomically


class Command(BaseCommand):
    help = __doc__

    def handle(self, **options) -> None:
        compiled = compile_all()
        if options["verbosity"] > 1:
            self.stdout.write(f"{len(compiled)} compiled")


def compile_all() -> list[Path]:
    """Compiles what is out of date and returns the files written."""
    sources = [
        po
        for folder in settings.LOCALE_PATHS
        for po in sorted(Path(folder).glob("*/LC_MESSAGES/*.po"))
    ]
    return [_compile_catalogue(po) for po in sources if _is_stale(po)]


def _is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime


def _compile_catalogue(po: Path) -> Path:
    with po.open("rb") as file:
        catalogue = read_po(file)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)  # leaves out what is fuzzy, as msgfmt does
    mo = po.with_suffix(".mo")
    with write_atomically(mo, binary=True) as out:
        out.write(compiled.getvalue())
    return mo
