"""The migrated data directory that tests begin with is another one as soon as anything that it is
made from is another."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from repurchase.embedded import prepared


@pytest.fixture
def tree(tmp_path) -> Path:
    """A copy of the files that count."""
    for file in prepared.sources():
        target = tmp_path / file.relative_to(prepared.ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    return tmp_path


class TestTheDigest:
    def test_is_of_content_not_of_place(self, tree):
        assert prepared.digest(tree) == prepared.digest()

    @pytest.mark.parametrize(
        "name",
        [
            "repurchase/migrations/0001_initial.py",
            "outbox/migrations/0001_initial.py",
            "repurchase/embedded/roles.sql",
            "repurchase/embedded/servers.py",
            "diagnostics/sql_files.py",  # what migrations run the triggers by
            "repurchase/sql/locked_orders.sql",
            "repurchase/apps.py",  # rows that are made after every migrate
            "eligibility/compliance_group.py",
        ],
    )
    def test_is_another_when_one_of_them_changes(self, tree, name):
        before = prepared.digest(tree)
        with (tree / name).open("a") as file:
            file.write("\n")
        assert prepared.digest(tree) != before

    @pytest.mark.parametrize("name", ["pricing/migrations/9999_new.py", "pricing/sql/new.sql"])
    def test_is_another_when_one_comes_to_them(self, tree, name):
        before = prepared.digest(tree)
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).touch()
        assert prepared.digest(tree) != before


@pytest.mark.django_db
class TestTheDatabaseOfTheTests:
    def test_is_migrated_to_the_last(self):
        """Whether it is a clone or was migrated just now."""
        from django.db.migrations.executor import MigrationExecutor

        executor = MigrationExecutor(connection)
        assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []


@pytest.mark.programs
def test_two_who_come_at_once_get_a_whole_copy_each(tmp_path):
    program = "import sys; from pathlib import Path; from repurchase.embedded import prepared; prepared.copy_to(Path(sys.argv[1]))"
    folders = [tmp_path / "one", tmp_path / "two"]
    both = [
        subprocess.Popen([sys.executable, "-c", program, str(folder)], cwd=prepared.ROOT)
        for folder in folders
    ]
    assert [each.wait(300) for each in both] == [0, 0]
    first, second = ({p.relative_to(f) for p in f.rglob("*")} for f in folders)
    assert first == second
    assert Path("PG_VERSION") in first
    assert Path("postmaster.pid") not in first
