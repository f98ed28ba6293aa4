"""Whether a database was made by another version of the product, whose migrations this version
does not have."""

from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def unknown_migrations(applied: Iterable[tuple[str, str]]) -> list[str]:
    """Of the migrations that a database has had, the names of ours that are not in this code:
    `app.name`, sorted.

    Those of other libraries don't count: a library may drop a migration once it has replaced it.
    """
    ours = {folder.parent.name: folder for folder in ROOT.glob("*/migrations")}
    return sorted(
        f"{app}.{name}"
        for app, name in applied
        if app in ours and not (ours[app] / f"{name}.py").exists()
    )
