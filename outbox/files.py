"""Files that the product makes or is given: in the default storage, under a random key, never
inside a transaction."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models import Model

from diagnostics.transactions import refuse_in_transaction


def save_in_folder(folder: str, content: bytes, *, suffix: str = ".pdf") -> str:
    """Its key, which nobody can guess; nothing serves the folder."""
    return save_under_key(f"{folder}/{secrets.token_urlsafe(32)}{suffix}", content)


def save_under_key(key: str, content: bytes) -> str:
    refuse_in_transaction(f"file: {key}")
    return default_storage.save(key, ContentFile(content))


@contextmanager
def saved_for_row(model: type[Model], folder: str, content: bytes) -> Iterator[str]:
    """Keeps it for a row that the block writes with its key as `file_key`; gone again when no such
    row came of it."""
    key = save_in_folder(folder, content)
    try:
        yield key
    except BaseException:
        if not model.objects.filter(file_key=key).exists():
            discard(key)
        raise


def read(key: str) -> bytes:
    """OSError when it is not there, or whatever the storage raises when it can't be reached."""
    refuse_in_transaction(f"file: {key}")
    with default_storage.open(key) as file:
        return file.read()


def discard(key: str) -> None:
    refuse_in_transaction(f"file: {key}")
    default_storage.delete(key)


def exists(key: str) -> bool:
    refuse_in_transaction(f"file: {key}")
    return default_storage.exists(key)
