"""Payments from a file: CSV or XLSX, row by row; what can't be taken is told with its reason
(R-91)."""

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_naive

from diagnostics import problem_texts
from diagnostics.codes import Code
from diagnostics.problem import Problem
from diagnostics.transactions import refuse_in_transaction
from marketplace import sandboxed_reader
from marketplace.mirror import files
from marketplace.models import Store
from repurchase.fulfilment.services import payments as payment_services
from repurchase.fulfilment.services.payments import PaymentReceipt
from repurchase.models import PaymentSource

COLUMNS = ("order", "amount", "currency", "reference")
OPTIONAL = "received_at"
MAX_BYTES = 10 << 20
MAX_ROWS = 20_000
XLSX = b"PK\x03\x04"


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedPaymentRow:
    """`row` counts the rows of the file from 1, the header left out."""

    row: int
    fields: Sequence[str]
    code: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentImportResult:
    columns: Sequence[str]
    recorded: int
    known: int
    paid: Sequence[str]
    overpaid: Sequence[str]
    refused: Sequence[RefusedPaymentRow]


def import_file(*, store: Store, data: bytes, name: str, by: str) -> PaymentImportResult:
    """Reads and records. FILE_TOO_LARGE, FILE_NOT_CSV, FILE_ENCODING, FILE_COLUMNS_MISSING: then
    nothing is."""
    table = _read_table(data, name)
    if len(table) > MAX_ROWS:
        raise Problem(Code.INPUT_INVALID, detail=f"{name}: {len(table)} > {MAX_ROWS}")
    receipts, places, refused = [], [], []
    for n, fields in enumerate(table, start=1):
        try:
            receipts.append(_parse_receipt(n, fields))
            places.append(n)
        except Problem as problem:
            refused.append(_refused_payment_row(n, fields, problem))
    report = payment_services.record(
        store=store, receipts=receipts, source=PaymentSource.IMPORT, by=by
    )
    refused += [
        _refused_payment_row(places[r.index], table[places[r.index] - 1], r.problem)
        for r in report.refused
    ]
    return PaymentImportResult(
        columns=[*COLUMNS, OPTIONAL],
        recorded=report.recorded,
        known=report.known,
        paid=report.paid,
        overpaid=report.overpaid,
        refused=sorted(refused, key=lambda row: row.row),
    )


def _refused_payment_row(
    n: int, fields: Sequence[str] | None, problem: Problem
) -> RefusedPaymentRow:
    cause = problem_texts.describe(problem.code, problem.evidence).cause
    return RefusedPaymentRow(row=n, fields=fields or (), code=str(problem.code), reason=cause)


def _parse_receipt(n: int, fields: Sequence[str] | None) -> PaymentReceipt:
    if fields is None:
        raise Problem(Code.INPUT_INVALID, detail="the number of columns")
    order, amount, currency, reference, received = (field.strip() for field in fields)
    if len(reference) > 64:
        raise Problem(Code.INPUT_INVALID, detail="reference: 64")
    return PaymentReceipt(
        key=str(n),
        order=order,
        amount=amount,
        currency=currency,
        reference=reference,
        received_at=parse_received_at(received),
    )


def parse_received_at(text: str) -> dt.datetime | None:
    """ISO 8601; a day or an instant without a zone is the platform's. INPUT_INVALID for anything
    else."""
    if not text:
        return None
    try:
        at = parse_datetime(text)
        day = parse_date(text) if at is None else None
    except ValueError:
        at = day = None
    if at is None and day is None:
        raise Problem(Code.INPUT_INVALID, detail=f"received_at: {text[:40]}")
    at = at or dt.datetime.combine(day, dt.time())
    return at.replace(tzinfo=ZoneInfo(settings.TIME_ZONE)) if is_naive(at) else at


def _read_table(data: bytes, name: str) -> list[Sequence[str] | None]:
    """The columns in our order, the optional one last; None for a row of another width."""
    if len(data) > MAX_BYTES:
        raise Problem(Code.INPUT_INVALID, detail=f"{name}: {len(data)} > {MAX_BYTES}")
    return _read_spreadsheet(data, name) if data.startswith(XLSX) else _read_csv_rows(data, name)


def _read_spreadsheet(data: bytes, name: str) -> list[Sequence[str] | None]:
    refuse_in_transaction("sheet")
    try:
        found = sandboxed_reader.read("repurchase.fulfilment.xlsx_reader", data)
    except sandboxed_reader.ReaderCrashed as gone:
        raise Problem(Code.FILE_NOT_CSV, file=name, detail=str(gone)) from None
    if "error" in found:
        raise Problem(Code.FILE_NOT_CSV, file=name, detail=found["error"])
    if found["total"] > MAX_ROWS + 1:
        raise Problem(Code.INPUT_INVALID, detail=f"{name}: {found['total'] - 1} > {MAX_ROWS}")
    header, *rows = found["rows"] or [[]]
    if missing := [column for column in COLUMNS if column not in header]:
        raise Problem(Code.FILE_COLUMNS_MISSING, file=name, columns=missing)
    return [_select_columns(header, row) for row in rows if any(row)]


def _read_csv_rows(data: bytes, name: str) -> list[Sequence[str] | None]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(name).name[-80:].replace("\0", "") or "payments.csv")
        path.write_bytes(data)
        header, *rows = files.wide_rows(path, first=COLUMNS[0])
    if missing := [column for column in COLUMNS if column not in header]:
        raise Problem(Code.FILE_COLUMNS_MISSING, file=name, columns=missing)
    return [_select_columns(header, row) for row in rows if row]


def _select_columns(header: Sequence[str], row: Sequence[str]) -> Sequence[str] | None:
    if len(row) != len(header):
        return None
    values = dict(zip(header, row, strict=True))
    return [*(values[column] for column in COLUMNS), values.get(OPTIONAL, "")]
