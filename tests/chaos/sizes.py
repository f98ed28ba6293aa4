"""How large a fault test is: small within `make test`, full within `make chaos` (CHAOS=full)."""

import os
import sys

FULL = os.environ.get("CHAOS") == "full"


def size(small: int, full: int) -> int:
    return full if FULL else small


def say(figure: str) -> None:
    """What was measured, past pytest's capture: `make chaos` is read by a person."""
    if sys.__stderr__:
        sys.__stderr__.write(f"\n{figure}\n")
