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
from marketplace.mirror.rejected_rows import RefusedRows
from marketplace.mirror.stock_rows import Rejected, Row, names_a_sku, newest_of_each, read
from marketplace.models import Sku, Store

COLUMNS = ("sku", "on_hand", "synced_at")
FILE_ROWS_A_STATEMENT = 5000


@dataclass(kw_only=True)
class Report:
    """accepted + rejected = the rows sent, each once."""

    accepted: int = 0
    rejected: list[Rejected] = field(default_factory=list)


@transaction.atomic
def put(*, store: Store, rows: Sequence[Any], source: str) -> Report:
    """Takes what can be taken: a set-based statement, the same number of queries for any number of
    rows.

    A row older than what is known never overwrites it. Rejected, each row for itself:
    INPUT_INVALID, SKU_UNKNOWN, STOCK_ROW_STALE, STOCK_ROW_REPEATED. `source` "" leaves the numbers
    the mirror's own, simulated or assumed.
    """
    known = _held(store, {sent["sku"] for sent in rows if names_a_sku(sent)})
    now = clock.now(
        store
    )  # after the wait for the rows: who comes second is judged by the later instant
    found = [read(index, sent, now=now) for index, sent in enumerate(rows)]
    rejected = [row for row in found if isinstance(row, Rejected)]
    wanted, repeated = newest_of_each(row for row in found if isinstance(row, Row))
    taken = []
    for row in wanted:
        refusal = _refusal(row, known)
        rejected.append(refusal) if refusal else taken.append(row)
    _write(taken, known, source)
    rejected = sorted([*rejected, *repeated], key=lambda r: r.index)
    return Report(accepted=len(taken), rejected=rejected)


def _held(store: Store, codes: Collection[str]) -> dict[str, tuple[int, dt.datetime | None]]:
    """(id, last sync) by code, the rows held in the order of their ids, as a price lock takes
    them."""
    rows = (
        Sku.objects.filter(store=store, code__in=codes)
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    return {code: (pk, at) for code, pk, at in rows.values_list("code", "pk", "stock_synced_at")}


def _refusal(row: Row, known: Mapping[str, tuple[int, dt.datetime | None]]) -> Rejected | None:
    if row.sku not in known:
        return Rejected(row.index, row.key, Code.SKU_UNKNOWN, "sku", {"sku": row.sku})
    last = known[row.sku][1]
    if last is not None and row.at < last:
        evidence = {"sku": row.sku, "value": row.at.isoformat(), "limit": last.isoformat()}
        return Rejected(row.index, row.key, Code.STOCK_ROW_STALE, "synced_at", evidence)
    return None


WRITE = """
UPDATE marketplace_sku k
   SET on_hand = s.on_hand, stock_synced_at = s.at, stock_source = %(source)s,
       assumed = CASE WHEN %(source)s = '' THEN k.assumed
                      ELSE array_remove(array_remove(k.assumed, 'on_hand'), 'stock_synced_at') END
  FROM unnest(%(ids)s::bigint[], %(on_hand)s::int[], %(at)s::timestamptz[]) AS s (id, on_hand, at)
 WHERE k.id = s.id
"""


def _write(
    rows: Sequence[Row], known: Mapping[str, tuple[int, dt.datetime | None]], source: str
) -> None:
    values = {
        "ids": [known[row.sku][0] for row in rows],
        "on_hand": [row.on_hand for row in rows],
        "at": [row.at for row in rows],
        "source": source,
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, values)


def import_file(
    *, store: Store, path: Path, refused_path: Path, progress: files.Progress | None = None
) -> dict[str, Any]:
    """A CSV of `sku,on_hand,synced_at` (docs/stock.md). A blank time is now; the codes of
    `files.rows`."""
    rows = list(files.rows(path, columns=COLUMNS, progress=progress))
    with RefusedRows(refused_path, COLUMNS) as refused:
        accepted, rejected = _put_all(store, rows)
        for place, code in rejected:
            refused.write(place + 1, rows[place] or (), code)
    return {
        "read": len(rows),
        "accepted": accepted,
        "refused": dict(Counter(code for _, code in rejected)),
    }


@transaction.atomic
def _put_all(
    store: Store, rows: Sequence[Sequence[str] | None]
) -> tuple[int, list[tuple[int, str]]]:
    """How many were accepted; the place and the code of each one that was not."""
    accepted, rejected = 0, []
    for start in range(0, len(rows), FILE_ROWS_A_STATEMENT):
        some = [_as_sent(fields) for fields in rows[start : start + FILE_ROWS_A_STATEMENT]]
        report = put(store=store, rows=some, source="file")
        accepted += report.accepted
        rejected += [(start + each.index, str(each.code)) for each in report.rejected]
    return accepted, rejected


def _as_sent(fields: Sequence[str] | None) -> Any:
    """A file's row as a caller would send it; None where it has too few or too many fields."""
    if fields is None:
        return None
    sku, on_hand, at = (text.strip() for text in fields)
    pieces = (
        int(on_hand) if on_hand.isascii() and on_hand.isdigit() and len(on_hand) < 19 else on_hand
    )
    return {"sku": sku, "on_hand": pieces} | ({"synced_at": at} if at else {})
