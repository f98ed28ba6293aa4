"""`make check-slow`: each figure beside its goal, kept in check-slow.json. Exit 1 where one is
missed."""

import json
import sys
from pathlib import Path

from django.core.management import call_command

from tests.slow import papers

CHECKS = {"papers": papers.run}


def main() -> int:
    call_command("migrate", verbosity=0)
    results: dict[str, dict] = {}
    for name in sys.argv[1:] or CHECKS:
        results |= CHECKS[name]()
    Path("check-slow.json").write_text(json.dumps(results, indent=2) + "\n")
    missed = [name for name, found in results.items() if found["value"] > found["goal"]]
    for name, found in results.items():
        mark = "MISSED" if name in missed else "met"
        print(
            f"{mark:<7}{name:<21}{found['value']:>8g}  goal ≤ {found['goal']:<5g}{found['detail']}"
        )
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
