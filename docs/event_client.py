"""Keeps the state of every order in a file, from the event stream: python event_client.py URL FILE
[EVENTS]

KEY in the environment is an API key with the scope "read". It comes back where it was, whoever
broke the connection. EVENTS: end after so many.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

AGAIN_SECONDS = 2
SILENCE_SECONDS = 60  # four heartbeats that did not come: the connection is dead


def stream(url: str, after: int) -> Iterator[dict]:
    """The events after a number, until the connection ends."""
    asked = urllib.request.Request(
        f"{url}/api/v1/events/",
        headers={"Authorization": f"Bearer {os.environ['KEY']}", "Last-Event-ID": str(after)},
    )
    with urllib.request.urlopen(asked, timeout=SILENCE_SECONDS) as lines:
        for line in lines:
            if line.startswith(b"data: "):
                yield json.loads(line.removeprefix(b"data: "))


def take(known: dict, event: dict) -> None:
    """An event's orders are in the state that its type ends with. One seen before changes
    nothing."""
    kind, _, state = event["type"].partition(".")
    if event["seq"] <= known["seq"]:
        return
    if kind == "order":
        known["orders"] |= dict.fromkeys(event["data"]["orders"], state)
    known["seq"] = event["seq"]


def main(url: str, file: Path, events: float) -> None:
    known = json.loads(file.read_text()) if file.exists() else {"seq": 0, "orders": {}}
    while events > 0:
        try:
            for event in stream(url, known["seq"]):
                take(known, event)
                file.with_suffix(".part").write_text(json.dumps(known))
                file.with_suffix(".part").replace(file)  # whole, or as it was
                print(event["seq"], event["type"], event["subject"]["ref"], flush=True)
                events -= 1
                if events <= 0:
                    return
        except (urllib.error.URLError, OSError) as error:
            print(f"again in {AGAIN_SECONDS} s: {error}", file=sys.stderr)
        time.sleep(AGAIN_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else float("inf"))
