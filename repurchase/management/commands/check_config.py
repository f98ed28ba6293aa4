import json

from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from pricing import sealing
from qualification import storing
from repurchase import storage

CHECKED_BY_DJANGO = [Tags.security]


class Command(BaseCommand):
    help = "Says what is misconfigured for production; exit 1 if anything is."

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="machine-readable output")

    def handle(self, *args, **options):
        wrong = [
            *_ours(),
            *(f"{m.id}: {m.msg}" for m in run_checks(tags=CHECKED_BY_DJANGO, include_deployment_checks=True)),
        ]
        if options["json"]:
            self.stdout.write(json.dumps(wrong))
        else:
            self.stdout.write("\n".join(wrong) or "Nothing is misconfigured.")
        if wrong:
            raise CommandError(f"{len(wrong)} settings are not fit for production")


def _ours() -> list[str]:
    return [*_settings(), *_seal()]


def _seal() -> list[str]:
    """Without a certificate agreements wait for ever; with the demo's nobody can rely on their seal."""
    try:
        certificate = sealing.certificate_in_force()
    except ImproperlyConfigured as error:
        return [str(error)]
    demo = sealing.is_demo(certificate)
    return ["SEAL_CERTIFICATE is the self-made one of the demo"] if demo else []


def _settings() -> list[str]:
    checks = {
        "DEBUG is on": settings.DEBUG,
        "EMBEDDED is on: the demo mailbox and the simulator are served": settings.EMBEDDED,
        "ALLOWED_HOSTS holds *": "*" in settings.ALLOWED_HOSTS,
        "SITE_URL is not https": not settings.SITE_URL.startswith("https://"),
        "LINK_KEY equals SECRET_KEY": settings.LINK_KEY == settings.SECRET_KEY,
        "LINK_KEY is shorter than 43 characters (256 bits)": len(settings.LINK_KEY) < 43,
        "FILES_OPTIONS lets anybody read what stores upload": storage.exposed(settings.FILES_OPTIONS),
        "the file storage can't be reached": not storing.is_reached(),
        "the database role is a superuser or bypasses row security": _role_is_too_strong(),
    }
    return [text for text, wrong in checks.items() if wrong]


def _role_is_too_strong() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        return cursor.fetchone()[0]
