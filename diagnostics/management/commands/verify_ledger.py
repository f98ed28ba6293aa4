import json

from django.core.management.base import BaseCommand, CommandError

from diagnostics.ledger import first_bad_entry
from diagnostics.models import LedgerHead


class Command(BaseCommand):
    help = "Walks the ledger's hash chain; exit 1 and the first bad entry named."

    def add_arguments(self, parser):
        parser.add_argument("--store", type=int, help="a store's id; every store without it")
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args, **options):
        heads = LedgerHead.objects.order_by("store_id")
        if options["store"]:
            heads = heads.filter(pk=options["store"])
        results = [self._verify(head.store_id) for head in heads]
        bad = [result for result in results if result["bad"]]
        if options["json"]:
            self.stdout.write(json.dumps(results))
        else:
            for result in results:
                self.stdout.write(
                    f"store {result['store']}: {result['read']} entries, {result['bad'] or 'intact'}"
                )
        if bad:
            raise CommandError(f"store {bad[0]['store']}: the first bad entry is {bad[0]['bad']}")

    def _verify(self, store_id: int) -> dict:
        bad, read = first_bad_entry(store_id)
        return {"store": store_id, "read": read, "bad": str(bad) if bad else ""}
