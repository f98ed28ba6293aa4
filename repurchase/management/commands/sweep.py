import dataclasses
import json

from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

from diagnostics.problem import Problem
from marketplace.models import Store
from repurchase.deadlines.sweep import run_sweep


class Command(BaseCommand):
    help = "One pass of the timers, as the worker does it; prints what changed."

    def add_arguments(self, parser):
        parser.add_argument("--store", help="a store's code; every store without it")
        parser.add_argument(
            "--at", help="judge by this instant (ISO 8601 with zone); sandbox stores only"
        )
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args, **options):
        store = self._store(options["store"])
        try:
            swept = dataclasses.asdict(run_sweep(store=store, at=self._instant(options["at"])))
        except Problem as problem:
            raise CommandError(str(problem)) from None
        text = (
            json.dumps(swept)
            if options["json"]
            else ", ".join(f"{k}: {v}" for k, v in swept.items())
        )
        self.stdout.write(text)

    def _store(self, code: str | None) -> Store | None:
        if code is None:
            return None
        store = Store.objects.filter(code=code).first()
        if store is None:
            raise CommandError(f"NOT_FOUND: no store has the code {code}")
        return store

    def _instant(self, text: str | None):
        if text is None:
            return None
        at = parse_datetime(text)
        if at is None or not is_aware(at):
            raise CommandError(f"INPUT_INVALID: {text} is no ISO 8601 instant with a zone")
        return at
