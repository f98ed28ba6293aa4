"""Records what buyers paid, from a CSV or XLSX: order, amount, currency, reference, received_at
(R-91)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from diagnostics.codes import Code
from diagnostics.problem import Problem
from marketplace.mirror.commands import ImportCommand, get_store_by_code
from marketplace.mirror.rejected_rows import RefusedRowsFile
from repurchase.fulfilment.services import payment_import


class Command(ImportCommand):
    help = "Records payments from a CSV or XLSX file; refused rows go to a file with the reason beside each."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--store", required=True, help="the store's code")
        parser.add_argument(
            "--refused",
            type=Path,
            help="where refused rows go; beside the file unless said otherwise",
        )

    def work(
        self, *, file: Path, store: str, refused: Path | None, **options: Any
    ) -> dict[str, Any]:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise Problem(
                Code.FILE_NOT_FOUND, file=str(file), detail=error.strerror or ""
            ) from None
        found = payment_import.import_file(
            store=get_store_by_code(store), data=data, name=file.name, by="command:import_payments"
        )
        where = refused or file.with_name(f"{file.stem}.refused.csv")
        if found.refused:
            with RefusedRowsFile(where, found.columns) as rows:
                for row in found.refused:
                    rows.write(row.row, row.fields, f"{row.code}: {row.reason}")
        return {
            "recorded": found.recorded,
            "known": found.known,
            "orders_paid": len(found.paid),
            "orders_overpaid": len(found.overpaid),
            "refused": len(found.refused),
            **({"refused_file": str(where)} if found.refused else {}),
        }
