"""Cursors: an opaque text that names the last row seen; a broken one is refused, never guessed."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from diagnostics.codes import Code
from diagnostics.problem import Problem

PAGE_SIZE = 50
MAX_CURSOR_LENGTH = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class CursorPage:
    rows: list[Any]
    next_cursor: str = ""


def encode_cursor(*values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type) -> list[Any]:
    try:
        if len(cursor) > MAX_CURSOR_LENGTH:
            raise ValueError
        values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(types):
        raise Problem(Code.INPUT_INVALID, detail="cursor")
    return values
