"""The demo's credentials, random for each data directory and readable by its owner only."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marketplace.atomic_files import write_atomically

CREDENTIALS_FILE_NAME = "credentials.json"


def write(file: Path, issued: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with write_atomically(file, secret=True) as out:
        json.dump(issued, out, indent=2)
