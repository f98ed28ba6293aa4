"""Names of members that would set a price: refused by a code of their own on every path that takes
edits (R-19). Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from diagnostics.codes import Code
from diagnostics.problem import Problem

PRICE_WORDS = frozenset(
    {"price", "amount", "total", "base", "discount", "freight", "tax", "fee", "fees", "minor"}
)
PRICE_NAMES = frozenset({"currency", "paid", "goods", "listed", "subtotal", "cost"})
MAX_MEMBERS_SHOWN = 20
MAX_DEPTH = 8  # no body that is taken is as deep


def refuse_prices(sent: Any) -> None:
    """PRICE_LOCKED with the place of each member that is named like a price, however deep it
    stands."""
    rows = [
        {"pointer": p, "code": str(Code.PRICE_LOCKED), "detail": name}
        for p, name in _find_price_members(sent, "#")
    ]
    if rows:
        raise Problem(Code.PRICE_LOCKED, rows=rows[:MAX_MEMBERS_SHOWN])


def is_price_name(name: str) -> bool:
    """unit_price, total_minor, unitPrice …: by its words, whatever the spelling."""
    spaced = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).replace("-", "_")
    return bool(PRICE_WORDS & set(spaced.split("_"))) or spaced in PRICE_NAMES


def _find_price_members(
    sent: Any, pointer: str, depth: int = MAX_DEPTH
) -> Iterator[tuple[str, str]]:
    if not depth:
        return
    if isinstance(sent, Mapping):
        for name, below in sent.items():
            here = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if is_price_name(str(name)):
                yield here, str(name)
            yield from _find_price_members(below, here, depth - 1)
    elif isinstance(sent, list):
        for place, below in enumerate(sent):
            yield from _find_price_members(below, f"{pointer}/{place}", depth - 1)
