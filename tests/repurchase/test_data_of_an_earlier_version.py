"""Data of an earlier version: the embedded default moves it aside whole, production refuses;
nobody half migrates it."""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from repurchase.embedded import servers

ROOT = Path(__file__).parents[2]
EARLIER = ("pricing", "0009_frozen_values_and_rows")
PRESENT = ("pricing", "0001_initial")
TABLE = "CREATE TABLE IF NOT EXISTS django_migrations (app text, name text)"


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bro-earlier-", ignore_cleanup_errors=True) as name:
        yield Path(name) / "data"


def migrated(url: str, *migrations: tuple[str, str]) -> None:
    database = psycopg2.connect(url)
    with database, database.cursor() as cursor:
        cursor.execute(TABLE)
        cursor.executemany("INSERT INTO django_migrations VALUES (%s, %s)", migrations)
    database.close()


def made_by(data_dir: Path, *migrations: tuple[str, str]) -> str:
    """A data directory whose database has had these migrations; its secrets, to know it by."""
    with servers.started(data_dir, fast=True) as both:
        migrated(both.environment["DATABASE_URL"], *migrations)
    return (data_dir / "secrets.json").read_text()


def started(data_dir: Path) -> subprocess.CompletedProcess[str]:
    """`python -m repurchase.embedded with`, with a command that says which migrations it finds."""
    asked = (
        "import os, psycopg2; c = psycopg2.connect(os.environ['DATABASE_URL']).cursor();"
        "c.execute(\"SELECT to_regclass('django_migrations')\"); print('table:', c.fetchone()[0])"
    )
    command = [
        sys.executable,
        "-m",
        "repurchase.embedded",
        "with",
        "--",
        sys.executable,
        "-c",
        asked,
    ]
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment | {"DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
    )


def moved_aside(data_dir: Path) -> list[Path]:
    return sorted(data_dir.parent.glob(f"{data_dir.name}.before-*"))


class TestTheEmbeddedDefault:
    def test_moves_it_aside_whole_and_begins_afresh(self, data_dir):
        secrets = made_by(data_dir, PRESENT, EARLIER)
        done = started(data_dir)
        (aside,) = moved_aside(data_dir)
        assert done.returncode == 0, done.stderr
        assert "earlier version" in done.stdout
        assert str(aside) in done.stdout
        assert "table: None" in done.stdout
        assert (aside / "secrets.json").read_text() == secrets
        assert (data_dir / "secrets.json").read_text() != secrets
        assert (aside / "postgres" / "PG_VERSION").exists()

    def test_takes_the_next_name_where_one_was_moved_on_the_same_day(self, data_dir):
        made_by(data_dir, EARLIER)
        started(data_dir)
        (first,) = moved_aside(data_dir)
        made_by(data_dir, EARLIER)
        started(data_dir)
        assert moved_aside(data_dir)[0] == first
        assert len(moved_aside(data_dir)) == 2

    def test_leaves_the_data_of_this_version_where_it_is(self, data_dir):
        secrets = made_by(data_dir, PRESENT, ("axes", "0099_replaced"))
        assert "table: django_migrations" in started(data_dir).stdout
        assert moved_aside(data_dir) == []
        assert (data_dir / "secrets.json").read_text() == secrets

    def test_does_not_move_it_from_under_another_command(self, data_dir):
        made_by(data_dir)
        with servers.started(data_dir, fast=True) as both:
            migrated(both.environment["DATABASE_URL"], EARLIER)
            refused = started(data_dir)
            assert refused.returncode == 1
            assert "Another command still uses it" in refused.stderr
            assert moved_aside(data_dir) == []
            migrated(both.environment["DATABASE_URL"])  # which still answers


@pytest.mark.django_db
class TestADatabaseInProduction:
    @pytest.fixture(autouse=True)
    def _earlier(self):
        MigrationRecorder(connection).record_applied(*EARLIER)

    def test_is_not_migrated(self):
        with pytest.raises(SystemCheckError, match=r"made by an earlier version .*pricing\.0009"):
            call_command("migrate", skip_checks=False, verbosity=0)

    def test_is_an_error_of_the_configuration(self):
        out = io.StringIO()
        with pytest.raises(CommandError, match="not fit for production"):
            call_command("check_config", stdout=out)
        assert "error: The database was made by an earlier version" in out.getvalue()


@pytest.mark.django_db
def test_a_database_of_this_version_is_migrated():
    call_command("migrate", skip_checks=False, verbosity=0)
