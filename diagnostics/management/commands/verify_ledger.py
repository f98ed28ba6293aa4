import json
from itertools import islice

from django.core.management.base import BaseCommand, CommandError

from diagnostics import proofs
from diagnostics.ledger import first_bad_entry
from diagnostics.models import LedgerEntry, LedgerHead

MAX_NAMED_ROWS = 100
"""So many rows that differ are named."""


class Command(BaseCommand):
    help = (
        "Walks the ledger's hash chain and holds the rows that it records against the tables;"
        " exit 1, the first bad entry and every row that differs named."
    )

    def add_arguments(self, parser):
        parser.add_argument("--store", type=int, help="a store's id; every store without it")
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args, **options):
        stores = {options["store"]} if options["store"] is not None else _stores_with_ledger()
        results = [self._verify(store_id) for store_id in sorted(stores)]
        bad = [result for result in results if result["bad"]]
        if options["json"]:
            self.stdout.write(json.dumps(results))
        else:
            for result in results:
                self.stdout.write(_format_result(result))
        if bad:
            raise CommandError(f"store {bad[0]['store']}: {_describe_failure(bad[0])}")

    def _verify(self, store_id: int) -> dict:
        bad, read = first_bad_entry(store_id)
        differing = list(islice(proofs.find_differences(store_id), MAX_NAMED_ROWS))
        return {
            "store": store_id,
            "read": read,
            "rows": proofs.count_recorded_rows(store_id),
            "bad": str(bad or "") or next(iter(differing), ""),
            "entry": str(bad or ""),
            "differing": differing,
        }


def _stores_with_ledger() -> set[int]:
    """Whose ledger there is, or was: a head without entries is as suspicious as entries without a
    head."""
    entries = LedgerEntry.objects.order_by("store_id").values_list("store_id", flat=True).distinct()
    return {*LedgerHead.objects.values_list("store_id", flat=True), *entries}


def _format_result(result: dict) -> str:
    found = [_describe_failure(result)] if result["bad"] else ["intact"]
    found += [f"  {each}" for each in result["differing"]]
    return (
        f"store {result['store']}: {result['read']} entries, {result['rows']} rows, "
        + "\n".join(found)
    )


def _describe_failure(result: dict) -> str:
    if result["entry"]:
        return f"the first bad entry is {result['entry']}"
    return f"rows differ from the ledger, first {result['bad']}"
