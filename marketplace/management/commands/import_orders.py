"""`manage.py import_orders --store S --format online-retail FILE`: a past order history
(docs/importing.md)."""

import datetime as dt
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from marketplace.mirror import orders, profiles
from marketplace.mirror.accounting import ImportRowCounts
from marketplace.mirror.commands import ImportCommand, get_store_by_code, progress_bar


class Command(ImportCommand):
    help = "Imports past orders from a file. Running it twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--store", required=True, help="the store's code")
        parser.add_argument(
            "--format", required=True, help=f"one of: {', '.join(orders.FILE_FORMATS)}"
        )
        parser.add_argument(
            "--assume", metavar="PROFILE", help="fills what the format lacks, marked assumed"
        )
        parser.add_argument("--shift-latest-to", type=dt.date.fromisoformat, metavar="DATE")
        parser.add_argument("--refused", type=Path, metavar="FILE", help="where refused rows go")
        parser.add_argument(
            "--dry-run", action="store_true", help="says what would happen, imports nothing"
        )

    def work(self, **options: Any) -> dict[str, Any]:
        store = get_store_by_code(options["store"])
        stem = options["file"].name.split(".")[0]
        report = orders.import_orders(
            store=store,
            path=options["file"],
            file_format=options["format"],
            profile=profiles.load(options["assume"]) if options["assume"] else None,
            shift_latest_to=options["shift_latest_to"],
            refused_path=options["refused"]
            or settings.DATA_DIR / "refused" / f"{store.code}-{stem}.csv",
            dry_run=options["dry_run"],
            progress=progress_bar(),
        )
        return report_as_dict(report)


def report_as_dict(report: orders.OrderImportReport) -> dict[str, Any]:
    return {
        "dry_run": report.dry_run,
        "rows": count_rows_by_outcome(report.accounting),
        "orders": {"new": report.new_orders, "cancelled_whole": report.cancelled_orders},
        "price_list_entries": report.new_prices,
        "lines_of_the_last_90_days": {
            "within_the_price_band": report.lines_within_band,
            "out_of_it": report.lines_recent - report.lines_within_band,
        },
        "newest_order": report.newest and report.newest.isoformat(),
        "shifted_days": report.shifted_days,
        "refused_rows_file": str(report.refused_file),
    }


def count_rows_by_outcome(accounting: ImportRowCounts) -> dict[str, Any]:
    return {
        "read": accounting.read,
        "imported": accounting.imported,
        "already_there": accounting.already_there,
        "merged": {str(kind): n for kind, n in accounting.merged.items()},
        "cancelled": {str(kind): n for kind, n in accounting.cancelled.items()},
        "refused": {str(kind): n for kind, n in accounting.refused.most_common()},
        "accounted": accounting.accounted,
    }
