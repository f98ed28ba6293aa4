"""The database's own rules: each file of `<app>/sql/` is run, each function and trigger stands
once and says what it guards."""

import re
from collections import Counter
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

ROOT = Path(settings.BASE_DIR)
FILES = sorted(ROOT.glob("*/sql/*.sql"))
FUNCTION = re.compile(r"^CREATE OR REPLACE FUNCTION (\w+)\(", re.MULTILINE)
TRIGGER = re.compile(
    r"^(?P<comment>(?:--.*\n)+)?(?:DROP TRIGGER IF EXISTS \w+ ON \w+;\n)?"
    r"CREATE (?:OR REPLACE|CONSTRAINT) TRIGGER (?P<name>\w+)\s[^;]*?\bON (?P<table>\w+)",
    re.MULTILINE,
)
FROZEN = "rows_stay"
"""The trigger that `keep_rows` makes; tests/diagnostics/test_frozen.py holds it against the
models."""

TRIGGERS_OF_THE_DATABASE = """
    SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
"""
FUNCTIONS_OF_THE_DATABASE = (
    "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
)


def triggers() -> list[re.Match[str]]:
    return [found for file in FILES for found in TRIGGER.finditer(file.read_text(encoding="utf-8"))]


def functions() -> list[str]:
    return [name for file in FILES for name in FUNCTION.findall(file.read_text(encoding="utf-8"))]


def standing() -> tuple[list[str], list[tuple[str, str]]]:
    """The functions and the triggers, with their tables, that the database has now."""
    with connection.cursor() as cursor:
        cursor.execute(FUNCTIONS_OF_THE_DATABASE)
        made = sorted(name for (name,) in cursor.fetchall())
        cursor.execute(TRIGGERS_OF_THE_DATABASE)
        return made, sorted(row for row in cursor.fetchall() if row[0] != FROZEN)


class TestAFile:
    def test_is_run_by_one_migration_of_its_app(self):
        """By the last that needs it: `run_sql_files` (diagnostics/sql_files.py)."""
        for file in FILES:
            migrations = [
                m.read_text(encoding="utf-8") for m in file.parents[1].glob("migrations/0*.py")
            ]
            assert sum(f'"{file.stem}"' in text for text in migrations) == 1, file

    def test_belongs_to_an_app(self):
        assert {file.parents[1].name for file in FILES} <= {
            config.label for config in apps.get_app_configs()
        }

    def test_has_no_line_above_100_columns(self):
        for file in FILES:
            assert max(map(len, file.read_text(encoding="utf-8").splitlines())) <= 100, file


class TestARule:
    def test_stands_once(self):
        made = Counter(functions()) + Counter(f"{t['name']} on {t['table']}" for t in triggers())
        assert [name for name, times in made.items() if times > 1] == []

    def test_says_what_its_trigger_guards(self):
        """In the comment above it, with the number of the requirement."""
        assert [t["name"] for t in triggers() if not re.search(r"R-\d\d", t["comment"] or "")] == []

    @pytest.mark.django_db
    def test_is_in_the_database_and_no_other(self):
        assert standing() == (
            sorted(functions()),
            sorted((t["name"], t["table"]) for t in triggers()),
        )

    @pytest.mark.django_db
    def test_may_be_run_again(self):
        """A later migration runs the file anew, on a database that has the rules already."""
        before = standing()
        with connection.cursor() as cursor:
            for file in FILES:
                cursor.execute(file.read_text(encoding="utf-8"))
        assert standing() == before
