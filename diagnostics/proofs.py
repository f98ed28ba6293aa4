"""Rows that prove something: the digest of each stands in the ledger, so that a change of any
column is found (F-11).

`record(…, rows=of(…))` keeps the digests with the decision that wrote the rows. `find_differences`
holds what stands in the tables against them: a row that was changed, is gone, or was never
recorded. A column that may change by itself is left out by name; a column that came later counts
from the rows that were recorded with it.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from diagnostics.models import LedgerEntry

M = TypeVar("M", bound=type[Model])
LedgerCheck = Callable[[int, str], Iterator[str]]

DIGESTED_TABLES: dict[str, tuple[type[Model], frozenset[str]]] = {}
"""By table: the model, and the columns that may change without being recorded again."""
LEDGER_CHECKS: list[LedgerCheck] = []
"""(store id, subject or "" for all of the store) → what differs, in words for an operator."""
CHUNK_SIZE = 500


def digested_model(*may_change: str) -> Callable[[M], M]:
    """Declares that every row of a model, which has a `store_id`, is recorded with a digest."""

    def declare(model: M) -> M:
        DIGESTED_TABLES[model._meta.db_table] = model, frozenset(may_change)
        return model

    return declare


def register_check(function: LedgerCheck) -> LedgerCheck:
    """Registers another comparison for `verify_ledger` and for the verification of agreements."""
    LEDGER_CHECKS.append(function)
    return function


def digest_rows(*querysets: QuerySet) -> dict[str, dict[str, Any]]:
    """What `ledger.record` keeps as `rows`: by table, the columns read and each row's digest by
    its key."""
    told: dict[str, dict[str, Any]] = {}
    for rows in querysets:
        table = rows.model._meta.db_table
        columns = _digested_columns(rows.model, DIGESTED_TABLES[table][1])
        digests = {str(pk): digest for pk, digest in _row_digests(rows, columns)}
        told.setdefault(table, {"columns": columns, "digests": {}})["digests"].update(digests)
    return told


def find_differences(store_id: int, subject: str = "") -> Iterator[str]:
    """What no longer equals the ledger: "pricing_act 17: changed". With a subject, of its entries
    alone."""
    recorded = _recorded_digests(store_id, subject)
    for table, (model, _) in sorted(DIGESTED_TABLES.items()):
        yield from _differing_rows(model, recorded.get(table, {}), store_id, whole=not subject)
    for each in LEDGER_CHECKS:
        yield from each(store_id, subject)


def count_recorded_rows(store_id: int) -> int:
    """How many rows of a store are recorded."""
    return sum(len(rows) for rows in _recorded_digests(store_id, "").values())


def digest_of_values(values: Iterable[Any]) -> str:
    """SHA-256 over the columns' values in order, as canonical JSON."""
    plain = json.dumps(
        list(values),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        default=_canonical_value,
    )
    return hashlib.sha256(plain.encode()).hexdigest()


def _canonical_value(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return hashlib.sha256(bytes(value)).hexdigest()
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return str(value)


def _digested_columns(model: type[Model], may_change: Collection[str]) -> list[str]:
    return [
        field.attname for field in model._meta.concrete_fields if field.attname not in may_change
    ]


def _row_digests(rows: QuerySet, columns: list[str]) -> Iterator[tuple[Any, str]]:
    for pk, *values in (
        rows.order_by("pk").values_list("pk", *columns).iterator(chunk_size=CHUNK_SIZE)
    ):
        yield pk, digest_of_values(values)


def _recorded_digests(
    store_id: int, subject: str
) -> dict[str, dict[str, tuple[tuple[str, ...], str]]]:
    """By table and key: the columns and the digest, as last recorded."""
    entries = LedgerEntry.objects.filter(store_id=store_id, facts__has_key="rows").order_by("seq")
    if subject:
        entries = entries.filter(subject=subject)
    found: dict[str, dict[str, tuple[tuple[str, ...], str]]] = {}
    for told in entries.values_list("facts__rows", flat=True).iterator(chunk_size=CHUNK_SIZE):
        for table, of_table in told.items():
            columns = tuple(of_table["columns"])
            rows = found.setdefault(table, {})
            rows.update({pk: (columns, digest) for pk, digest in of_table["digests"].items()})
    return found


def _differing_rows(
    model: type[Model],
    recorded: Mapping[str, tuple[tuple[str, ...], str]],
    store_id: int,
    *,
    whole: bool,
) -> Iterator[str]:
    table, rest = model._meta.db_table, dict(recorded)
    rows = model._base_manager.filter(store_id=store_id)
    by_columns: dict[tuple[str, ...], list[str]] = {}
    for pk, (columns, _) in recorded.items():
        by_columns.setdefault(columns, []).append(pk)
    for columns, pks in by_columns.items():
        for start in range(0, len(pks), CHUNK_SIZE):
            for pk, digest in _row_digests(
                rows.filter(pk__in=pks[start : start + CHUNK_SIZE]), list(columns)
            ):
                if rest.pop(str(pk))[1] != digest:
                    yield f"{table} {pk}: changed"
    yield from (f"{table} {pk}: gone" for pk in rest)
    if whole:
        known = set(recorded)
        for pk in rows.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=CHUNK_SIZE):
            if str(pk) not in known:
                yield f"{table} {pk}: not recorded"
