"""The database's own rules (functions, triggers, frozen rows) lie in plain SQL files:
`<app>/sql/<subject>.sql`."""

from pathlib import Path

from django.db.migrations import RunSQL


def run_sql_files(migration: str, *subjects: str) -> list[RunSQL]:
    """A migration's operations that run its app's files of these subjects, in this order.

    `migration` is the migration's `__file__`. Each file may run again on a database that has its
    rules. So a changed rule is edited in its file, and a new migration names the file, instead of
    the one that named it before.
    """
    folder = Path(migration).resolve().parents[1] / "sql"
    return [RunSQL((folder / f"{subject}.sql").read_text(), RunSQL.noop) for subject in subjects]
