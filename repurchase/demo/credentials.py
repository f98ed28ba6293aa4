"""The demo's credentials, random for each data directory and readable by its owner only."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "credentials.json"


def write(file: Path, issued: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(issued, out, indent=2)
    part.replace(file)
