"""The options of the storage that FILES_BACKEND names. Read by settings: nothing of Django is
ready yet."""

import json
from typing import Any

S3_BACKEND = "storages.backends.s3.S3Storage"
S3_DEFAULTS = {"default_acl": None, "file_overwrite": False, "querystring_auth": True}
"""A bucket of documents is private; FILES_OPTIONS may say otherwise, and `check_config` then
complains."""


def options(backend: str, given: str, *, location: str) -> dict[str, Any]:
    """What was given as JSON, over what suits the backend: a folder for files, short waits for
    S3."""
    asked = json.loads(given or "{}")
    if backend != S3_BACKEND:
        return asked or {"location": location}
    from botocore.config import Config

    addressing = {"addressing_style": asked.get("addressing_style", "auto")}
    waits = Config(
        connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3}, s3=addressing
    )
    return S3_DEFAULTS | {"client_config": waits} | asked


def is_exposed(given: dict[str, Any]) -> bool:
    """Whether objects would be readable by everybody, or get addresses that need no signature."""
    return str(given.get("default_acl") or "").startswith("public") or not given.get(
        "querystring_auth", True
    )
