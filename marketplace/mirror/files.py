"""Reading a CSV, plain or packed by gzip, as a stream: one row at a time, whatever the file's size.

Every way in which a file can be no CSV ends in one Problem with its code; the caller has written
nothing yet.
"""

import contextlib
import csv
import gzip
import itertools
import zlib
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import IO

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from diagnostics.codes import Code
from diagnostics.problem import Problem

GZIP_MAGIC = b"\x1f\x8b"
OTHER_FILE_TYPES = {
    b"PK\x03\x04": gettext_noop("it is a spreadsheet or a zip file"),
    b"\xd0\xcf\x11\xe0": gettext_noop("it is a spreadsheet"),
    b"%PDF": gettext_noop("it is a PDF"),
}
BOM = b"\xef\xbb\xbf"
DELIMITERS = (",", ";", "\t")
ProgressCallback = Callable[[float], None]
"""Told the share of the file that has been read, 0 to 1."""


def rows(
    path: Path, *, columns: Sequence[str], progress: ProgressCallback | None = None
) -> Iterator[Sequence[str] | None]:
    """Each row's values of `columns`, in that order; None for a row with too few or too many
    fields.

    FILE_NOT_FOUND, FILE_NOT_CSV, FILE_ENCODING, FILE_COLUMNS_MISSING.
    """
    with _open_csv_file(path) as file, _csv_errors_as_problems(path):
        reader = csv.reader(_decode_lines(file, path, progress), strict=True)
        pick, width = _pick_columns(next(reader, None), columns, path)
        for row in reader:
            if row:
                yield pick(row) if len(row) == width else None


def wide_rows(path: Path, *, first: str) -> Iterator[list[str]]:
    """The header and every row of a table whose columns vary, but for the name of the first."""
    with _open_csv_file(path) as file, _csv_errors_as_problems(path):
        reader = csv.reader(_decode_lines(file, path, None), strict=True)
        header = next(reader, None)
        _pick_columns(header, [first], path)
        yield header
        yield from reader


def table(path: Path) -> Iterator[list[str]]:
    """The header and every row that is not empty, of a table parted by commas, semicolons or tabs,
    its names stripped.

    FILE_NOT_FOUND, FILE_NOT_CSV, FILE_ENCODING.
    """
    with _open_csv_file(path) as file, _csv_errors_as_problems(path):
        lines = _decode_lines(file, path, None)
        first = next(lines, "")
        sign = max(DELIMITERS, key=first.count)
        reader = csv.reader(
            itertools.chain([first], lines), strict=True, delimiter=sign, skipinitialspace=True
        )
        header = [name.strip() for name in next(reader, [])]
        if len(header) < 2:
            detail = _("its first line has no commas") if any(header) else _("it is empty")
            raise Problem(Code.FILE_NOT_CSV, file=path.name, detail=detail)
        yield header
        yield from (row for row in reader if any(cell.strip() for cell in row))


def fit_to_header(row: Sequence[str], header: Sequence[str]) -> list[str] | None:
    """The row's cells, stripped, one a name of the header; None where a name has no cell, or a
    filled cell no name."""
    cells, width = [cell.strip() for cell in row], len(header)
    if len(cells) < width and all(header[: len(cells)]) and not any(header[len(cells) :]):
        cells += [""] * (width - len(cells))  # a trailing comma that only the header has
    unnamed = [cell for n, cell in enumerate(cells) if n >= width or not header[n]]
    return cells[:width] if len(cells) >= width and not any(unnamed) else None


def ragged_rows(path: Path) -> Iterator[list[str]]:
    """Every row as it stands, the first one too, whatever its number of fields; empty lines are
    left away."""
    with _open_csv_file(path) as file, _csv_errors_as_problems(path):
        yield from (row for row in csv.reader(_decode_lines(file, path, None)) if row)


def require_columns(
    first: Sequence[str], header: Sequence[str], columns: Sequence[str], path: Path
) -> None:
    """FILE_NOT_CSV for a first line without commas, FILE_COLUMNS_MISSING; `header` are its names
    as they are known."""
    if not first:
        raise Problem(Code.FILE_NOT_CSV, file=path.name, detail=_("it is empty"))
    _pick_columns(header, columns, path)


@contextlib.contextmanager
def _open_csv_file(path: Path) -> Iterator[IO[bytes]]:
    try:
        raw = path.open("rb")
    except OSError as error:
        raise Problem(Code.FILE_NOT_FOUND, file=str(path), detail=error.strerror or "") from None
    with raw:
        start = raw.read(4)
        raw.seek(0)
        for magic, kind in OTHER_FILE_TYPES.items():
            if start.startswith(magic):
                raise Problem(Code.FILE_NOT_CSV, file=path.name, detail=_(kind))
        yield gzip.GzipFile(fileobj=raw) if start.startswith(GZIP_MAGIC) else raw


@contextlib.contextmanager
def _csv_errors_as_problems(path: Path) -> Iterator[None]:
    try:
        yield
    except (csv.Error, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise Problem(Code.FILE_NOT_CSV, file=path.name, detail=str(error)) from None


def _decode_lines(file: IO[bytes], path: Path, progress: ProgressCallback | None) -> Iterator[str]:
    """Lines as text. Decoded one by one, so that a wrong byte is named by its place in the
    (unpacked) file."""
    size = path.stat().st_size or 1
    raw = file.fileobj if isinstance(file, gzip.GzipFile) else file
    position = 0
    for n, line in enumerate(file):
        if n == 0:
            line = line.removeprefix(BOM)
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            raise Problem(
                Code.FILE_ENCODING, file=path.name, position=position + error.start
            ) from None
        if "\0" in text:
            raise Problem(Code.FILE_NOT_CSV, file=path.name, detail=_("it holds zero bytes"))
        position += len(line)
        if progress and n % 5000 == 0:
            progress(min(raw.tell() / size, 1))
        yield text


def _pick_columns(
    header: list[str] | None, columns: Sequence[str], path: Path
) -> tuple[Callable[[list[str]], Sequence[str]], int]:
    if header is None:
        raise Problem(Code.FILE_NOT_CSV, file=path.name, detail=_("it is empty"))
    missing = [name for name in columns if name not in header]
    if len(header) == 1:
        raise Problem(Code.FILE_NOT_CSV, file=path.name, detail=_("its first line has no commas"))
    if missing:
        raise Problem(Code.FILE_COLUMNS_MISSING, file=path.name, columns=missing)
    return itemgetter(*map(header.index, columns)), len(header)
