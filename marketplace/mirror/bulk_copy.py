"""COPY: the quick way into PostgreSQL, a few thousand rows at a time."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

ROWS_PER_COPY = 10_000


class CopyBuffer:
    """Collects rows for one table and copies them in whenever PER_COPY are together; `flush` at
    the end."""

    def __init__(self, table: str, columns: Sequence[str]) -> None:
        self._sql = f"COPY {table} ({', '.join(columns)}) FROM STDIN WITH (FORMAT csv)"
        self._rows: list[Sequence[Any]] = []

    def add(self, row: Sequence[Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= ROWS_PER_COPY:
            self.flush()

    def flush(self) -> None:
        buffer = io.StringIO()
        csv.writer(buffer).writerows(self._rows)
        buffer.seek(0)
        with connection.cursor() as cursor:
            cursor.copy_expert(self._sql, buffer)
        self._rows.clear()


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    target = CopyBuffer(table, columns)
    for row in rows:
        target.add(row)
    target.flush()
