"""How large a fault test is: small in `make test`, CHAOS=full in `make chaos`, CHAOS=long in `make
chaos-long`."""

import os
import sys

LEVEL = os.environ.get("CHAOS", "")


def size(small: int, full: int, long: int = 0) -> int:
    return {"": small, "full": full}.get(LEVEL, long or full)


def say(figure: str) -> None:
    """What was measured: `make chaos` shows what passing tests wrote (`-rP`), for a person to
    read."""
    sys.stdout.write(f"{figure}\n")
