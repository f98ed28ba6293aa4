"""Runs the conformance kit against an endpoint: every case, and what failed (docs/conformance.md)."""

import dataclasses
import json
import sys

from django.core.management.base import BaseCommand, CommandError

from diagnostics.problem import Problem
from marketplace.mirror.commands import store_of
from repurchase.services import conforming


class Command(BaseCommand):
    help = "Runs the conformance kit against an integrator's endpoint; exit 1 when a case fails."

    def add_arguments(self, parser):
        parser.add_argument(
            "url", nargs="?", default="", help="the endpoint; https, or loopback from a sandbox store"
        )
        parser.add_argument("--store", required=True, help="a store's code: whose secret signs")
        parser.add_argument("--secret", action="store_true", help="prints the secret that signs, and ends")
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args, **options):
        store = store_of(options["store"])
        if options["secret"]:
            self.stdout.write(conforming.secret_of(store))
            return
        try:
            conforming.refuse(store, options["url"])
        except Problem as problem:
            raise CommandError(str(problem)) from None
        results = []
        for result in conforming.results_of(store=store, url=options["url"]):
            results.append(result)
            if not options["json"]:
                self._tell(result)
        self._end(results, as_json=options["json"])

    def _tell(self, result):
        mark = "passed" if result.passed else "FAILED"
        self.stdout.write(f"{mark}  {result.name}")
        if not result.passed:
            self.stdout.write(f"        expected: {result.asks}\n        found: {result.found}")

    def _end(self, results, *, as_json):
        failed = [each.name for each in results if not each.passed]
        if as_json:
            told = {
                "cases": len(results),
                "failed": failed,
                "results": [dataclasses.asdict(r) for r in results],
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            self.stdout.write(f"{len(results) - len(failed)} of {len(results)} cases passed")
        if failed:
            sys.exit(1)
