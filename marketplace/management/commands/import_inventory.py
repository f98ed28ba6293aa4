"""`manage.py import_inventory --store S FILE`: stock levels from a CSV (docs/stock.md)."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from marketplace.mirror import inventory
from marketplace.mirror.commands import ImportCommand, get_store_by_code, progress_bar


class Command(ImportCommand):
    help = "Imports stock levels. Running it twice changes nothing; an older row never overwrites a newer one."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--store", required=True, help="the store's code")
        parser.add_argument("--refused", type=Path, metavar="FILE", help="where refused rows go")

    def work(self, **options: Any) -> dict[str, Any]:
        store = get_store_by_code(options["store"])
        stem = options["file"].name.split(".")[0]
        refused = options["refused"] or settings.DATA_DIR / "refused" / f"{store.code}-{stem}.csv"
        rows = inventory.import_file(
            store=store, path=options["file"], refused_path=refused, progress=progress_bar()
        )
        return {"rows": rows, "refused_rows_file": str(refused)}
