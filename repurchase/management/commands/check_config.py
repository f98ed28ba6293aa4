import json
from typing import Any

from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from pricing import seal
from qualification import storage as storage_module
from repurchase.site import production_checks, start_up, storage

CHECKED_BY_DJANGO = [Tags.security]


class Command(BaseCommand):
    help = "Says what is misconfigured for production, errors and warnings; exit 1 if anything is. Errors keep it from starting."
    requires_system_checks: list[str] = []  # it says itself what they would

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args: Any, **options: Any) -> None:
        errors = [
            *production_checks.errors(start_up.read_site_settings()),
            *start_up.of_another_version(),
        ]
        warnings = [
            text
            for text in [*_settings_problems(), *_seal_problems(), *_django_problems()]
            if text not in errors
        ]
        if options["json"]:
            self.stdout.write(json.dumps({"errors": errors, "warnings": warnings}))
        else:
            lines = [
                *(f"error: {text}" for text in errors),
                *(f"warning: {text}" for text in warnings),
            ]
            self.stdout.write("\n".join(lines) or "Nothing is misconfigured.")
        if errors or warnings:
            raise CommandError(f"{len(errors) + len(warnings)} settings are not fit for production")


def _django_problems() -> list[str]:
    found = run_checks(tags=CHECKED_BY_DJANGO, include_deployment_checks=True)
    return [f"{message.id}: {message.msg}" for message in found]


def _seal_problems() -> list[str]:
    """Without a certificate agreements wait for ever; with the demo's nobody can rely on their
    seal."""
    try:
        certificate = seal.certificate_in_force()
    except ImproperlyConfigured as error:
        return [str(error)]
    demo = seal.is_demo(certificate)
    return ["SEAL_CERTIFICATE is the self-made one of the demo"] if demo else []


def _settings_problems() -> list[str]:
    checks = {
        "DEBUG is on": settings.DEBUG,
        "EMBEDDED is on: the demo mailbox and the simulator are served": settings.EMBEDDED,
        "SITE_URL is not https": not settings.SITE_URL.startswith("https://"),
        "FILES_OPTIONS lets anybody read what stores upload": storage.is_exposed(
            settings.FILES_OPTIONS
        ),
        "the file storage can't be reached": not storage_module.is_available(),
        "the database role is a superuser or bypasses row security": _is_role_too_strong(),
    }
    return [text for text, wrong in checks.items() if wrong]


def _is_role_too_strong() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        return cursor.fetchone()[0]
