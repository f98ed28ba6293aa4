"""What keeps the portal from starting in production: secrets, hosts and mail that only suit a machine of one's own. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1", "testserver"})
LEAST = 43
"""Characters of a secret: 256 bits, as `secrets.token_urlsafe(32)` writes them."""

KNOWN = (
    "django-insecure",
    "changeme",
    "change-me",
    "change_me",
    "secret",
    "password",
    "example",
    "insecure",
    "test",
    "demo",
)
"""What secrets that were never set begin with."""

PASSWORDS = frozenset({"", "postgres", "password", "owner", "web", "worker", "changeme", "secret"})
DEMO_MAIL = ("filebased", "console", "locmem", "dummy")


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """The settings that are judged."""

    debug: bool
    embedded: bool
    secrets: Mapping[str, str]
    hosts: Collection[str]
    site_url: str
    mail: str
    database_password: str
    database_is_remote: bool

    @property
    def is_production(self) -> bool:
        """The embedded default is for its own machine: with another host it is judged like any other."""
        hosts = {_name(host) for host in self.hosts} | {urlsplit(self.site_url).hostname or ""}
        return not self.embedded or not hosts <= LOOPBACK


def errors(site: Site) -> list[str]:
    """Why it may not start; nothing where it is no production."""
    if not site.is_production:
        return []
    checks = {
        "DEBUG is on": site.debug,
        "ALLOWED_HOSTS holds *": any("*" in host for host in site.hosts),
        "ALLOWED_HOSTS is empty": not site.hosts,
        "EMBEDDED is on for a host that is not loopback: the demo mailbox and the simulator would be served": site.embedded,
        "the emails go to a mailbox of the demo, to nobody": any(kind in site.mail for kind in DEMO_MAIL),
        "the password of the database is a default one": site.database_is_remote
        and site.database_password.lower() in PASSWORDS,
    }
    return [*(text for text, wrong in checks.items() if wrong), *_secrets(site.secrets)]


def _secrets(named: Mapping[str, str]) -> list[str]:
    found = []
    for name, secret in named.items():
        if secret.lower().startswith(KNOWN) or len(set(secret)) < 5:
            found.append(f"{name} is a default one")
        elif len(secret) < LEAST:
            found.append(f"{name} is shorter than {LEAST} characters (256 bits)")
    if len(set(named.values())) < len(named):
        found.append(f"{' and '.join(named)} are equal")
    return found


def _name(host: str) -> str:
    """Without its port: [::1]:8000 is ::1."""
    return (
        host.partition("]")[0].lstrip("[")
        if host.startswith("[")
        else host.rsplit(":", 1)[0]
        if host.count(":") == 1
        else host
    )
