"""The file of refused rows: each as it was read, with its number and the reason beside it.

An import's transaction lies inside of it, so that the file is put in its place only after the
commit; its rows are written before the transaction or after it, so that no disk is waited for
within.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from marketplace.atomic_files import write_atomically
from marketplace.spreadsheet_cells import escape_formula


class RefusedRowsFile:
    """Written beside its place and put there at the end, so that a failed import leaves no file."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self._columns = columns

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._whole = write_atomically(self.path)
        self._writer = csv.writer(self._whole.__enter__())
        self._writer.writerow(["row", "reason", *map(escape_formula, self._columns)])
        return self

    def write(self, row_no: int, fields: Sequence[str], reason: str) -> None:
        """`row_no` counts rows of the file from 1, the header left out."""
        self._writer.writerow([row_no, escape_formula(reason), *map(escape_formula, fields)])

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._whole.__exit__(kind, error, trace)
