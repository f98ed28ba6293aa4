"""`python -m tests.chaos [--small] [F-1 …]`: breaks what a batch depends on, and says what came of
it.

On servers and with worker processes of its own; writes chaos.json, ends with 1 when a figure is
missed.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.stage import staged

GOALS = {
    "F-1": ("seconds", 60), "F-2": ("seconds", 30), "F-3": ("seconds_after_its_return", 30),
    "F-6": ("seconds_to_resume", 20), "poison": ("seconds", 120), "frozen": ("seconds", 60), "fairness": ("seconds", 3),
}  # fmt: skip


def main(arguments: list[str]) -> int:
    small = "--small" in arguments
    chosen = [name for name in arguments if name in GOALS] or list(GOALS)
    with (
        tempfile.TemporaryDirectory(prefix="bro-chaos-", ignore_cleanup_errors=True) as folder,
        staged(Path(folder)) as stage,
    ):
        found = _run(stage, chosen, small=small)
    Path(os.environ.get("CHAOS_REPORT", "chaos.json")).write_text(
        json.dumps(found, indent=2) + "\n"
    )
    for name, result in found.items():
        sys.stdout.write(f"{name}  {'met' if result['met'] else 'MISSED'}  {json.dumps(result)}\n")
    return 0 if all(result["met"] for result in found.values()) else 1


def _run(stage, chosen: list[str], *, small: bool) -> dict[str, dict]:
    import django

    django.setup()
    from django.core.management import call_command

    from tests.chaos import batches

    call_command("migrate", verbosity=0)
    sizes = batches.SMALL if small else batches.BIG
    store, numbers = batches.fill(sizes)
    stage.begin()
    found = {}
    with batches.ready(stage, store, numbers):
        for name in chosen:
            began = time.monotonic()
            result = batches.SCENARIOS[name](stage, store, numbers, sizes)
            figure, goal = GOALS[name]
            met = not result["faults"] and result[figure] <= goal
            found[name] = {
                **result,
                "took": round(time.monotonic() - began, 1),
                "goal": goal,
                "met": met,
            }
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
