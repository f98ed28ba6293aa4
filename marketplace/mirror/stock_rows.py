"""What a caller or a file says about stock, row by row: taken or rejected, each with its reason.
Pure."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.codes import Code

STOCK_ROW_FIELDS = frozenset({"key", "sku", "on_hand", "synced_at"})
MAX_ON_HAND = 2**31 - 1
MAX_TEXT = 64


@dataclass(frozen=True, slots=True)
class StockUpdateRow:
    index: int  # its place among the rows sent
    key: str
    sku: str
    on_hand: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class RejectedStockRow:
    index: int
    key: str
    code: Code
    name: str = ""  # which value of the row; "" for the row
    evidence: Mapping[str, Any] = field(default_factory=dict)


def parse_stock_row(
    index: int, sent: Any, *, now: dt.datetime
) -> StockUpdateRow | RejectedStockRow:
    """A row as JSON gives it. What fails for two reasons is rejected for the first."""
    if not isinstance(sent, Mapping):
        return _reject_invalid(index, "", "", "an object is wanted")
    key = sent.get("key", sent.get("sku"))
    if not isinstance(key, str) or not 0 < len(key) <= MAX_TEXT:
        return _reject_invalid(index, "", "key", f"a text of 1 to {MAX_TEXT} characters is wanted")
    if unknown := sorted(set(sent) - STOCK_ROW_FIELDS):
        return _reject_invalid(index, key, unknown[0], "not known here")
    sku, on_hand, at = sent.get("sku"), sent.get("on_hand"), sent.get("synced_at")
    if not has_valid_sku(sent):
        return _reject_invalid(index, key, "sku", f"a text of 1 to {MAX_TEXT} characters is wanted")
    if type(on_hand) is not int or not 0 <= on_hand <= MAX_ON_HAND:
        return _reject_invalid(
            index, key, "on_hand", f"a whole number from 0 to {MAX_ON_HAND} is wanted"
        )
    instant = now if at is None else _parse_instant(at)
    if instant is None:
        return _reject_invalid(
            index, key, "synced_at", "an ISO 8601 time with its offset is wanted"
        )
    if instant > now:
        return _reject_invalid(
            index, key, "synced_at", f"it lies in the future; it is {now.isoformat()}"
        )
    return StockUpdateRow(index, key, sku, on_hand, instant)


def has_valid_sku(sent: Any) -> bool:
    sku = sent.get("sku") if isinstance(sent, Mapping) else None
    return isinstance(sku, str) and 0 < len(sku) <= MAX_TEXT and "\0" not in sku


def _reject_invalid(index: int, key: str, name: str, detail: str) -> RejectedStockRow:
    return RejectedStockRow(
        index, key, Code.INPUT_INVALID, name, {"detail": f"{name}: {detail}" if name else detail}
    )


def _parse_instant(text: Any) -> dt.datetime | None:
    try:
        at = dt.datetime.fromisoformat(text)
        return at.astimezone(dt.UTC) if at.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def newest_per_sku(
    rows: Iterable[StockUpdateRow],
) -> tuple[list[StockUpdateRow], list[RejectedStockRow]]:
    """One row a SKU: the newest, of equally new ones the last. The others are named as repeated."""
    chosen: dict[str, StockUpdateRow] = {}
    repeated = []
    for row in rows:
        before = chosen.get(row.sku)
        if before is None or row.at >= before.at:
            chosen[row.sku] = row
        if before:
            loser = before if chosen[row.sku] is row else row
            repeated.append(
                RejectedStockRow(
                    loser.index, loser.key, Code.STOCK_ROW_REPEATED, "sku", {"sku": row.sku}
                )
            )
    return list(chosen.values()), repeated
