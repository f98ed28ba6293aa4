"""`make bench`: each figure is a ratio to the floor of the same work, measured in the same run on
the same server."""

import json
import sys
from pathlib import Path

from django.core.management import call_command

from tests.bench import (
    batch,
    checks,
    diagnosing,
    events,
    fees,
    figures,
    history,
    importing,
    scaling,
    screening,
)

BENCHES = {
    "batch": batch.run,
    "checks": checks.run,
    "scaling": scaling.run,
    "screening": screening.run,
    "fees": fees.run,
    "history": history.run,
    "importing": importing.run,
    "events": events.run,
    "diagnosing": diagnosing.run,
    "figures": figures.run,
}


def main() -> int:
    call_command("migrate", verbosity=0)
    chosen = sys.argv[1:] or list(BENCHES)
    results: dict[str, dict] = {}
    for name in chosen:
        results |= BENCHES[name]()
    Path("bench.json").write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    _print(results)
    return 0


def _print(results: dict[str, dict]) -> None:
    rows = [(n, f"{r['value']:g} {r['unit']}", r["goal"], r["detail"]) for n, r in results.items()]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    for row in rows:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
            + "  "
            + row[3]
        )


if __name__ == "__main__":
    sys.exit(main())
