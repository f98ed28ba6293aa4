"""Stock levels from outside (R-80): each SKU's number and when it was read. Reservations are never
touched here, they are rows of their own (`StockClaim`)."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from diagnostics.codes import Code
from marketplace import clock
from marketplace.mirror import files
from marketplace.mirror.rejected_rows import RefusedRowsFile
from marketplace.mirror.stock_rows import (
    RejectedStockRow,
    StockUpdateRow,
    has_valid_sku,
    newest_per_sku,
    parse_stock_row,
)
from marketplace.models import Sku, Store

STOCK_FILE_COLUMNS = ("sku", "on_hand", "synced_at")
FILE_ROWS_PER_STATEMENT = 5000


@dataclass(kw_only=True)
class InventoryReport:
    """accepted + rejected = the rows sent, each once."""

    accepted: int = 0
    rejected: list[RejectedStockRow] = field(default_factory=list)


@transaction.atomic
def put(*, store: Store, rows: Sequence[Any], source: str) -> InventoryReport:
    """Takes what can be taken: a set-based statement, the same number of queries for any number of
    rows.

    A row older than what is known never overwrites it. Rejected, each row for itself:
    INPUT_INVALID, SKU_UNKNOWN, STOCK_ROW_STALE, STOCK_ROW_REPEATED. `source` "" leaves the numbers
    the mirror's own, simulated or assumed.
    """
    known = _lock_skus(store, {sent["sku"] for sent in rows if has_valid_sku(sent)})
    now = clock.now(
        store
    )  # after the wait for the rows: who comes second is judged by the later instant
    found = [parse_stock_row(index, sent, now=now) for index, sent in enumerate(rows)]
    rejected = [row for row in found if isinstance(row, RejectedStockRow)]
    wanted, repeated = newest_per_sku(row for row in found if isinstance(row, StockUpdateRow))
    taken = []
    for row in wanted:
        refusal = _rejection_of(row, known)
        rejected.append(refusal) if refusal else taken.append(row)
    _update_stock(taken, known, source)
    rejected = sorted([*rejected, *repeated], key=lambda r: r.index)
    return InventoryReport(accepted=len(taken), rejected=rejected)


def _lock_skus(store: Store, codes: Collection[str]) -> dict[str, tuple[int, dt.datetime | None]]:
    """(id, last sync) by code, the rows held in the order of their ids, as a price lock takes
    them."""
    rows = (
        Sku.objects.filter(store=store, code__in=codes)
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    return {code: (pk, at) for code, pk, at in rows.values_list("code", "pk", "stock_synced_at")}


def _rejection_of(
    row: StockUpdateRow, known: Mapping[str, tuple[int, dt.datetime | None]]
) -> RejectedStockRow | None:
    if row.sku not in known:
        return RejectedStockRow(row.index, row.key, Code.SKU_UNKNOWN, "sku", {"sku": row.sku})
    last = known[row.sku][1]
    if last is not None and row.at < last:
        evidence = {"sku": row.sku, "value": row.at.isoformat(), "limit": last.isoformat()}
        return RejectedStockRow(row.index, row.key, Code.STOCK_ROW_STALE, "synced_at", evidence)
    return None


UPDATE_STOCK_SQL = """
UPDATE marketplace_sku k
   SET on_hand = s.on_hand, stock_synced_at = s.at, stock_source = %(source)s,
       assumed = CASE WHEN %(source)s = '' THEN k.assumed
                      ELSE array_remove(array_remove(k.assumed, 'on_hand'), 'stock_synced_at') END
  FROM unnest(%(ids)s::bigint[], %(on_hand)s::int[], %(at)s::timestamptz[]) AS s (id, on_hand, at)
 WHERE k.id = s.id
"""


def _update_stock(
    rows: Sequence[StockUpdateRow], known: Mapping[str, tuple[int, dt.datetime | None]], source: str
) -> None:
    values = {
        "ids": [known[row.sku][0] for row in rows],
        "on_hand": [row.on_hand for row in rows],
        "at": [row.at for row in rows],
        "source": source,
    }
    with connection.cursor() as cursor:
        cursor.execute(UPDATE_STOCK_SQL, values)


def import_file(
    *, store: Store, path: Path, refused_path: Path, progress: files.ProgressCallback | None = None
) -> dict[str, Any]:
    """A CSV of `sku,on_hand,synced_at` (docs/stock.md). A blank time is now; the codes of
    `files.rows`."""
    rows = list(files.rows(path, columns=STOCK_FILE_COLUMNS, progress=progress))
    with RefusedRowsFile(refused_path, STOCK_FILE_COLUMNS) as refused:
        accepted, rejected = _put_in_batches(store, rows)
        for place, code in rejected:
            refused.write(place + 1, rows[place] or (), code)
    return {
        "read": len(rows),
        "accepted": accepted,
        "refused": dict(Counter(code for _, code in rejected)),
    }


@transaction.atomic
def _put_in_batches(
    store: Store, rows: Sequence[Sequence[str] | None]
) -> tuple[int, list[tuple[int, str]]]:
    """How many were accepted; the place and the code of each one that was not."""
    accepted, rejected = 0, []
    for start in range(0, len(rows), FILE_ROWS_PER_STATEMENT):
        some = [
            _row_from_fields(fields) for fields in rows[start : start + FILE_ROWS_PER_STATEMENT]
        ]
        report = put(store=store, rows=some, source="file")
        accepted += report.accepted
        rejected += [(start + each.index, str(each.code)) for each in report.rejected]
    return accepted, rejected


def _row_from_fields(fields: Sequence[str] | None) -> Any:
    """A file's row as a caller would send it; None where it has too few or too many fields."""
    if fields is None:
        return None
    sku, on_hand, at = (text.strip() for text in fields)
    pieces = (
        int(on_hand) if on_hand.isascii() and on_hand.isdigit() and len(on_hand) < 19 else on_hand
    )
    return {"sku": sku, "on_hand": pieces} | ({"synced_at": at} if at else {})
