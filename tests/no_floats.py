"""`python -m tests.no_floats`: no binary fraction where amounts and rates are worked out or told;
part of `make lint`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent


def sources(folder: str) -> list[Path]:
    """FileNotFoundError for a folder without modules: a list that is empty checks nothing."""
    found = sorted((ROOT / folder).rglob("*.py"))
    if not found:
        raise FileNotFoundError(folder)
    return found


MONEY = [
    *[
        ROOT / name
        for name in (
            "marketplace/money.py", "marketplace/policy.py", "marketplace/territories.py", "marketplace/mirror/taxes.py",
            "eligibility/rules.py", "eligibility/screener.py", "repurchase/batches/planner.py", "repurchase/batches/bulk_insert.py",
            "repurchase/batches/partial_repricing.py", "repurchase/batches/edits.py", "repurchase/fulfilment/queries/carrier_charges.py",
            "repurchase/batches/queries/partial_repricing.py", "repurchase/batches/services/fee_quotes.py", "repurchase/portal/fees.py",
        )
    ],
    *[
        path
        for folder in ("pricing", "repurchase/integration/api", "repurchase/integration/feed")
        for path in sources(folder)
        if path.name != "throttles.py"  # seconds to wait
    ],
]  # fmt: skip


def floats_in(source: str) -> Iterator[str]:
    """Literals of binary fractions, `float`, and `round`, which sends a half to the even
    neighbour."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{node.lineno}: {node.value}"
        if isinstance(node, ast.Name) and node.id in {"float", "round"}:
            yield f"{node.lineno}: {node.id}"


def main() -> int:
    found = [
        f"{path.relative_to(ROOT)}:{each}"
        for path in MONEY
        for each in floats_in(path.read_text(encoding="utf-8"))
    ]
    sys.stdout.write("".join(f"{each} is no way to hold money\n" for each in found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
