"""Files that are there as a whole or not at all, also when the disk is full or the program is
interrupted."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

OWNER_ONLY = 0o600
EVERYBODY = 0o666  # less what the umask takes


@contextlib.contextmanager
def write_atomically(
    path: Path, *, binary: bool = False, secret: bool = False
) -> Iterator[IO[Any]]:
    """A file to write to, beside its place and put there at the end; OSError leaves nothing
    behind."""
    part = path.with_name(f"{path.name[:200]}.{secrets.token_hex(4)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = os.open(part, flags, OWNER_ONLY if secret else EVERYBODY)
    try:
        text = {} if binary else {"encoding": "utf-8", "newline": ""}
        with os.fdopen(descriptor, "wb" if binary else "w", **text) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
