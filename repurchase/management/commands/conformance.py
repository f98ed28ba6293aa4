"""Runs the conformance kit against an endpoint: every case, and what failed
(docs/conformance.md)."""

import dataclasses
import json
import os
import sys

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from diagnostics.problem import Problem
from marketplace.mirror.commands import get_store_by_code
from repurchase.integration.conformance import runner, words

LANGUAGES = [code for code, _name in settings.LANGUAGES]


def terminal_language() -> str:
    """The terminal's language, where it is one of ours."""
    said = next(
        filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), ""
    )
    return "zh-hans" if said.startswith("zh") else "en"


class Command(BaseCommand):
    help = "Runs the conformance kit against an integrator's endpoint; exit 1 when a case fails."

    def add_arguments(self, parser):
        parser.add_argument(
            "url",
            nargs="?",
            default="",
            help="the endpoint; https, or loopback from a sandbox store",
        )
        parser.add_argument("--store", required=True, help="a store's code: whose secret signs")
        parser.add_argument(
            "--secret", action="store_true", help="prints the secret that signs, and ends"
        )
        parser.add_argument(
            "--language",
            choices=LANGUAGES,
            default=terminal_language(),
            help="of the report; else the terminal's (LANG)",
        )
        parser.add_argument(
            "--json", action="store_true", help="machine-readable output, in English"
        )

    def handle(self, *args, **options):
        with translation.override(options["language"]):
            self._handle(**options)

    def _handle(self, **options):
        store = get_store_by_code(options["store"])
        if options["secret"]:
            self.stdout.write(runner.derive_kit_secret(store))
            return
        try:
            runner.refuse_unsafe_url(store, options["url"])
        except Problem as problem:
            raise CommandError(str(problem)) from None
        results = []
        for result in runner.iter_case_results(store=store, url=options["url"]):
            results.append(result)
            if not options["json"]:
                self._tell(result)
        self._end(results, as_json=options["json"])

    def _tell(self, result):
        said = words.result_payload(dataclasses.asdict(result))
        mark = _("passed") if result.passed else _("FAILED")
        self.stdout.write(f"{mark}  {said['name']}")
        if not result.passed:
            self.stdout.write("        " + _("expected: {asks}").format(asks=said["asks"]))
            self.stdout.write("        " + _("found: {found}").format(found=said["found"]))

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
            passed = len(results) - len(failed)
            self.stdout.write(
                _("{passed} of {cases} cases passed").format(passed=passed, cases=len(results))
            )
        if failed:
            sys.exit(1)
