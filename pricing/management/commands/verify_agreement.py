import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from pricing.services.verification import VerificationVerdict, verify


class Command(BaseCommand):
    help = "Says whether a PDF is an agreement that was sealed here and is as it was; exit 1 and what is wrong."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args, **options):
        try:
            verdict = verify(options["file"].read_bytes())
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from None
        self.stdout.write(
            json.dumps(_verdict_values(verdict)) if options["json"] else _describe_verdict(verdict)
        )
        if not verdict.ok:
            wrong = [found.check for found in verdict.checks if not found.ok]
            raise CommandError(f"{options['file']} is not to be trusted: {', '.join(wrong)}")


def _verdict_values(verdict: VerificationVerdict) -> dict:
    return {
        "ok": verdict.ok,
        "checks": [{"check": f.check, "ok": f.ok, "detail": f.detail} for f in verdict.checks],
        "sealed_by": verdict.seal.get("name", ""),
        "fingerprint": verdict.seal.get("fingerprint", ""),
        "sealed_at": verdict.seal.get("sealed_at", ""),
        "time_stamped_at": verdict.seal.get("stamped_at", ""),
        "subject": verdict.agreement.get("subject", ""),
    }


def _describe_verdict(verdict: VerificationVerdict) -> str:
    lines = [
        f"{'ok ' if f.ok else 'BAD'} {f.check:<12} {f.detail}".rstrip() for f in verdict.checks
    ]
    if verdict.seal.get("name"):
        lines.append(f"sealed by {verdict.seal['name']} at {verdict.seal['sealed_at']}")
    return "\n".join(lines)
