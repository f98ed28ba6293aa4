"""The database's own rules: each file of `<app>/sql/` is run, each function and trigger stands once and says what it guards."""

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
    r"^(?P<comment>(?:--.*\n)+)?CREATE (?:CONSTRAINT )?TRIGGER (?P<name>\w+)\s[^;]*?\bON (?P<table>\w+)",
    re.MULTILINE,
)
FROZEN = "rows_stay"
"""The trigger that `keep_rows` makes; tests/diagnostics/test_frozen.py holds it against the models."""

TRIGGERS_OF_THE_DATABASE = """
    SELECT t.tgname, c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
"""
FUNCTIONS_OF_THE_DATABASE = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"


def triggers() -> list[re.Match[str]]:
    return [found for file in FILES for found in TRIGGER.finditer(file.read_text(encoding="utf-8"))]


def functions() -> list[str]:
    return [name for file in FILES for name in FUNCTION.findall(file.read_text(encoding="utf-8"))]


class TestAFile:
    def test_is_run_by_its_apps_migrations(self):
        for file in FILES:
            migrations = file.parents[1].glob("migrations/0*.py")
            assert any(f'"{file.stem}"' in m.read_text(encoding="utf-8") for m in migrations), file

    def test_belongs_to_an_app(self):
        assert {file.parents[1].name for file in FILES} <= {config.label for config in apps.get_app_configs()}

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
        with connection.cursor() as cursor:
            cursor.execute(FUNCTIONS_OF_THE_DATABASE)
            assert {name for (name,) in cursor.fetchall()} == set(functions())
            cursor.execute(TRIGGERS_OF_THE_DATABASE)
            standing = {row for row in cursor.fetchall() if row[0] != FROZEN}
        assert standing == {(t["name"], t["table"]) for t in triggers()}
