"""Every process asks before it serves: web, worker, beat and the commands that run on
(repurchase/site/production_checks.py)."""

from collections.abc import Collection
from typing import Any

from django.conf import settings
from django.core.checks import Error
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.recorder import MigrationRecorder

from diagnostics.migration_history import unknown_migrations
from repurchase.site import production_checks

REFUSAL_TEXT = (
    "This is not fit for production, so nothing starts (`manage.py check_config` says more): {}."
)

EARLIER = (
    "The database was made by an earlier version of this product: it has had {n} migrations that this version does"
    " not have ({first} …), and it can't be migrated from there. Nothing was changed. Name an empty database, or run"
    " the version that made this one."
)


def read_site_settings() -> production_checks.SiteSettings:
    database = settings.DATABASES["default"]
    host = database.get("HOST", "")
    return production_checks.SiteSettings(
        debug=settings.DEBUG,
        embedded=settings.EMBEDDED,
        secrets={"SECRET_KEY": settings.SECRET_KEY, "LINK_KEY": settings.LINK_KEY},
        hosts=tuple(settings.ALLOWED_HOSTS),
        site_url=settings.SITE_URL,
        tls=settings.TLS,
        stock_source=settings.STOCK_SOURCE,
        seal_is_demo=not settings.EMBEDDED and bool(settings.SEAL_CERTIFICATE) and _seal_is_demo(),
        mail=settings.EMAIL_BACKEND,
        database_password=database.get("PASSWORD", ""),
        database_is_remote=bool(host)
        and not host.startswith("/")
        and host not in production_checks.LOOPBACK,
    )


def _seal_is_demo() -> bool:
    """One that can't be opened seals nothing, which /readyz and `check_config` say; it keeps
    nothing from starting."""
    from pricing import seal  # large, and not wanted where no certificate is set

    try:
        return seal.is_demo(seal.load_certificate())
    except ImproperlyConfigured:
        return False


def refuse_unsafe_start(**_signal: Any) -> None:
    """ImproperlyConfigured, with every reason."""
    if wrong := production_checks.errors(read_site_settings()):
        raise ImproperlyConfigured(REFUSAL_TEXT.format("; ".join(wrong)))


def check(app_configs: Any, **_options: Any) -> list[Error]:
    """The same as a system check, for commands of `manage.py`."""
    return [
        Error(text, id="repurchase.E001") for text in production_checks.errors(read_site_settings())
    ]


def of_another_version(database: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Why the database can't be migrated by this version; empty if it can."""
    unknown = unknown_migrations(MigrationRecorder(connections[database]).applied_migrations())
    return [EARLIER.format(n=len(unknown), first=unknown[0])] if unknown else []


def check_database(
    app_configs: Any, databases: Collection[str] | None = None, **_options: Any
) -> list[Error]:
    """A system check of databases: `migrate` asks it before it does anything."""
    return [
        Error(text, id="repurchase.E002")
        for name in databases or []
        for text in of_another_version(name)
    ]
