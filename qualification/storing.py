"""Where originals and page pictures lie: the default storage, under a random key, never under a public address."""

import secrets

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


def keep(data: bytes) -> str:
    """Its key in the storage."""
    token = secrets.token_hex(16)
    return default_storage.save(f"qualification/{token[:2]}/{token}.pdf", ContentFile(data))


def keep_page(folder: str, number: int, jpeg: bytes) -> None:
    """Read anew after a worker was lost, a page takes the place of what was kept before."""
    name = page_name(folder, number)
    default_storage.delete(name)
    default_storage.save(name, ContentFile(jpeg))


def page_name(folder: str, number: int) -> str:
    return f"{folder}/page-{number}.jpg"


def fetch(name: str) -> bytes:
    """FileNotFoundError when it is not there."""
    with default_storage.open(name) as file:
        return file.read()
