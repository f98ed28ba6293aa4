"""Reads a stranger's bytes in a child that can be killed (reliability 10).

`python -m marketplace.sandboxed_reader MODULE` limits itself, then hands its standard input to
`MODULE.read(bytes)` and prints the JSON of the answer. The modules that it opens need no Django.
"""

import contextlib
import ctypes
import importlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MEMORY = 1 << 30
CPU_SECONDS = 60
WALL_SECONDS = 120
OPEN_FILES = 64
NEW_USER, NEW_NET = 0x10000000, 0x40000000  # of unshare(2)


class ReaderCrashed(Exception):
    """The child ended without an answer: out of memory, of time, or killed."""


def read(module: str, data: bytes) -> Any:
    """What `module.read` makes of the bytes. Gone when the child did not live to tell."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
    }
    try:
        done = subprocess.run(
            [sys.executable, "-m", "marketplace.sandboxed_reader", module],
            input=data,
            capture_output=True,
            cwd=ROOT,
            env=environment,
            timeout=WALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ReaderCrashed(f"no answer in {WALL_SECONDS} s") from None
    if done.returncode:
        raise ReaderCrashed(
            f"the child ended with {done.returncode}: {done.stderr.decode(errors='replace')[-200:]}"
        )
    return json.loads(done.stdout)


def limit_resources() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with contextlib.suppress(
        OSError, AttributeError
    ):  # no network where the kernel lets us give it up
        ctypes.CDLL(None).unshare(NEW_USER | NEW_NET)


def main(module: str) -> None:
    reader = importlib.import_module(module)
    limit_resources()
    sys.stdout.write(json.dumps(reader.read(sys.stdin.buffer.read())))


if __name__ == "__main__":
    main(sys.argv[1])
