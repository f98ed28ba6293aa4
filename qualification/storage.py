"""Where originals and page pictures lie: the default storage, under a random key, never under a
public address.

A storage that can't be reached is STORAGE_UNAVAILABLE, whichever library of whichever service says
so.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from diagnostics.codes import Code
from diagnostics.problem import Problem
from diagnostics.transactions import InsideTransaction
from outbox import files

log = structlog.get_logger(__name__)


def save_original(data: bytes) -> str:
    """Its key in the storage."""
    token = secrets.token_hex(16)
    with _errors_as_problems():
        return files.save_under_key(f"qualification/{token[:2]}/{token}.pdf", data)


def save_page(folder: str, number: int, jpeg: bytes) -> None:
    """Read anew after a worker was lost, a page takes the place of what was kept before."""
    name = page_name(folder, number)
    with _errors_as_problems():
        files.discard(name)
        files.save_under_key(name, jpeg)


def page_name(folder: str, number: int) -> str:
    return f"{folder}/page-{number}.jpg"


def fetch(name: str) -> bytes:
    """FileNotFoundError when it is not there."""
    with _errors_as_problems():
        return files.read(name)


def is_available() -> bool:
    try:
        with _errors_as_problems():
            files.exists("qualification/none.pdf")
    except Problem:
        return False
    return True


@contextmanager
def _errors_as_problems() -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, InsideTransaction):
        raise
    except Exception as error:
        log.exception("storage_unavailable")
        raise Problem(Code.STORAGE_UNAVAILABLE) from error
